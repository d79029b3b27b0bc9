"""_forward.py - forward passes over batches of any length, in parts that fit in a context"""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Callable, Sequence

import numpy as np
import numpy.typing as npt

from . import _abi
from ._images import array_image, as_list, describe
from ._library import call, output_value
from ._runtime import Runtime
from .config import Config
from .errors import InvalidArgumentError
from .preprocessing import Processor

Floats = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Input:
    """fill(call, first, count) sets the images of [first, first + count) in a struct vit_call, and
    returns what owns their memory."""

    batch: int
    fill: Callable[[_abi.Call, int, int], object]

    def only(self, index: int) -> Input:
        """One of the images."""
        return Input(1, lambda struct, first, count: self.fill(struct, index, count))


def tensor_input(x: Any, config: Config) -> Input:
    """float32 [batch, channels, height, width] by pointer, or uint8 pixels of the model's size."""
    array = np.asarray(x)
    if array.dtype == np.uint8:
        return _pixel_input(array, config)
    shape = (config.channels, config.height, config.width)
    if array.dtype != np.float32 or array.ndim != 4 or array.shape[1:] != shape:
        raise InvalidArgumentError(
            f"x: expected float32 [batch, {shape[0]}, {shape[1]}, {shape[2]}] or uint8 "
            f"[batch, {shape[1]}, {shape[2]}, channels], found {describe(array)}")
    if not array.flags.c_contiguous or not array.flags.aligned:
        raise InvalidArgumentError("x: expected a contiguous array, found strides of "
                                   f"{list(array.strides)} bytes; numpy.ascontiguousarray makes "
                                   "one")

    def fill(struct: _abi.Call, first: int, count: int) -> object:
        struct.images = array.ctypes.data + first * array.strides[0]
        return array
    return Input(len(array), fill)


def _pixel_input(array: npt.NDArray[np.uint8], config: Config) -> Input:
    if array.ndim != 4 or array.shape[1:3] != (config.height, config.width):
        raise InvalidArgumentError(f"x: expected uint8 [batch, {config.height}, {config.width}, "
                                   f"channels], found {describe(array)}")

    def fill(struct: _abi.Call, first: int, count: int) -> object:
        images = [array_image(array[i], f"x[{i}]") for i in range(first, first + count)]
        struct.pixels = (_abi.Image * count)(*(image for image, _ in images))
        return images
    return Input(len(array), fill)


def is_tensor(images: Any) -> bool:
    """Whether it is float32 [batch, channels, height, width], as the processor returns it."""
    return hasattr(images, "__array__") and getattr(images, "ndim", 0) == 4 \
        and np.asarray(images).dtype == np.float32


def image_input(images: Any, config: Config, processor: Processor) -> Input:
    """Images of any size, preprocessed part by part; or a tensor that is ready."""
    if is_tensor(images):
        return tensor_input(images, config)
    items, _ = as_list(images)

    def fill(struct: _abi.Call, first: int, count: int) -> object:
        struct.pixels, memory = processor.pixels(items[first:first + count], first)
        return memory
    return Input(len(items), fill)


def forward(runtime: Runtime, source: Input, outputs: Sequence[tuple[str, int]]) -> list[Floats]:
    """The outputs (name, block), all from one pass: [batch, …] each."""
    with runtime.use() as model:
        values = [(output_value(name), block) for name, block in outputs]
        results = [np.empty((source.batch, *_shape(runtime, model, value, name, block)), np.float32)
                   for (name, _), (value, block) in zip(outputs, values)]
        for first in range(0, source.batch, runtime.max_batch):
            count = min(source.batch - first, runtime.max_batch)
            struct = _abi.Call(batch=count, output_count=len(values))
            owner = source.fill(struct, first, count)
            requests = (_abi.OutputRequest * len(values))()
            for i, ((value, block), result) in enumerate(zip(values, results)):
                requests[i] = _abi.OutputRequest(
                    output=value, block=block, data=result.ctypes.data + first * result.strides[0])
            struct.outputs = requests
            with runtime.context(model, count) as context:
                call(runtime.library.vit_forward_call, context, ctypes.byref(struct))
            del owner  # the images lived until here
    return results


def _shape(runtime: Runtime, model: int, value: int, name: str, block: int) -> tuple[int, ...]:
    """Of one image's output."""
    found = ctypes.c_size_t(), ctypes.c_size_t()
    runtime.library.vit_output_shape(model, value, block, *map(ctypes.byref, found))
    rows, columns = (f.value for f in found)
    if name in ("logits", "embedding"):
        return (columns,)
    if name == "attention" and columns:
        return (rows // columns, columns, columns)
    return (rows, columns)
