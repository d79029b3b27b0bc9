"""_library.py - finds and loads libvit.so.0.2 and libvit-image.so.0.2, and calls them

A call through ctypes.CDLL releases the global interpreter lock.
"""
from __future__ import annotations

import ctypes
import functools
import os
from typing import Any

from . import _abi
from .errors import InvalidArgumentError, LibraryError, from_status

# Until 1.0 a minor version may change the ABI: only libraries of this one are loaded.
VERSION = (0, 2)
SONAME = "libvit.so.%d.%d" % VERSION
IMAGE_SONAME = "libvit-image.so.%d.%d" % VERSION
VARIABLE = "VIT_LIBRARY"


def _path_of(soname: str) -> str:
    """Where VIT_LIBRARY says that the library is; else its name, for the loader to search."""
    place = os.environ.get(VARIABLE, "")
    if not place:
        return soname
    if os.path.isdir(place):
        return os.path.join(place, soname)
    return place if soname == SONAME else os.path.join(os.path.dirname(place) or ".", soname)


def _open(soname: str) -> ctypes.CDLL:
    path = _path_of(soname)
    if path == soname:
        where = f"in the directories of the loader; {VARIABLE} is not set"
        hint = f"install libvit, or set {VARIABLE} to the directory of {soname}"
    else:
        where = f"at {path}, from {VARIABLE}"
        hint = f"set {VARIABLE} to the directory of {soname} or to the file"
    try:
        return ctypes.CDLL(path)
    except OSError as why:
        raise LibraryError(f"{soname}: looked for it {where}: {why}; {hint}") from None


@functools.lru_cache(maxsize=None)
def libvit() -> ctypes.CDLL:
    """The library, loaded once. LibraryError: it is missing, or has another version."""
    library = _open(SONAME)
    path = _path_of(SONAME)
    try:
        _abi.declare(library, _abi.FUNCTIONS)
    except AttributeError as why:
        raise LibraryError(f"{path}: expected libvit, found a library without a function: "
                           f"{why}") from None
    number = library.vit_version_number()
    if (number // 10000, number // 100 % 100) != VERSION:
        raise LibraryError("%s: expected version %d.%d, found %s" %
                           (path, *VERSION, library.vit_version().decode()))
    return library


@functools.lru_cache(maxsize=None)
def libvit_image() -> ctypes.CDLL | None:
    """The decoders of libvit-image; None if it is not installed."""
    try:
        library = _open(IMAGE_SONAME)
        _abi.declare(library, _abi.IMAGE_FUNCTIONS)
    except (LibraryError, AttributeError):
        return None
    return library


def call(function: Any, *arguments: Any) -> None:
    """Calls a function whose last argument is a struct vit_error; raises what it reports."""
    error = _abi.Error()
    status = function(*arguments, ctypes.byref(error))
    if status:
        raise from_status(status, error.message.decode("utf-8", "replace"))


def encode_path(path: str | bytes | os.PathLike[Any]) -> bytes:
    """A path for C, which ends it at its first NUL."""
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise InvalidArgumentError(f"{encoded!r}: expected a path without NUL")
    return encoded


def encode_text(name: str, text: str | None) -> bytes | None:
    """An option of text for C."""
    if text is not None and "\0" in text:
        raise InvalidArgumentError(f"{name}: expected text without NUL, found {text!r}")
    return None if text is None else text.encode()


def value_names(field: str) -> list[str]:
    """The names of an enum's values, from 0 on."""
    names: list[str] = []
    while (name := libvit().vit_value_name(field.encode(), len(names))) is not None:
        names.append(name.decode())
    return names


def enum_value(field: str, name: str) -> int:
    """The value that has a name. InvalidArgumentError: none has it."""
    names = value_names(field)
    if name not in names:
        raise InvalidArgumentError(f"{field}: expected {', '.join(names)}, found {name!r}")
    return names.index(name)


@functools.lru_cache(maxsize=None)
def output_value(name: str) -> int:
    """The value of enum vit_output that has a name."""
    value = ctypes.c_int()
    call(libvit().vit_output_from_name, name.encode(), ctypes.byref(value))
    return value.value
