"""errors.py - one exception per status of the library"""
from __future__ import annotations

import errno


class Error(Exception):
    """What libvit reports: one sentence that says where, what was expected and what was found.

    `status` is the value of enum vit_status (vit/status.h). A status that this package does not
    know is an Error itself.
    """

    status = 0


class InvalidArgumentError(Error, ValueError):
    """VIT_EINVAL: an argument is outside the range that the function documents."""

    status = 1


class OutOfMemoryError(Error, MemoryError):
    """VIT_ENOMEM: an allocation failed, or a thread could not be started."""

    status = 2


class FileError(Error, OSError):
    """VIT_EIO: a file exists but cannot be opened, read or written."""

    status = 3


class FormatError(Error, ValueError):
    """VIT_EFORMAT: a file violates its format, or a model's results are not finite."""

    status = 4


class UnsupportedError(Error, NotImplementedError):
    """VIT_EUNSUPPORTED: valid, but this library, this version or this CPU does not support it."""

    status = 5


class CanceledError(Error):
    """VIT_ECANCELED: the caller's hook stopped the call."""

    status = 6


class ImageError(Error, ValueError):
    """VIT_EIMAGE: the image is at fault: malformed, truncated, too narrow."""

    status = 7


class NotFoundError(Error, FileNotFoundError):
    """VIT_ENOTFOUND: there is no such file or directory."""

    status = 8

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.errno = errno.ENOENT


class StaleError(Error, ValueError):
    """VIT_ESTALE: a file of packed weights is not of this model, version or kernel, or is damaged:
    write it again."""

    status = 9


class LibraryError(Error, ImportError):
    """The shared library cannot be loaded, or has another version than this package."""


BY_STATUS: dict[int, type[Error]] = {
    kind.status: kind
    for kind in (InvalidArgumentError, OutOfMemoryError, FileError, FormatError, UnsupportedError,
                 CanceledError, ImageError, NotFoundError, StaleError)
}


def from_status(status: int, message: str) -> Error:
    """The exception of a status other than VIT_OK."""
    error = BY_STATUS.get(status, Error)(message)
    error.status = status
    return error
