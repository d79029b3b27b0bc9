"""libvit - Vision Transformers on CPUs: the same bits on every machine

    import libvit

    model = libvit.VisionTransformer.from_folder("models/digits")
    print(model.classify("picture.png"))

The shared libraries libvit.so.0.2 and libvit-image.so.0.2 are loaded when they are first needed:
from VIT_LIBRARY, which is their directory or the path of libvit.so.0.2; without it the loader
searches.
"""
from ._library import libvit as _libvit
from .config import Config, PreprocessConfig
from .errors import (CanceledError, Error, FileError, FormatError, ImageError, InvalidArgumentError,
                     LibraryError, NotFoundError, OutOfMemoryError, StaleError,
                     UnsupportedError)
from .model import Prediction, VisionTransformer
from .preprocessing import Processor
from .texts import Texts

__version__ = "0.2.0"
__all__ = [
    "CanceledError", "Config", "Error", "FileError", "FormatError", "ImageError",
    "InvalidArgumentError", "LibraryError", "NotFoundError", "OutOfMemoryError", "Prediction",
    "PreprocessConfig", "Processor", "StaleError", "Texts", "UnsupportedError",
    "VisionTransformer", "library_version",
]


def library_version() -> str:
    """The version of the shared library. LibraryError: it cannot be loaded."""
    return str(_libvit().vit_version().decode())
