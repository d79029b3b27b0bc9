"""config.py - a model's configuration and its preprocessing, as dataclasses

The fields are those of struct vit_config and struct vit_preprocess_config (vit/config.h), in their
order. The structs of _abi.py are generated from them.
"""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Any


def _field(kind: Any) -> Any:
    return dataclasses.field(metadata={"ctype": kind})


_SIZE = ctypes.c_size_t
_FLOAT = ctypes.c_float
_ENUM = ctypes.c_int
_BOOL = ctypes.c_bool


@dataclasses.dataclass(frozen=True)
class Config:
    """What a model computes. docs/config.md describes each field, with its range and values."""

    channels: int = _field(_SIZE)
    height: int = _field(_SIZE)
    width: int = _field(_SIZE)
    patch: int = _field(_SIZE)
    dim: int = _field(_SIZE)
    depth: int = _field(_SIZE)
    heads: int = _field(_SIZE)
    head_dim: int = _field(_SIZE)
    mlp_dim: int = _field(_SIZE)
    classes: int = _field(_SIZE)
    registers: int = _field(_SIZE)
    pre_logits: int = _field(_SIZE)
    t2t_kernels: tuple[int, int, int] = _field(_SIZE * 3)
    t2t_dim: int = _field(_SIZE)
    t2t_heads: int = _field(_SIZE)
    t2t_mlp_dim: int = _field(_SIZE)
    eps: float = _field(_FLOAT)
    qk_scale: float = _field(_FLOAT)
    activation_args: tuple[float, float] = _field(_FLOAT * 2)
    activation: str = _field(_ENUM)
    tokenizer: str = _field(_ENUM)
    pos_embed: str = _field(_ENUM)
    pos_embed_scope: str = _field(_ENUM)
    class_tokens: str = _field(_ENUM)
    pool: str = _field(_ENUM)
    final_norm: str = _field(_ENUM)
    crop_to_patches: bool = _field(_BOOL)
    patch_norms: bool = _field(_BOOL)
    pre_norm: bool = _field(_BOOL)
    qk_norm: bool = _field(_BOOL)
    value_residual: bool = _field(_BOOL)
    layer_scale: bool = _field(_BOOL)
    gated_mlp: bool = _field(_BOOL)
    no_proj: bool = _field(_BOOL)
    no_qkv_bias: bool = _field(_BOOL)
    no_proj_bias: bool = _field(_BOOL)
    no_patch_bias: bool = _field(_BOOL)
    no_head_bias: bool = _field(_BOOL)
    no_mlp_bias: bool = _field(_BOOL)
    no_norm_weight: bool = _field(_BOOL)
    no_norm_bias: bool = _field(_BOOL)
    no_norm_mean: bool = _field(_BOOL)
    norm: str = _field(_ENUM)
    norm_size: int = _field(_SIZE)
    norm_args: tuple[float, float, float] = _field(_FLOAT * 3)
    no_key_bias: bool = _field(_BOOL)
    attention_norm: bool = _field(_BOOL)
    mlp_norm: bool = _field(_BOOL)
    rotary_columns_first: bool = _field(_BOOL)
    rotary_grid: tuple[int, int] = _field(_SIZE * 2)
    pool_heads: int = _field(_SIZE)
    pool_mlp_dim: int = _field(_SIZE)
    rotary_base: float = _field(_FLOAT)
    rotary_offset: float = _field(_FLOAT)
    rotary: str = _field(_ENUM)
    relative_bias: str = _field(_ENUM)


@dataclasses.dataclass(frozen=True)
class PreprocessConfig:
    """How an image becomes a model's input."""

    channels: int = _field(_SIZE)
    height: int = _field(_SIZE)
    width: int = _field(_SIZE)
    interpolation: str = _field(_ENUM)
    crop_mode: str = _field(_ENUM)
    crop_rounds_down: bool = _field(_BOOL)
    crop_pct: float = _field(ctypes.c_double)
    mean: tuple[float, float, float] = _field(_FLOAT * 3)
    std: tuple[float, float, float] = _field(_FLOAT * 3)
    exif_orientation: bool = _field(_BOOL)


def struct_fields(config: type) -> list[tuple[str, Any]]:
    """The fields of a dataclass above, for ctypes."""
    return [(f.name, f.metadata["ctype"]) for f in dataclasses.fields(config)]
