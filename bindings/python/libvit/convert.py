"""convert.py - files of torch.save as folders that libvit opens

    python3 -m libvit.convert FILE.pth -o FOLDER [options]

The folder has model.safetensors and config.json, and is opened before it gets its name: there is
either a folder that works or none.
"""
from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from typing import Any, Sequence

from . import _checkpoints, _safetensors
from ._describe import Options, describe
from .errors import Error, FileError, FormatError, InvalidArgumentError, NotFoundError, from_status
from .model import VisionTransformer

# What stands beside a config.json and belongs to it.
COMPANIONS = ("preprocessor_config.json", "processor_config.json", "labels.txt")


def convert(files: Sequence[str], folder: str, *, config: str | None = None,
            labels: str | None = None, key: str | None = None,
            options: Options = Options()) -> VisionTransformer:
    """Writes the folder, and returns the model that it has.

    files    of torch.save; several are the parts of one checkpoint
    config   a config.json; None: the one beside the first file; without it the tensors of T2T-ViT
             and vit-pytorch tell theirs
    labels   a file with a class on each line
    key      where the tensors are in the file; None: where they usually are
    options  what the tensors do not tell; nothing with a config.json
    """
    if os.path.lexists(folder):
        raise FileError(f"{folder}: expected a name that is free, found a file or a folder")
    tensors = _read(files, key)
    beside = os.path.join(os.path.dirname(files[0]), "config.json")
    if config is None and os.path.exists(beside):
        config = beside
    if config is not None and options.given():
        raise InvalidArgumentError(f"{options.given()[0]}: expected none with {config}, which "
                                   "has the configuration")
    described = None if config else describe(os.path.basename(files[0]), {
        n: tuple(t.shape) for n, t in tensors.items()}, options)
    parent = os.path.dirname(os.path.abspath(folder))
    try:
        part = tempfile.mkdtemp(prefix=os.path.basename(folder) + ".", dir=parent)
    except OSError as why:
        raise FileError(f"{parent}: {why.strerror}") from None
    try:
        _write(part, tensors, config, described, labels, os.path.basename(files[0]))
        del tensors
        model = _open(part, os.path.basename(files[0]))
        os.chmod(part, 0o777 & ~_umask())
        os.rename(part, folder)
    except OSError as why:
        if isinstance(why, Error):
            raise
        raise FileError(f"{folder}: {why.strerror or why}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    model._path = folder
    return model


def _read(files: Sequence[str], key: str | None) -> dict[str, Any]:
    tensors: dict[str, Any] = {}
    for path in files:
        name = os.path.basename(path)
        for tensor, value in _checkpoints.weights(_checkpoints.load(path), key, name).items():
            if tensor in tensors:
                raise FormatError(f"{name}: tensor {tensor}: expected it once in all files, found "
                                  "it again")
            tensors[tensor] = value
    return tensors


def _write(part: str, tensors: dict[str, Any], config: str | None,
           described: dict[str, Any] | None, labels: str | None, name: str) -> None:
    target = os.path.join(part, "config.json")
    if config is None:
        with open(target, "w", encoding="utf-8") as file:
            json.dump(described, file, indent=1)
            file.write("\n")
    else:
        _copy(config, target)
        for companion in COMPANIONS:
            beside = os.path.join(os.path.dirname(config), companion)
            if os.path.exists(beside):
                _copy(beside, os.path.join(part, companion))
    if labels is not None:
        _copy(labels, os.path.join(part, "labels.txt"))
    _safetensors.save(tensors, os.path.join(part, "model.safetensors"), name)


def _copy(path: str, target: str) -> None:
    try:
        shutil.copyfile(path, target)
    except FileNotFoundError as why:
        raise NotFoundError(f"{path}: {why.strerror}") from None


def _open(part: str, name: str) -> VisionTransformer:
    """libvit's own checks: every tensor exists in its shape, and none is left over."""
    try:
        return VisionTransformer.from_folder(part)
    except Error as why:
        raise from_status(why.status, f"{name}: once converted, libvit does not open it: "
                                      f"{why}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _size(text: str) -> tuple[int, int]:
    """HxW, or one number for both."""
    height, _, width = text.partition("x")
    if not height.isdecimal() or width and not width.isdecimal() or text.endswith("x"):
        raise argparse.ArgumentTypeError(f"expected HEIGHTxWIDTH or one number, found {text!r}")
    return int(height), int(width or height)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m libvit.convert", allow_abbrev=False,
        description="Turns files of torch.save (.pth, .pt, .bin) into a folder that libvit opens: "
                    "those of T2T-ViT and vit-pytorch, and of any family that has a config.json. "
                    "Reads them with torch's loader of weights alone, which refuses objects whose "
                    "loading would run code.")
    parser.add_argument("files", nargs="+", metavar="FILE", help="several are parts of one model")
    parser.add_argument("-o", dest="folder", metavar="FOLDER", required=True,
                        help="the folder to make; it must not exist")
    parser.add_argument("--config", metavar="FILE", help="a config.json; by default the one beside "
                        "FILE, if it exists, with what belongs to it")
    parser.add_argument("--labels", metavar="FILE", help="the names of the classes, one a line")
    parser.add_argument("--key", help="where the weights are in FILE; by default the first of "
                        + ", ".join(_checkpoints.KEYS))
    parser.add_argument("--heads", type=_count, metavar="N", help="attention heads of a block")
    parser.add_argument("--dim-head", type=_count, metavar="N", help="columns of a head")
    parser.add_argument("--pool", choices=("cls", "mean"), help="vit-pytorch's pooling")
    parser.add_argument("--image-size", type=_size, metavar="HxW", help="height and width, or one "
                        "number for both")
    parser.add_argument("--channels", type=_count, metavar="N", help="of the image; 3 by default")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    a = _parser().parse_args(arguments)
    if warning := _checkpoints.warning():
        print(f"libvit.convert: {warning}", file=sys.stderr)
    options = Options(a.heads, a.dim_head, a.pool, a.image_size, a.channels)
    try:
        model = convert(a.files, a.folder, config=a.config, labels=a.labels, key=a.key,
                        options=options)
    except Error as why:
        print(f"libvit.convert: {why}", file=sys.stderr)
        return 1
    c = model.config
    print(f"{a.folder}: {model.family}, {model.parameter_count / 1e6:.1f} M parameters, {c.depth} "
          f"blocks of {c.dim}, {c.channels} × {c.height} × {c.width}, {c.classes} classes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
