"""test_errors.py - a clear exception for everything that can be wrong, one class per status"""
import io
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import numpy as np

from common import BUILD, Case, DIGITS, THREE, golden, golden_input, needs

import libvit
from libvit import VisionTransformer, _images, errors


class Statuses(Case):
    def test_an_exception_is_also_pythons_own_kind(self):
        for kind, python in ((libvit.InvalidArgumentError, ValueError),
                             (libvit.OutOfMemoryError, MemoryError), (libvit.FileError, OSError),
                             (libvit.FormatError, ValueError),
                             (libvit.UnsupportedError, NotImplementedError),
                             (libvit.ImageError, ValueError),
                             (libvit.NotFoundError, FileNotFoundError),
                             (libvit.StaleError, ValueError),
                             (libvit.LibraryError, ImportError)):
            self.assertTrue(issubclass(kind, python) and issubclass(kind, libvit.Error), kind)
            self.assertEqual(str(kind("a: expected b, found c")), "a: expected b, found c")

    def test_a_status_has_its_exception_and_an_unknown_one_the_base(self):
        for status, kind in errors.BY_STATUS.items():
            error = errors.from_status(status, "why")
            self.assertIs(type(error), kind)
            self.assertEqual((error.status, str(error)), (status, "why"))
        self.assertIs(type(errors.from_status(99, "why")), libvit.Error)
        self.assertEqual(errors.from_status(99, "why").status, 99)

    def test_exceptions_travel_between_processes(self):
        for kind in errors.BY_STATUS.values():
            error = pickle.loads(pickle.dumps(kind("why")))
            self.assertEqual((type(error), str(error), error.status), (kind, "why", kind.status))


class Opening(Case):
    def refuses(self, kind, message, *arguments, **options):
        with self.assertRaisesRegex(kind, message):
            VisionTransformer.from_folder(*arguments, **options)

    def test_a_missing_folder_is_not_found(self):
        self.refuses(libvit.NotFoundError, "no-such", "/no-such-folder")
        self.refuses(FileNotFoundError, "no-such", "/no-such-folder")

    def test_a_folder_without_weights_names_the_file(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(os.path.join(DIGITS, "config.json"), folder)
            self.refuses(libvit.NotFoundError, "model.safetensors", folder)

    def test_malformed_files_are_a_format_error(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(os.path.join(DIGITS, "model.safetensors"), folder)
            with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
                file.write("{")
            self.refuses(libvit.FormatError, "config.json", folder)

    def test_options_name_what_was_expected_and_found(self):
        bad = libvit.InvalidArgumentError
        self.refuses(bad, "precision: expected float32, float16, int8, found 'int4'", DIGITS,
                     precision="int4")
        self.refuses(bad, "threads: expected 0 or more, found -1", DIGITS, threads=-1)
        self.refuses(bad, "size: expected 0 or more, found -8", DIGITS, size=-8)
        self.refuses(bad, "threads", DIGITS, threads=2000)
        self.refuses(bad, "nothing", DIGITS, keep=["nothing"])
        self.refuses(bad, "without NUL", "models\0digits")
        self.refuses(bad, "isa: expected text without NUL", DIGITS, isa="avx2\0")
        self.refuses(libvit.Error, "no-such-level", DIGITS, isa="no-such-level")
        self.refuses(libvit.UnsupportedError, "max_file_bytes|bytes", DIGITS, max_file_bytes=100)

    def test_a_model_that_was_closed_says_so(self):
        with VisionTransformer.from_folder(DIGITS) as model:
            x = model.processor(THREE)
        with self.assertRaisesRegex(libvit.InvalidArgumentError, "closed"):
            model(x)
        with self.assertRaisesRegex(libvit.InvalidArgumentError, "closed"):
            model.classify(THREE)
        with self.assertRaisesRegex(libvit.InvalidArgumentError, "closed"):
            model.processor(THREE)
        model.close()
        self.assertEqual(model.labels[3], "three")


class Tensors(Case):
    @classmethod
    def setUpClass(cls):
        cls.model = VisionTransformer.from_folder(golden("timm-vit"))
        cls.x = golden_input("timm-vit")

    def refuses(self, message, x):
        for call in (self.model, self.model.forward_features, self.model.forward_embedding,
                     self.model.get_intermediate_layers, self.model.attention):
            with self.assertRaisesRegex(libvit.InvalidArgumentError, message):
                call(x)

    def test_another_type_or_shape_names_both(self):
        expected = r"x: expected float32 \[batch, 3, 48, 48\] or uint8 \[batch, 48, 48, channels\]"
        self.refuses(expected + r", found float64 \[1, 3, 48, 48\]", np.zeros((1, 3, 48, 48)))
        self.refuses(expected + r", found float32 \[3, 48, 48\]", self.x[0])
        self.refuses(expected + r", found float32 \[1, 48, 48, 3\]",
                     np.zeros((1, 48, 48, 3), np.float32))
        self.refuses(expected + r", found >f4 \[1, 3, 48, 48\]", np.zeros((1, 3, 48, 48), ">f4"))
        self.refuses(expected + r", found int64 \[\]", 7)
        self.refuses(r"x: expected uint8 \[batch, 48, 48, channels\], found uint8 \[1, 9, 48, 3\]",
                     np.zeros((1, 9, 48, 3), np.uint8))
        self.refuses(r"x\[0\]: expected uint8 pixels", np.zeros((1, 48, 48, 2), np.uint8))

    def test_an_array_with_gaps_is_refused_instead_of_copied(self):
        wide = np.zeros((1, 3, 48, 96), np.float32)
        self.refuses("contiguous array, found strides of", wide[..., ::2])
        self.refuses("contiguous array", np.zeros((1, 3, 48, 48), np.float32).transpose(0, 1, 3, 2))
        unaligned = np.zeros(4 * 3 * 48 * 48 + 1, np.uint8)[1:].view(np.float32)
        self.refuses("contiguous array", unaligned.reshape(1, 3, 48, 48))

    def test_a_block_outside_the_model_names_the_range(self):
        with self.assertRaisesRegex(libvit.InvalidArgumentError, "expected -2 to 1, found 2"):
            self.model.attention(self.x, 2)
        with self.assertRaisesRegex(libvit.InvalidArgumentError, "expected -2 to 1, found -3"):
            self.model.attention(self.x, -3)
        flat = VisionTransformer.from_folder(golden("timm-depth0"))
        with self.assertRaisesRegex(libvit.InvalidArgumentError, "a model with blocks"):
            flat.attention_map(THREE, "rollout")

    def test_an_unknown_output_is_refused(self):
        with self.assertRaisesRegex(libvit.InvalidArgumentError, "nothing"):
            self.model.output(self.x, "nothing")
        with self.assertRaises(libvit.InvalidArgumentError):
            self.model.output(self.x, "t2t_block", 0)

    def test_a_model_without_a_head_says_what_it_has(self):
        headless = VisionTransformer.from_folder(golden("vit-pytorch-1.23.6-headless"))
        with self.assertRaisesRegex(libvit.InvalidArgumentError, "without a head"):
            headless.classify(THREE)
        with self.assertRaises(libvit.InvalidArgumentError):
            headless(golden_input("vit-pytorch-1.23.6-headless"))

    def test_options_of_attention_maps_are_checked(self):
        for arguments, message in ((("everything",), "an index or 'rollout'"),
                                   (("rollout", 1), "None with the rollout, found 1"),
                                   ((0, 3), "expected 0 to 2 or None, found 3"),
                                   ((5,), "expected -2 to 1")):
            with self.assertRaisesRegex(libvit.InvalidArgumentError, message):
                self.model.attention_map(THREE, *arguments)

    def test_top_k_is_one_or_more(self):
        with self.assertRaisesRegex(libvit.InvalidArgumentError, "top_k"):
            self.model.classify(THREE, top_k=0)

    def test_results_that_are_not_finite_are_refused(self):
        x = np.full((2, 3, 48, 48), np.nan, np.float32)
        x[0] = 0
        with self.assertRaisesRegex(libvit.FormatError, r"images\[1\]: expected finite logits"):
            self.model.classify(x)
        with self.assertRaisesRegex(libvit.FormatError, r"images\[1\]: expected finite features"):
            self.model.encode_image(x)
        with self.assertRaisesRegex(libvit.FormatError, r"images\[1\]: expected finite weights"):
            self.model.attention_map(x)
        self.assertTrue(np.isnan(self.model(x)[1]).all())


class Images(Case):
    @classmethod
    def setUpClass(cls):
        cls.model = VisionTransformer.from_folder(golden("timm-vit"))

    def refuses(self, kind, message, images):
        for call in (self.model.processor, self.model.classify, self.model.encode_image):
            with self.assertRaisesRegex(kind, message):
                call(images)

    def test_files_are_named(self):
        self.refuses(libvit.NotFoundError, "^no-such.png: ", "/tmp/no-such.png")
        self.refuses(libvit.FileError, "", "/")
        with tempfile.NamedTemporaryFile(suffix=".png") as file:
            file.write(b"not an image")
            file.flush()
            self.refuses(libvit.ImageError, "^" + os.path.basename(file.name), file.name)

    def test_other_images_are_numbered(self):
        self.refuses(libvit.ImageError, r"^images\[1\]: ", [THREE, b"not an image"])
        self.refuses(libvit.ImageError, r"^images\[0\]: ", b"")
        self.refuses(libvit.InvalidArgumentError,
                     r"^images\[1\]: expected a path, .*, found int$", [THREE, 7])
        self.refuses(libvit.InvalidArgumentError, "found int$", 7)
        self.refuses(libvit.InvalidArgumentError, r"found float32 \[8, 8\]",
                     [np.zeros((8, 8), np.float32)])
        self.refuses(libvit.InvalidArgumentError, r"found uint8 \[3, 8, 9\]",
                     np.zeros((3, 8, 9), np.uint8))
        self.refuses(libvit.ImageError, r"^images\[0\]: .*0", np.zeros((0, 8, 3), np.uint8))

    def test_a_message_has_the_number_of_the_image_in_the_whole_batch(self):
        model = VisionTransformer.from_folder(DIGITS, threads=1)
        images = [THREE] * 30 + [b"?"]
        with self.assertRaisesRegex(libvit.ImageError, r"^images\[30\]"):
            model.classify(images)

    def test_a_limit_of_pixels_is_kept(self):
        model = VisionTransformer.from_folder(DIGITS, max_pixels=63)
        with self.assertRaisesRegex(libvit.UnsupportedError, "63"):
            model.classify(THREE)
        VisionTransformer.from_folder(DIGITS, max_pixels=64).classify(THREE)

    @needs("PIL")
    def test_an_image_that_pil_cannot_decode_is_at_fault(self):
        from PIL import Image
        with open(os.path.join(golden("decode"), "ycck.jpg"), "rb") as file:
            cut = file.read()[:-700]
        self.refuses(libvit.ImageError, r"^images\[0\]: expected", Image.open(io.BytesIO(cut)))
        with mock.patch.object(_images, "libvit_image", lambda: None):
            self.refuses(libvit.ImageError, r"^images\[0\]: expected", cut)
            self.refuses(libvit.ImageError, r"^images\[0\]: expected a JPEG, PNG or WebP", b"GIF8")
            self.refuses(libvit.NotFoundError, "^no-such.png: ", "/tmp/no-such.png")
            self.refuses(libvit.FileError, "", "/")
            model = VisionTransformer.from_folder(DIGITS, max_pixels=63)
            with self.assertRaisesRegex(libvit.UnsupportedError, "63 pixels, found 8 × 8"):
                model.classify(THREE)

    @needs("PIL")
    def test_deep_images_of_pil_are_refused(self):
        from PIL import Image
        for mode in ("I", "F", "I;16"):
            self.refuses(libvit.UnsupportedError, f"found PIL's mode {mode}",
                         Image.new(mode, (8, 8)))


class Library(Case):
    """Where the shared library is looked for, in processes of their own."""

    def python(self, place, code="import libvit; print(libvit.library_version())"):
        package = os.path.dirname(os.path.dirname(libvit.__file__))
        environment = {**os.environ, "PYTHONPATH": package}
        environment.pop("VIT_LIBRARY", None)
        environment.pop("LD_LIBRARY_PATH", None)
        if place is not None:
            environment["VIT_LIBRARY"] = place
        return subprocess.run([sys.executable, "-B", "-c", code], env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def test_a_directory_and_a_file_are_found(self):
        for place in (BUILD, os.path.join(BUILD, "libvit.so.0.2")):
            done = self.python(place)
            self.assertRegex(done.stdout, r"^0\.2\.", done.stderr)
            images = self.python(place, "from libvit import _library; "
                                        "print(_library.libvit_image() is not None)")
            self.assertEqual(images.stdout, "True\n", images.stderr)

    def test_the_message_says_where_it_was_looked_for(self):
        with tempfile.TemporaryDirectory() as folder:
            done = self.python(folder)
            self.assertIn(f"LibraryError: libvit.so.0.2: looked for it at {folder}/libvit.so.0.2, "
                          "from VIT_LIBRARY", done.stderr)
            empty = os.path.join(folder, "libvit.so.0.2")
            open(empty, "w", encoding="utf-8").close()
            self.assertIn(empty, self.python(empty).stderr)

    def test_without_the_variable_the_loader_searches(self):
        done = self.python(None)
        if done.returncode:  # it is not installed on this machine
            self.assertIn("in the directories of the loader; VIT_LIBRARY is not set", done.stderr)
            self.assertIn("install libvit, or set VIT_LIBRARY", done.stderr)
        else:
            self.assertRegex(done.stdout, r"^0\.2\.")

    def test_another_library_is_refused(self):
        done = self.python(os.path.join(BUILD, "libvit-image.so.0.2"))
        self.assertIn("expected libvit, found a library without a function: ", done.stderr)

    def test_importing_the_package_needs_no_library(self):
        done = self.python("/no-such-folder", "import libvit")
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
