"""_scores.py - logits as scores, with the digits of `libvit classify`

In double precision, and in the command's order of summation: the best class first.
"""
from __future__ import annotations

import math

from . import _abi
from .errors import FormatError


def _sigmoid(logit: float) -> float:
    try:
        return 1 / (1 + math.exp(-logit))
    except OverflowError:  # where C's exp is infinite
        return 0.0


def rank(logits: list[float], top_k: int | None, scores: int,
         where: str) -> list[tuple[int, float]]:
    """The best classes with their scores, best first; of equal logits the first class.

    FormatError: a logit is not finite.
    """
    for i, logit in enumerate(logits):
        if not math.isfinite(logit):
            raise FormatError(f"{where}: expected finite logits, found {logit:g} for class {i}; "
                              "check the image and the weights")
    order = sorted(range(len(logits)), key=lambda i: (-logits[i], i))
    best = order[:top_k]
    if scores == _abi.SCORES_NONE:
        return [(i, logits[i]) for i in best]
    if scores == _abi.SCORES_SIGMOID:
        return [(i, _sigmoid(logits[i])) for i in best]
    largest = logits[order[0]]
    total = 0.0
    for i in order:  # sum() compensates rounding errors since Python 3.12; C does not
        total += math.exp(logits[i] - largest)
    return [(i, math.exp(logits[i] - largest) / total) for i in best]
