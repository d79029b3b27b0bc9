"""common.py - what the tests share: the build, the golden models, the command"""
import glob
import importlib.util
import json
import os
import struct
import subprocess
import tempfile
import unittest

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ["VIT_BUILD"])
COMMAND = os.path.join(BUILD, "libvit")
PACKAGE = os.path.join(ROOT, "bindings", "python")
GOLDEN = os.path.join(ROOT, "tests", "golden")
DIGITS = os.path.join(ROOT, "models", "digits")
THREE = os.path.join(DIGITS, "test", "3", "0060.png")

SHORT = bool(os.environ.get("PYTHON_SHORT"))

DTYPES = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "U8": np.uint8, "I64": np.int64}


def golden(name):
    return os.path.join(GOLDEN, name)


def golden_models(short=SHORT):
    """The golden cases with inputs, by name; in short every fourth."""
    paths = glob.glob(os.path.join(GOLDEN, "*", "config.json"))
    return sorted(os.path.basename(os.path.dirname(p)) for p in paths)[::4 if short else 1]


def digits_images():
    return sorted(glob.glob(os.path.join(DIGITS, "test", "*", "*.png")))


def read_safetensors(path):
    """The tensors of a file, by name."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data[t["data_offsets"][0]:t["data_offsets"][1]],
                                DTYPES[t["dtype"]]).reshape(t["shape"])
            for name, t in header.items()}


def golden_input(name):
    return read_safetensors(os.path.join(golden(name), "io.safetensors"))["input"]


def input_of(model, name):
    """The input of a golden case, at the model's own size."""
    x, c = golden_input(name), model.config
    return np.resize(x, (len(x), c.channels, c.height, c.width))


def command(*arguments):
    """Runs the command. Returns its standard output and standard error."""
    done = subprocess.run([COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode:
        raise AssertionError(f"libvit {arguments}: status {done.returncode}: {done.stderr}")
    return done.stdout, done.stderr


def command_array(*arguments):
    """What a subcommand writes with -o OUT.npy."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.npy")
        command(*arguments, "-o", out)
        return np.load(out)


def run_command(model, x, output, *options):
    """`libvit run` on an array."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "in.npy")
        np.save(path, x)
        return command_array("run", model, path, "--output", output, *options)


def needs(*modules):
    """Skips a test where a package is missing; run.py counts it."""
    missing = [m for m in modules if importlib.util.find_spec(m) is None]
    return unittest.skipIf(missing, f"not installed: {' '.join(missing)}")


class Case(unittest.TestCase):
    def assert_same_bits(self, found, expected, what=""):
        self.assertEqual((found.dtype, found.shape), (expected.dtype, expected.shape), what)
        self.assertEqual(found.tobytes(), expected.tobytes(), f"{what}: other bits")
