"""preprocessing.py - images as a model's input: resize, crop, normalize, as the model's family does

The bytes of the resize are PIL's. The results do not depend on the threads.
"""
from __future__ import annotations

import ctypes
from typing import Any, Sequence

import numpy as np
import numpy.typing as npt

from . import _abi
from ._images import Decoding, as_list, name_of, open_image
from ._library import call
from ._runtime import Runtime
from .config import PreprocessConfig
from .errors import Error, from_status


class Processor:
    """`model.processor`: turns images into the input of its model. Thread-safe."""

    def __init__(self, runtime: Runtime, struct: _abi.ModelPreprocessConfig,
                 config: PreprocessConfig, decoding: Decoding) -> None:
        self._runtime = runtime
        self._struct = struct
        self._decoding = decoding
        self.config = config

    def __repr__(self) -> str:
        return f"Processor({self.config})"

    def __call__(self, images: Any) -> npt.NDArray[np.float32]:
        """float32 [images, channels, height, width], normalized.

        images: one image or several; each is a path, the bytes of a JPEG, PNG or WebP file, a PIL
        image, or an array of uint8 pixels [height, width] or [height, width, 1, 3 or 4], in the
        order RGB; alpha is ignored. An array [images, height, width, channels] is several images.
        Arrays are read where they are, whatever the distance of their rows.
        """
        items, _ = as_list(images)
        c = self.config
        out = np.empty((len(items), c.channels, c.height, c.width), np.float32)
        kind = ctypes.POINTER(ctypes.c_float)
        with self._runtime.use():
            for i, item in enumerate(items):
                target = ctypes.cast(out.ctypes.data + i * out.strides[0], kind)
                self._process(item, i, self._runtime.library.vit_preprocess_image, target)
        return out

    def pixels(self, images: Sequence[Any], first: int) -> tuple[Any, npt.NDArray[np.uint8]]:
        """The same in bytes, for a forward pass: struct vit_image [images], and their memory.

        The caller uses the runtime. first: the index of images[0] in messages.
        """
        c = self.config
        memory = np.empty((len(images), c.height * c.width * c.channels), np.uint8)
        structs = (_abi.Image * len(images))()
        for i, item in enumerate(images):
            structs[i].pixels = memory.ctypes.data + i * memory.strides[0]
            self._process(item, first + i, self._runtime.library.vit_preprocess_pixels,
                          ctypes.byref(structs[i]))
        return structs, memory

    def _process(self, item: Any, index: int, function: Any, target: Any) -> None:
        name = name_of(item, index)
        parallel = self._runtime.parallel()
        options = _abi.PreprocessOptions(parallel=ctypes.pointer(parallel))
        with open_image(item, name, self._decoding) as image:
            try:
                call(function, ctypes.byref(self._struct), ctypes.byref(image),
                     ctypes.byref(options), target)
            except Error as why:
                raise from_status(why.status, f"{name}: {why}") from None
