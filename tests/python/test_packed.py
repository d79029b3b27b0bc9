"""test_packed.py - files of packed weights: the same bits, and what is refused"""
import hashlib
import os
import pathlib
import pickle
import shutil
import tempfile
import unittest

import numpy as np

from common import Case, DIGITS, THREE, command, golden, golden_input

import libvit
from libvit import VisionTransformer


class Packed(Case):
    """Each test has a folder with a copy of a model, whose files it may change."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.model = os.path.join(self.folder, "model")
        shutil.copytree(golden("timm-vit"), self.model)
        self.packed = os.path.join(self.folder, "model.packed")
        self.x = golden_input("timm-vit")

    def open(self, **options):
        return VisionTransformer.from_folder(self.model, **options)

    def save(self, **options):
        self.open(**options).save_packed(self.packed)

    def refuses(self, kind, message, **options):
        with self.assertRaisesRegex(kind, message):
            self.open(**{"packed": self.packed, **options})

    def change_weights(self):
        os.utime(os.path.join(self.model, "model.safetensors"), (1, 1))

    def damage(self, path, at):
        with open(path, "r+b") as file:
            file.seek(at, os.SEEK_END if at < 0 else os.SEEK_SET)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 1]))


class Digest(Packed):
    def test_it_is_that_of_the_list_of_sha256sum_with_and_without_a_file(self):
        lines = []
        for name in ("config.json", "model.safetensors"):
            contents = pathlib.Path(self.model, name).read_bytes()
            lines.append(f"{hashlib.sha256(contents).hexdigest()}  {name}\n")
        expected = hashlib.sha256("".join(lines).encode()).hexdigest()
        self.save()
        model = self.open(digest=True)
        self.assertEqual(model.digest, expected)
        self.assertEqual(self.open(digest=True, packed=self.packed).digest, expected)
        self.assertEqual(pickle.loads(pickle.dumps(model)).digest, expected)

    def test_it_is_none_unless_asked_for(self):
        self.assertIsNone(self.open().digest)


class Bits(Packed):
    def test_every_precision_has_the_bits_of_the_checkpoint(self):
        for options in ({}, {"precision": "float16"}, {"precision": "int8"},
                        {"precision": "int8", "keep": ["blocks.0.fc1", "head"]},
                        {"isa": "scalar"}):
            with self.subTest(options):
                model = self.open(**options)
                model.save_packed(self.packed)
                packed = self.open(packed=self.packed, **options)
                packed.verify_packed()
                self.assertEqual(packed.precision, model.precision)
                for output in ("logits", "block", "attention"):
                    self.assert_same_bits(packed.output(self.x, output),
                                          model.output(self.x, output), output)

    def test_another_size_has_the_bits_of_the_checkpoint(self):
        self.save()
        x = np.random.default_rng(1).standard_normal((2, 3, 64, 56), np.float32)
        self.assert_same_bits(self.open(packed=self.packed, size=(64, 56))(x),
                              self.open(size=(64, 56))(x))

    def test_the_file_is_that_of_the_command(self):
        self.save(precision="int8")
        other = os.path.join(self.folder, "command.packed")
        _, errors = command("info", self.model, "--precision", "int8", "--packed", other)
        self.assertIn("wrote the packed weights", errors)
        with open(self.packed, "rb") as ours, open(other, "rb") as theirs:
            self.assertEqual(ours.read(), theirs.read())

    def test_weights_are_not_read(self):
        self.save()
        weights = os.path.join(self.model, "model.safetensors")
        before = os.stat(weights)
        self.damage(weights, -1)
        os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
        expected = VisionTransformer.from_folder(golden("timm-vit"))(self.x)
        model = self.open(packed=self.packed)
        self.assert_same_bits(model(self.x), expected)
        with self.assertRaisesRegex(libvit.StaleError, "model.safetensors: expected SHA-256"):
            model.verify_packed()


class Files(Packed):
    def test_a_path_may_be_an_object(self):
        self.open().save_packed(pathlib.Path(self.packed))
        self.open(packed=pathlib.Path(self.packed)).verify_packed()

    def test_a_file_is_replaced_under_models_that_use_it(self):
        self.save()
        model = self.open(packed=self.packed)
        expected = model(self.x)
        self.save(precision="int8")
        self.refuses(libvit.StaleError, 'expected "precision float32", found "precision int8"')
        self.assert_same_bits(model(self.x), expected)
        model.save_packed(self.packed)
        self.assert_same_bits(self.open(packed=self.packed)(self.x), expected)
        self.assertCountEqual(os.listdir(self.folder), ["model", "model.packed"])

    def test_a_pickled_model_maps_the_file_again(self):
        self.save()
        self.addCleanup(os.chdir, os.getcwd())
        for path in ("model.packed", pathlib.Path("model.packed")):
            os.chdir(self.folder)
            model = self.open(packed=path)
            pickled = pickle.dumps(model)
            os.chdir("/")
            again = pickle.loads(pickled)
            again.verify_packed()
            self.assert_same_bits(again(self.x), model(self.x))
        with self.assertRaises(libvit.InvalidArgumentError):
            pickle.loads(pickle.dumps(self.open())).verify_packed()


class Refused(Packed):
    def test_a_file_of_another_model_says_what_differs(self):
        self.save()
        stale = libvit.StaleError
        self.refuses(stale, 'model.packed: expected "precision float16", found "precision float32"',
                     precision="float16")
        self.refuses(stale, 'expected "level scalar", found "level ', isa="scalar")
        self.save(precision="int8")
        self.refuses(stale, "expected array blocks.0..fc1.weight", precision="int8",
                     keep=["blocks.0.fc1"])
        with self.assertRaisesRegex(stale, "model.packed: expected "):
            VisionTransformer.from_folder(DIGITS, precision="int8", packed=self.packed)

    def test_changed_weights_are_stale(self):
        model = self.open()
        self.save()
        self.change_weights()
        self.refuses(libvit.StaleError, "expected weights of model.safetensors of the time 1.0")
        os.remove(self.packed)
        with self.assertRaises(libvit.StaleError):
            model.save_packed(self.packed)
        self.assertEqual(os.listdir(self.folder), ["model"])

    def test_damaged_data_are_found_by_verifying(self):
        self.save()
        self.damage(self.packed, -1)
        model = self.open(packed=self.packed)
        with self.assertRaisesRegex(libvit.StaleError, "model.packed: data: expected SHA-256 "):
            model.verify_packed()
        model.close()
        os.truncate(self.packed, os.path.getsize(self.packed) // 2)
        self.refuses(libvit.StaleError, "bytes, found")

    def test_a_missing_file_and_one_of_another_format_are_not_stale(self):
        self.refuses(libvit.NotFoundError, "model.packed: cannot be opened")
        self.refuses(libvit.NotFoundError, "cannot be opened", packed="")
        self.refuses(libvit.InvalidArgumentError, "without NUL", packed="model\0packed")
        self.refuses(libvit.FormatError, "3/0060.png: expected a file of packed weights",
                     packed=THREE)

    def test_a_place_that_cannot_be_written_is_refused(self):
        model = self.open()
        with self.assertRaisesRegex(libvit.NotFoundError, "no-such-folder"):
            model.save_packed(os.path.join(self.folder, "no-such-folder", "model.packed"))
        with self.assertRaisesRegex(libvit.InvalidArgumentError, "found a directory"):
            model.save_packed(self.model)
        with self.assertRaisesRegex(libvit.InvalidArgumentError, "without NUL"):
            model.save_packed("model\0packed")
        self.assertEqual(os.listdir(self.folder), ["model"])

    def test_only_a_model_of_a_packed_file_can_be_verified(self):
        with self.assertRaisesRegex(libvit.InvalidArgumentError, "opened with packed, found"):
            self.open().verify_packed()

    def test_a_closed_model_is_neither_saved_nor_verified(self):
        model = self.open()
        model.close()
        for use in (lambda: model.save_packed(self.packed), model.verify_packed):
            with self.assertRaisesRegex(libvit.InvalidArgumentError, "closed"):
                use()
        self.assertFalse(os.path.exists(self.packed))


if __name__ == "__main__":
    unittest.main()
