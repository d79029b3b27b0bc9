"""_scores.py - logits as scores, with the bits of `libvit classify`"""
from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt

from ._library import call
from ._runtime import Runtime
from .errors import FormatError
from .texts import Texts


def rank(runtime: Runtime, logits: npt.NDArray[np.float32], top_k: int | None,
         where: str) -> list[tuple[int, float]]:
    """The best classes of an image with their scores, best first; of equal logits the first class.

    FormatError: a logit is not finite.
    """
    finite = np.isfinite(logits)
    if not finite.all():
        i = int(np.argmin(finite))
        raise FormatError(f"{where}: expected finite logits, found {logits[i]:g} for class {i}; "
                          "check the image and the weights")
    count = min(top_k or len(logits), len(logits))
    classes, scores = (ctypes.c_size_t * count)(), (ctypes.c_float * count)()
    with runtime.use() as model:
        call(runtime.library.vit_top_k, model, count, _pointer(logits), classes, scores)
    return list(zip(classes, scores))


def rank_texts(runtime: Runtime, texts: Texts, vector: npt.NDArray[np.float32],
               top_k: int | None, where: str) -> list[tuple[int, float]]:
    """The best texts for the vector of an image with their scores, as `rank`.

    FormatError: the vector has no direction.
    """
    if not (np.isfinite(vector).all() and vector.any()):
        raise FormatError(f"{where}: expected a vector with a direction, found "
                          f"{'zeros alone' if not vector.any() else 'a number that is not finite'}")
    logits = np.empty(len(texts), np.float32)
    count = min(top_k or len(logits), len(logits))
    best, scores = (ctypes.c_size_t * count)(), (ctypes.c_float * count)()
    with runtime.use() as model:
        call(runtime.library.vit_text_logits, model, texts.pointer, 1, _pointer(vector),
             _pointer(logits))
        call(runtime.library.vit_text_top_k, model, texts.pointer, count, _pointer(logits), best,
             scores)
    return list(zip(best, scores))


def _pointer(numbers: npt.NDArray[np.float32]) -> Any:
    return numbers.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
