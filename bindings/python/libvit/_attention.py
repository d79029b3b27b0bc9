"""_attention.py - how much the class token attends to each token, with the numbers of the command

In double precision; numpy's accumulate adds in order, as the command does.
"""
from __future__ import annotations

from typing import Any, Sequence

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]


def _first_row(tokens: int, has_class_token: bool) -> Doubles:
    """The row of the class token, the first; without one the mean of all rows."""
    if has_class_token:
        first: Doubles = np.eye(1, tokens)[0]
        return first
    return np.full(tokens, 1 / tokens)


def _multiply(row: Doubles, weights: npt.NDArray[Any]) -> Doubles:
    """row · A, A being the mean of weights [heads][tokens][tokens]."""
    queries = (row / len(weights))[None, :, None]
    products = queries * weights.astype(np.float64)
    total: Doubles = np.add.accumulate(products.reshape(-1, len(row)), axis=0)[-1]
    return total


def weights_of_block(weights: npt.NDArray[Any], head: int | None,
                     has_class_token: bool) -> Doubles:
    """Of one block: weights [heads][tokens][tokens] of one head or the mean of all, [tokens]."""
    heads = weights if head is None else weights[head:head + 1]
    return _multiply(_first_row(weights.shape[-1], has_class_token), heads)


def rollout(blocks: Sequence[npt.NDArray[Any]], has_class_token: bool) -> Doubles:
    """A row of the product over all blocks of (A + I)/2; the last block comes first."""
    row = _first_row(blocks[-1].shape[-1], has_class_token)
    for weights in reversed(blocks):
        row = (_multiply(row, weights) + row) / 2
        row /= np.add.accumulate(row)[-1]
    return row
