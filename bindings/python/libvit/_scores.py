"""_scores.py - logits as scores, with the bits of `libvit classify`"""
from __future__ import annotations

import ctypes

import numpy as np
import numpy.typing as npt

from ._library import call
from ._runtime import Runtime
from .errors import FormatError


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
        call(runtime.library.vit_top_k, model, count,
             logits.ctypes.data_as(ctypes.POINTER(ctypes.c_float)), classes, scores)
    return list(zip(classes, scores))
