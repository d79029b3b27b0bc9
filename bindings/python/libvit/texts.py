"""texts.py - vectors of texts, made elsewhere, that images are scored against"""
from __future__ import annotations

import ctypes
import os
import weakref
from typing import Any, Sequence

import numpy as np
import numpy.typing as npt

from . import _abi
from ._images import describe
from ._library import call, encode_path, encode_text, libvit
from .errors import InvalidArgumentError


class Texts:
    """Vectors of texts and the texts' names, for `classify` of a model that was trained with texts.

    path  NAME.npy, an array [texts, numbers] with a name per line in NAME.txt beside it; or a
          .safetensors file of a tensor per text, named as the text, which sorts them by name

    Only the direction of a vector counts. It is immutable: any number of threads and models may use
    it. FormatError: a name is empty or is there twice, a number is not finite, or a vector is zero.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        pointer = ctypes.c_void_p()
        call(libvit().vit_texts_open, encode_path(path), ctypes.byref(pointer))
        self._own(pointer, (type(self), (os.path.abspath(path),)))

    @classmethod
    def from_vectors(cls, vectors: npt.ArrayLike, names: Sequence[str]) -> Texts:
        """Of float32 [texts, numbers], which are copied, and a name for each."""
        array = np.ascontiguousarray(vectors)
        if array.dtype != np.float32 or array.ndim != 2 or len(array) != len(names):
            raise InvalidArgumentError(f"vectors: expected float32 [{len(names)}, numbers], a row "
                                       f"for each name, found {describe(array)}")
        for i, name in enumerate(names):
            if not isinstance(name, str):
                raise InvalidArgumentError(f"names[{i}]: expected str, found {name!r}")
        texts = cls.__new__(cls)
        list_ = (ctypes.c_char_p * len(names))(*(encode_text("names", n) for n in names))
        pointer = ctypes.c_void_p()
        call(libvit().vit_texts_create, *array.shape,
             array.ctypes.data_as(ctypes.POINTER(ctypes.c_float)), list_, ctypes.byref(pointer))
        texts._own(pointer, (cls.from_vectors, (array.copy(), list(names))))
        return texts

    def _own(self, pointer: ctypes.c_void_p, reduced: tuple[Any, ...]) -> None:
        library = libvit()
        assert pointer.value is not None
        self.pointer = pointer.value
        self._free = weakref.finalize(self, library.vit_texts_free, self.pointer)
        self._reduced = reduced
        self.width: int = library.vit_texts_width(self.pointer)
        count = library.vit_texts_count(self.pointer)
        self.names: tuple[str, ...] = tuple(
            library.vit_texts_name(self.pointer, i).decode("utf-8", "replace")
            for i in range(count))

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"Texts({len(self)} of {self.width} numbers)"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled, it is its path or its vectors: another process reads them again."""
        return self._reduced
