"""_images.py - what a caller calls an image, as a struct vit_image; without copies where it can be

An image is a path, the bytes of a file, a PIL image, or an array of uint8 pixels.
"""
from __future__ import annotations

import contextlib
import ctypes
import io
import os
import sys
from typing import Any, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from . import _abi
from ._library import call, encode_path, libvit_image
from .errors import FileError, ImageError, InvalidArgumentError, NotFoundError, UnsupportedError

PIXELS = "uint8 pixels [height, width] or [height, width, 1, 3 or 4]"
IMAGE = f"a path, the bytes of a file, a PIL image or {PIXELS}"
# Modes of PIL that have more than 8 bits a channel: convert("RGB") would clip them.
DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "I;16N", "F")


class Decoding:
    """How files become pixels."""

    def __init__(self, exif_orientation: bool, max_pixels: int) -> None:
        self.exif_orientation = exif_orientation
        self.max_pixels = max_pixels


def is_pil(image: object) -> bool:
    """Whether it is a PIL image; imports nothing."""
    pil = sys.modules.get("PIL.Image")
    return pil is not None and isinstance(image, pil.Image)


def as_list(images: Any) -> tuple[Sequence[Any], bool]:
    """The images of an argument, and whether it is a single one."""
    if isinstance(images, (str, bytes, bytearray, memoryview, os.PathLike)) or is_pil(images):
        return [images], True
    if hasattr(images, "__array__"):
        array = np.asarray(images)
        return (list(array), False) if array.ndim == 4 else ([array], True)
    try:
        return list(images), False
    except TypeError:
        raise InvalidArgumentError(f"images: expected {IMAGE}, or several of them, found "
                                   f"{type(images).__name__}") from None


def name_of(image: object, index: int) -> str:
    """How messages call it: the end of a path, as the command does, else its place."""
    if isinstance(image, (str, os.PathLike)):
        return os.path.basename(os.fsdecode(image)) or os.fsdecode(image)
    return f"images[{index}]"


def describe(array: npt.NDArray[Any]) -> str:
    return f"{array.dtype} {list(array.shape)}"


@contextlib.contextmanager
def open_image(image: Any, name: str, decoding: Decoding) -> Iterator[_abi.Image]:
    """The pixels of an image, which are valid inside the block."""
    if isinstance(image, (str, os.PathLike)):
        with _decoded_file(image, name, decoding) as decoded:
            yield decoded
    elif isinstance(image, (bytes, bytearray, memoryview)):
        with _decoded(image, name, decoding) as decoded:
            yield decoded
    else:
        array = _pil_pixels(image, name, decoding) if is_pil(image) else _as_array(image, name)
        struct, owner = array_image(array, name)
        yield struct
        del owner  # the pixels lived until here


# --- arrays

def _as_array(image: Any, name: str) -> npt.NDArray[Any]:
    if not hasattr(image, "__array__"):
        raise InvalidArgumentError(f"{name}: expected {IMAGE}, found {type(image).__name__}")
    return np.asarray(image)


_FORMATS = {1: _abi.PIXEL_FORMAT_GRAY, 3: _abi.PIXEL_FORMAT_RGB, 4: _abi.PIXEL_FORMAT_RGBA}


def array_image(array: npt.NDArray[Any], name: str) -> tuple[_abi.Image, npt.NDArray[Any]]:
    """The pixels of an array, and the array that owns them: the same one where its layout allows.

    Rows may be any distance apart. A view with the channels reversed, such as bgr[..., ::-1], is
    read as the BGR that it is. Rows from the bottom up, and pixels with gaps, are copied.
    """
    channels = 1 if array.ndim == 2 else array.shape[2] if array.ndim == 3 else 0
    if array.dtype != np.uint8 or channels not in _FORMATS:
        raise InvalidArgumentError(f"{name}: expected {PIXELS}, found {describe(array)}")
    height, width = array.shape[:2]
    row = array.strides[0] if height > 1 else width * channels
    pixel = array.strides[1] if width > 1 else channels
    step = array.strides[2] if array.ndim == 3 and channels > 1 else 1
    address, pixel_format = array.ctypes.data, _FORMATS[channels]
    if (channels, step) == (3, -1):
        address, step, pixel_format = address - 2, 1, _abi.PIXEL_FORMAT_BGR
    if array.size and (step != 1 or pixel != channels or row < width * channels):
        return array_image(np.ascontiguousarray(array), name)
    return _abi.Image(pixels=address, height=height, width=width, stride=row,
                      format=pixel_format), array


def _pil_pixels(image: Any, name: str, decoding: Decoding) -> npt.NDArray[Any]:
    """The pixels of a PIL image, which may be decoded only now."""
    if image.mode in DEEP_MODES:
        raise UnsupportedError(f"{name}: expected 8 bits a channel, found PIL's mode {image.mode}")
    try:
        if decoding.exif_orientation:
            from PIL import ImageOps
            image = ImageOps.exif_transpose(image)
        return np.asarray(image if image.mode in ("RGB", "L") else image.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as why:
        raise ImageError(f"{name}: expected an image that PIL decodes: {why}") from None


# --- files

def _options(name: str, decoding: Decoding) -> _abi.DecodeOptions:
    return _abi.DecodeOptions(name=name.encode(errors="replace").replace(b"\0", b"?"),
                              max_pixels=decoding.max_pixels,
                              exif_orientation=decoding.exif_orientation)


@contextlib.contextmanager
def _freed(library: ctypes.CDLL, image: _abi.Image) -> Iterator[_abi.Image]:
    try:
        yield image
    finally:
        library.vit_image_free(ctypes.byref(image))


@contextlib.contextmanager
def _decoded_file(path: Any, name: str, decoding: Decoding) -> Iterator[_abi.Image]:
    library = libvit_image()
    if library is None:
        try:
            with open(path, "rb") as file:
                encoded = file.read()
        except FileNotFoundError as why:
            raise NotFoundError(f"{name}: {why.strerror}") from None
        except OSError as why:
            raise FileError(f"{name}: {why.strerror}") from None
        with _decoded(encoded, name, decoding) as decoded:
            yield decoded
        return
    image = _abi.Image()
    call(library.vit_image_decode_file, encode_path(path),
         ctypes.byref(_options(name, decoding)), ctypes.byref(image))
    with _freed(library, image):
        yield image


@contextlib.contextmanager
def _decoded(encoded: Any, name: str, decoding: Decoding) -> Iterator[_abi.Image]:
    library = libvit_image()
    if library is None:
        array = _decode_with_pil(bytes(encoded), name, decoding)
        struct, owner = array_image(array, name)
        yield struct
        del owner
        return
    data = np.frombuffer(encoded, np.uint8)
    image = _abi.Image()
    call(library.vit_image_decode, data.ctypes.data, data.size,
         ctypes.byref(_options(name, decoding)), ctypes.byref(image))
    with _freed(library, image):
        yield image


def _decode_with_pil(encoded: bytes, name: str, decoding: Decoding) -> npt.NDArray[Any]:
    """Where libvit-image is not installed: PIL's own decoders give the same pixels."""
    try:
        from PIL import Image
    except ImportError:
        raise UnsupportedError(f"{name}: expected libvit-image or PIL to decode it, found "
                               "neither") from None
    limit = decoding.max_pixels or 89478485
    try:
        image = Image.open(io.BytesIO(encoded), formats=("JPEG", "PNG", "WEBP"))
        if image.format == "WEBP" and getattr(image, "is_animated", False):
            raise UnsupportedError(f"{name}: expected a still WebP, found an animation")
        if image.width * image.height > limit:
            raise UnsupportedError(f"{name}: expected at most {limit} pixels, found "
                                   f"{image.height} × {image.width}")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as why:
        raise ImageError(f"{name}: expected a JPEG, PNG or WebP file: {why}") from None
    return _pil_pixels(image, name, decoding)
