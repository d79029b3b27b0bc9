"""test_convert.py - checkpoints of torch.save become folders with the same bits, or an error"""
import contextlib
import io
import json
import os
import pickle
import shutil
import tarfile
import tempfile
import unittest
from unittest import mock

import numpy as np

from common import (Case, DIGITS, golden, golden_input, golden_models, input_of, needs,
                    read_safetensors)

import libvit
from libvit import VisionTransformer, _checkpoints, convert
from libvit._describe import Options, _ratio

DESCRIBED = ("t2t_vit", "vit_pytorch.ViT", "vit_pytorch.SimpleViT")


def config_of(name):
    with open(os.path.join(golden(name), "config.json"), encoding="utf-8") as file:
        return json.load(file)


def weights_of(name):
    import torch
    path = os.path.join(golden(name), "model.safetensors")
    return {n: torch.from_numpy(t.copy()) for n, t in read_safetensors(path).items()}


def options_of(name):
    """What the tensors of a golden case do not tell, and nothing else."""
    config, weights = config_of(name), weights_of(name)
    token = weights.get("cls_token")
    ambiguous = config["model_type"] == "vit_pytorch.ViT" and token.ndim == 3 and token.numel()
    square = config["model_type"] == "t2t_vit"
    return Options(heads=config.get("heads", config.get("num_heads")),
                   pool=config.get("pool", "cls") if ambiguous else None,
                   image_size=None if square else tuple(config["image_size"]))


class Folder(Case):
    """Each test has a folder of its own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def save(self, content, name="model.pth", **options):
        import torch
        torch.save(content, self.path(name), **options)
        return self.path(name)

    def assert_same_model(self, found, name):
        expected = VisionTransformer.from_folder(golden(name))
        x = input_of(expected, name)
        self.assertEqual(found.config, expected.config, name)
        self.assertEqual(found.processor.config, expected.processor.config, name)
        for output in ("last_hidden_state", "embedding", "logits"):
            if expected.output(x[:0], output).shape[-1]:
                self.assert_same_bits(found.output(x, output), expected.output(x, output), name)

    def refuses(self, kind, message, files, folder="out", **arguments):
        files = [files] if isinstance(files, str) else files
        before = sorted(os.listdir(self.folder))
        with self.assertRaisesRegex(kind, message):
            convert.convert(files, self.path(folder), **arguments)
        self.assertEqual(sorted(os.listdir(self.folder)), before, "left behind")


@needs("torch")
class RoundTrip(Folder):
    def test_t2t_vit_and_vit_pytorch_are_described_by_their_tensors(self):
        names = [n for n in golden_models(short=False)
                 if config_of(n).get("model_type") in DESCRIBED]
        self.assertGreater(len(names), 10)
        for i, name in enumerate(names):
            file = self.save(weights_of(name), f"{name}.pth",
                             _use_new_zipfile_serialization=i % 2 == 0)
            model = convert.convert([file], self.path(name), options=options_of(name))
            self.assert_same_model(model, name)
            self.assert_same_model(VisionTransformer.from_folder(self.path(name)), name)

    def test_every_other_family_needs_its_config(self):
        names = [n for n in golden_models(short=False)
                 if config_of(n).get("model_type") not in DESCRIBED
                 and os.path.exists(os.path.join(golden(n), "model.safetensors"))]
        self.assertGreater(len(names), 20)
        for name in names:
            file = self.save(weights_of(name), f"{name}.bin")
            model = convert.convert([file], self.path(name),
                                    config=os.path.join(golden(name), "config.json"))
            self.assert_same_model(model, name)

    def test_a_config_beside_the_file_is_used_with_what_belongs_to_it(self):
        shutil.copytree(golden("hf-vit"), self.path("hub"))
        os.remove(self.path("hub/model.safetensors"))
        file = self.save(weights_of("hf-vit"), "hub/pytorch_model.bin")
        self.assert_same_model(convert.convert([file], self.path("out")), "hf-vit")
        self.assertIn("preprocessor_config.json", os.listdir(self.path("out")))
        self.assertNotIn("io.safetensors", os.listdir(self.path("out")))

    def test_several_files_are_parts_of_one_model(self):
        weights = list(weights_of("hf-vit").items())
        files = [self.save(dict(weights[:9]), "a.bin"), self.save(dict(weights[9:]), "b.bin")]
        config = os.path.join(golden("hf-vit"), "config.json")
        shutil.copy(os.path.join(golden("hf-vit"), "preprocessor_config.json"), self.folder)
        model = convert.convert(files, self.path("out"), config=config)
        self.assert_same_model(model, "hf-vit")
        self.refuses(libvit.FormatError, "b.bin: tensor .*: expected it once", files + files[1:],
                     "twice", config=config)

    def test_labels_and_permissions(self):
        labels = self.path("names.txt")
        with open(labels, "w", encoding="utf-8") as file:
            file.write("".join(f"class {i}\n" for i in range(10)))
        file = self.save(weights_of("t2t-performer"))
        model = convert.convert([file], self.path("out"), labels=labels,
                                options=options_of("t2t-performer"))
        self.assertEqual(model.labels[7], "class 7")
        self.assertEqual(os.stat(self.path("out")).st_mode & 0o777, 0o777 & ~convert._umask())
        self.assertEqual(pickle.loads(pickle.dumps(model)).config, model.config)

    def test_every_dtype_and_layout_keeps_its_numbers(self):
        import torch
        base = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 7
        tensors = {"t": base.t(), "slice": base[1:3, ::2], "shared": base, "again": base,
                   "empty": torch.zeros(0, 3), "scalar": torch.tensor(1.5),
                   "half": base.half(), "brain": base.bfloat16(), "double": base.double(),
                   "long": torch.arange(3), "bool": torch.tensor([True, False])}
        path = self.path("x.safetensors")
        convert._safetensors.save(tensors, path, "x.pth")
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
            data = file.read()
        self.assertEqual(length % 8, 0)
        for name, tensor in tensors.items():
            begin, end = header[name]["data_offsets"]
            plain = tensor.contiguous()
            plain = plain.view(torch.int16) if tensor.dtype == torch.bfloat16 else plain
            self.assertEqual(header[name]["shape"], list(tensor.shape))
            self.assertEqual(data[begin:end], plain.numpy().tobytes(), name)
        self.assertEqual(header["brain"]["dtype"], "BF16")
        with self.assertRaisesRegex(libvit.UnsupportedError, "x.pth: c: expected a plain tensor"):
            convert._safetensors.save({"c": torch.zeros(1, dtype=torch.complex64)}, path, "x.pth")

    def test_float16_weights_stay_float16(self):
        weights = {n: t.half() for n, t in weights_of("t2t-transformer").items()}
        convert.convert([self.save(weights)], self.path("out"),
                        options=options_of("t2t-transformer"))
        found = read_safetensors(self.path("out/model.safetensors"))
        self.assertEqual({t.dtype for t in found.values()}, {np.dtype(np.float16)})


@needs("torch")
class Places(Folder):
    """Where the weights are in a file."""

    def test_averaged_weights_come_before_the_last_ones(self):
        good = {f"module.{n}": t for n, t in weights_of("t2t-performer").items()}
        bad = {n: t * 0 for n, t in good.items()}
        options = options_of("t2t-performer")
        file = self.save({"epoch": 3, "state_dict": bad, "state_dict_ema": good})
        self.assert_same_model(convert.convert([file], self.path("out"), options=options),
                               "t2t-performer")
        other = convert.convert([file], self.path("last"), key="state_dict", options=options)
        self.assertEqual(other(golden_input("t2t-performer")).any(), False)

    def test_each_usual_key_and_wrapper_is_found(self):
        options = options_of("vit-pytorch")
        for i, key in enumerate(_checkpoints.KEYS):
            wrapped = {f"module._orig_mod.{n}": t for n, t in weights_of("vit-pytorch").items()}
            file = self.save({key: wrapped, "args": {"lr": 1}})
            self.assert_same_model(convert.convert([file], self.path(f"out{i}"), options=options),
                                   "vit-pytorch")

    def test_no_weights_name_what_was_found(self):
        file = self.save({"weights": weights_of("vit-pytorch"), "epoch": 7})
        self.refuses(libvit.FormatError, r"model.pth: expected a state_dict.*found weights "
                     r"\(dict\), epoch \(int\); --key", file)
        self.refuses(libvit.FormatError, "expected 'net', found weights", file, key="net")
        self.assert_same_model(convert.convert([file], self.path("out"), key="weights",
                                               options=options_of("vit-pytorch")), "vit-pytorch")
        for content, found in (([1, 2], "an object of list"), ({}, "found nothing")):
            self.refuses(libvit.FormatError, found, self.save(content), "none")


class Evil:
    """Unpickled, it would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@needs("torch")
class Hostile(Folder):
    def test_a_pickle_that_runs_code_is_refused_and_does_not_run(self):
        for i, new in enumerate((True, False)):
            file = self.save({"state_dict": Evil(self.path("ran"))}, f"{i}.pth",
                             _use_new_zipfile_serialization=new)
            self.refuses(libvit.FormatError, r"expected weights alone .*found an object of "
                         r"posix\.mkdir: loading it could run code", file)
        with open(self.path("bare.pth"), "wb") as file:
            pickle.dump(Evil(self.path("ran")), file)
        self.refuses(libvit.FormatError, "bare.pth: expected", self.path("bare.pth"))
        self.assertFalse(os.path.exists(self.path("ran")))

    def test_a_whole_model_is_refused_with_advice(self):
        import torch
        file = self.save(torch.nn.Linear(2, 2))
        self.refuses(libvit.FormatError, r"torch\.nn\.modules\.linear\.Linear.*state_dict", file)

    def test_the_oldest_format_a_tar_archive_is_refused(self):
        with tarfile.open(self.path("old.pth"), "w") as archive:
            archive.addfile(tarfile.TarInfo("storages"))
        self.refuses(libvit.FormatError, "old.pth: .*tar archive", self.path("old.pth"))

    def test_files_that_are_cut_or_of_another_kind_are_refused(self):
        file = self.save(weights_of("t2t-performer"), "whole.pth")
        with open(file, "rb") as whole:
            content = whole.read()
        for length in (0, 1, 4, 100, len(content) // 2, len(content) - 1):
            with open(self.path("cut.pth"), "wb") as cut:
                cut.write(content[:length])
            self.refuses(libvit.FormatError, "cut.pth: expected", self.path("cut.pth"))
        self.refuses(libvit.FormatError, "model.safetensors: expected",
                     os.path.join(DIGITS, "model.safetensors"))

    def test_files_that_cannot_be_read_or_made_are_named(self):
        self.refuses(libvit.NotFoundError, "no-such.pth", self.path("no-such.pth"))
        self.refuses(libvit.FileError, self.folder, self.folder)
        file = self.save(weights_of("t2t-performer"))
        options = options_of("t2t-performer")
        os.mkdir(self.path("taken"))
        self.refuses(libvit.FileError, "taken: expected a name that is free", file, "taken",
                     options=options)
        self.refuses(libvit.FileError, "no-such-folder", file, "no-such-folder/out",
                     options=options)
        self.refuses(libvit.NotFoundError, "no-such.txt", file, options=options,
                     labels=self.path("no-such.txt"))
        self.refuses(libvit.NotFoundError, "no-such.json", file,
                     config=self.path("no-such.json"))

    def test_what_libvit_does_not_open_leaves_no_folder(self):
        weights = weights_of("t2t-performer")
        weights["blocks.1.extra"] = weights["norm.weight"]
        self.refuses(libvit.FormatError, "once converted, libvit does not open it: .*extra",
                     self.save(weights), options=options_of("t2t-performer"))
        weights = weights_of("t2t-performer")
        del weights["blocks.1.norm1.bias"]
        self.refuses(libvit.FormatError, "norm1.bias", self.save(weights),
                     options=options_of("t2t-performer"))

    def test_a_torch_without_the_loader_is_refused(self):
        import torch
        with mock.patch.object(torch, "load", lambda f, map_location=None: None):
            self.refuses(libvit.UnsupportedError, "torch: expected 1.13 or later", "x.pth")
        with mock.patch.dict("sys.modules", {"torch": None}):
            self.refuses(libvit.UnsupportedError, "expected torch.*python3-torch", "x.pth")


@needs("torch")
class Unknown(Folder):
    """What the tensors do not tell is asked for, never guessed."""

    def refuses_options(self, name, message, **options):
        file = self.save(weights_of(name))
        self.refuses(libvit.InvalidArgumentError, message, file, options=Options(**options))

    def test_heads(self):
        self.refuses_options("t2t-performer", "model.pth: expected --heads N.*own models have 1")
        self.refuses_options("vit-pytorch", r"--heads N or --dim-head N.*heads · dim_head is 72",
                             image_size=(32, 48))
        self.refuses_options("vit-pytorch", "expected a product of 72, found 3 · 25", heads=3,
                             dim_head=25, image_size=(32, 48))
        self.refuses_options("vit-pytorch", "expected a product of 72", heads=5,
                             image_size=(32, 48))
        file = self.save(weights_of("vit-pytorch"))
        model = convert.convert([file], self.path("out"),
                                options=Options(dim_head=24, image_size=(32, 48)))
        self.assert_same_model(model, "vit-pytorch")

    def test_image_size(self):
        self.refuses_options("vit-pytorch", "24 patches of 8 × 8 pixels are no square", heads=3)
        self.refuses_options("vit-pytorch", "expected 24 patches of 8 × 8 pixels, found 4 × 5",
                             heads=3, image_size=(32, 40))
        self.refuses_options("vit-pytorch-simple", "--image-size HxW.*computes its positions",
                             heads=3)
        self.refuses_options("t2t-performer", "expected 16 patches", heads=4, image_size=(32, 64))

    def test_pool(self):
        options = dict(heads=3, image_size=(24, 32))
        self.refuses_options("vit-pytorch-1.15.7-cls", "--pool cls or --pool mean", **options)
        self.refuses_options("vit-pytorch-1.16.0-mean", "--pool: expected mean.*found cls",
                             pool="cls", **options)
        self.refuses_options("vit-pytorch-1.23.6-cls", "--pool: expected cls.*found mean",
                             pool="mean", **options)
        self.refuses_options("vit-pytorch-simple", "--pool: expected none for SimpleViT",
                             pool="cls", heads=3, image_size=(32, 48))
        self.refuses_options("t2t-performer", "--pool: expected none for T2T-ViT", pool="cls",
                             heads=4)

    def test_channels(self):
        weights = weights_of("vit-pytorch")
        options = dict(heads=3, image_size=(32, 48))
        self.refuses_options("vit-pytorch", "--channels N", channels=5, **options)
        gray = {n: t[..., :64] if n.startswith("to_patch_embedding.") and t.shape[-1] == 192 else t
                for n, t in weights.items()}
        file = self.save(gray)
        self.refuses(libvit.InvalidArgumentError, "--channels N.*64 numbers", file,
                     options=Options(**options))
        model = convert.convert([file], self.path("out"), options=Options(channels=1, **options))
        self.assertEqual(model.config.channels, 1)

    def test_options_beside_a_config_are_refused(self):
        file = self.save(weights_of("t2t-performer"))
        self.refuses(libvit.InvalidArgumentError, "--heads: expected none with", file,
                     config=os.path.join(golden("t2t-performer"), "config.json"),
                     options=Options(heads=4))

    def test_another_model_needs_its_config(self):
        self.refuses(libvit.FormatError, "expected the tensors of T2T-ViT or vit-pytorch, "
                     ".*--config", self.save(weights_of("timm-vit")))

    def test_a_ratio_gives_back_its_width(self):
        for dim in (48, 147, 192, 384, 448, 768, 1000):
            for hidden in (1, dim, 3 * dim, 3 * dim + 1, 4 * dim - 1):
                self.assertEqual(int(dim * _ratio(hidden, dim)), hidden)


@needs("torch")
class CommandLine(Folder):
    def run_main(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = convert.main(arguments)
            except SystemExit as end:
                status = end.code
        return status, out.getvalue(), err.getvalue()

    def test_a_file_becomes_a_folder(self):
        file = self.save(weights_of("vit-pytorch-1.15.7-mean"))
        status, out, err = self.run_main(file, "-o", self.path("out"), "--heads", "3", "--pool",
                                         "mean", "--image-size", "24x32")
        self.assertEqual(status, 0, err)
        self.assertRegex(out, r"out: vit-pytorch, 0\.0 M parameters, 2 blocks of 28, 3 × 24 × 32, "
                              "6 classes")
        self.assert_same_model(VisionTransformer.from_folder(self.path("out")),
                               "vit-pytorch-1.15.7-mean")

    def test_errors_are_one_line_and_status_1(self):
        file = self.save(weights_of("t2t-performer"))
        status, out, err = self.run_main(file, "-o", self.path("out"))
        self.assertEqual((status, out), (1, ""))
        self.assertRegex(err.splitlines()[-1], "^libvit.convert: model.pth: expected --heads N")

    def test_options_are_checked(self):
        for options in (("--heads", "0"), ("--heads", "-1"), ("--image-size", "3x"),
                        ("--image-size", "x3"), ("--pool", "max"), ("--head", "3")):
            status, _, err = self.run_main("x.pth", "-o", self.path("out"), *options)
            self.assertEqual(status, 2, err)
        self.assertEqual(self.run_main("x.pth")[0], 2)

    def test_a_torch_with_known_faults_is_named(self):
        import torch
        for version, expected in (("1.13.1", True), ("2.9.1+cpu", True), ("2.10.0", False),
                                  ("3.0", False)):
            with mock.patch.object(torch, "__version__", version):
                self.assertEqual("CVE-2025-32434" in self.run_main("x.pth", "-o", "x")[2], expected)


if __name__ == "__main__":
    unittest.main()
