"""_describe.py - the config.json of a checkpoint that has none, from its tensors

T2T-ViT and vit-pytorch publish code and weights. Shapes tell most arguments of a constructor; what
they do not tell is an option, and never a guess. docs/models.md lists the arguments.
"""
from __future__ import annotations

import dataclasses
import math
from typing import Any, Mapping, NoReturn

from .errors import FormatError, InvalidArgumentError

Shapes = Mapping[str, tuple[int, ...]]


@dataclasses.dataclass(frozen=True)
class Options:
    """What the tensors do not tell."""

    heads: int | None = None
    dim_head: int | None = None
    pool: str | None = None
    image_size: tuple[int, int] | None = None
    channels: int | None = None

    def given(self) -> list[str]:
        return [f"--{f.name.replace('_', '-')}" for f in dataclasses.fields(self)
                if getattr(self, f.name) is not None]


@dataclasses.dataclass(frozen=True)
class Source:
    """A file's tensors by shape, its name for messages, and the options."""

    name: str
    shapes: Shapes
    options: Options

    def shape(self, *names: str, rank: int | None = None) -> tuple[int, ...]:
        """The shape of the first tensor that exists."""
        for name in names:
            if name in self.shapes and rank in (None, len(self.shapes[name])):
                return self.shapes[name]
        raise FormatError(f"{self.name}: tensor {names[0]}: expected one"
                          + (f" of {rank} dimensions" if rank else "") + ", found none")

    def has(self, prefix: str) -> bool:
        return any(n.startswith(prefix) for n in self.shapes)

    def layers(self, prefix: str) -> int:
        """The number of prefix0., prefix1., …"""
        count = 0
        while self.has(f"{prefix}{count}."):
            count += 1
        return count

    def unknown(self, option: str, why: str) -> NoReturn:
        raise InvalidArgumentError(f"{self.name}: expected {option}, which the file does not tell: "
                                   f"{why}")


def _root(number: int) -> int | None:
    """The whole square root; None if there is none."""
    root = math.isqrt(number) if number > 0 else 0
    return root if root > 0 and root * root == number else None


def _ratio(hidden: int, dim: int) -> float:
    """The mlp_ratio whose product with dim, rounded down, is hidden."""
    ratio = hidden / dim
    return ratio if int(dim * ratio) == hidden else math.nextafter(ratio, math.inf)


def _image_size(source: Source, patches: int, patch: int) -> tuple[int, int]:
    """Height and width: an option, or the square that has so many patches."""
    given = source.options.image_size
    side = _root(patches)
    if given is None and side is None:
        source.unknown("--image-size HxW", f"{patches} patches of {patch} × {patch} pixels are no "
                                           "square")
    height, width = given or (side * patch, side * patch)  # type: ignore[operator]
    if (height // patch) * (width // patch) != patches:
        raise InvalidArgumentError(
            f"{source.name}: --image-size: expected {patches} patches of {patch} × {patch} pixels, "
            f"found {height // patch} × {width // patch}")
    return height, width


# --- T2T-ViT: models/t2t_vit.py of its repository

T2T_STRIDE = 16  # of its three soft splits together
T2T_KERNEL = 7   # of the first


def _t2t(source: Source) -> dict[str, Any]:
    options, stage = source.options, "tokens_to_token.attention1."
    for option, value in (("--pool", options.pool), ("--dim-head", options.dim_head)):
        if value is not None:
            raise InvalidArgumentError(f"{option}: expected none for T2T-ViT, found {value}")
    performer = source.has(stage + "kqv.")
    dim = source.shape("cls_token")[-1]
    if options.heads is None:
        own = f"; its own models have {dim // 64}" if dim % 64 == 0 else ""
        source.unknown("--heads N", f"heads share {dim} columns in some way{own}")
    values = source.shape(stage + "norm1.weight")[0]
    height, width = _image_size(source, source.shape("pos_embed")[-2] - 1, T2T_STRIDE)
    return {
        "model_type": "t2t_vit",
        "tokens_type": "performer" if performer else "transformer",
        "img_size": height if height == width else [height, width],
        "in_chans": values // T2T_KERNEL ** 2,
        "num_classes": source.shapes.get("head.weight", (0,))[0],
        "embed_dim": dim,
        "depth": source.layers("blocks."),
        "num_heads": options.heads,
        "mlp_ratio": _ratio(source.shape("blocks.0.mlp.fc1.weight")[0], dim),
        "token_dim": source.shape(stage + "proj.weight", stage + "attn.proj.weight")[0],
        "qkv_bias": "blocks.0.attn.qkv.bias" in source.shapes,
    }


# --- vit-pytorch: ViT and SimpleViT, releases 0.35 to 1.23

def _heads(source: Source, inner: int) -> tuple[int, int]:
    """heads and dim_head, one of which is an option."""
    heads, dim_head = source.options.heads, source.options.dim_head
    if heads is None and dim_head is None:
        default = f"; with the default dim_head of 64 it is --heads {inner // 64}" \
            if inner % 64 == 0 else ""
        source.unknown("--heads N or --dim-head N", f"heads · dim_head is {inner}{default}")
    heads = heads or inner // (dim_head or 1)
    dim_head = dim_head or inner // (heads or 1)
    if heads * dim_head != inner:
        raise InvalidArgumentError(f"{source.name}: --heads, --dim-head: expected a product of "
                                   f"{inner}, found {heads} · {dim_head}")
    return heads, dim_head


def _patch(source: Source, values: int) -> tuple[int, int]:
    """The side of a patch, and the channels of the image."""
    channels = source.options.channels or 3
    side = _root(values // channels) if values % channels == 0 else None
    if side is None:
        source.unknown("--channels N", f"a patch has {values} numbers, which are no square of "
                                       f"{channels} channels")
    return side, channels


def _pool(source: Source) -> str:
    """Since 1.16 the class token is empty with "mean"; later its shape has two dimensions."""
    token = source.shapes.get("cls_token")
    known = "mean" if token is None or 0 in token else "cls" if len(token) == 2 else None
    given = source.options.pool
    if given is None and known is None:
        source.unknown("--pool cls or --pool mean", "models of both have the same tensors up to "
                                                    "release 1.15; cls is the default")
    if given is not None and known not in (None, given):
        raise InvalidArgumentError(f"{source.name}: --pool: expected {known}, as the class token "
                                   f"has it, found {given}")
    return given or known or ""


def _vit_pytorch(source: Source) -> dict[str, Any]:
    simple = "pos_embedding" not in source.shapes
    if simple and source.options.pool is not None:
        raise InvalidArgumentError("--pool: expected none for SimpleViT, found "
                                   f"{source.options.pool}")
    dim, values = source.shape("to_patch_embedding.2.weight", "to_patch_embedding.1.weight", rank=2)
    patch, channels = _patch(source, values)
    if not simple:
        token = source.shapes.get("cls_token", (0,))
        positions = source.shape("pos_embedding")[-2] - (0 if 0 in token else 1)
        height, width = _image_size(source, positions, patch)
    elif source.options.image_size is None:
        source.unknown("--image-size HxW", "SimpleViT computes its positions")
    else:
        height, width = source.options.image_size
    layer = "transformer.layers.0."
    heads, dim_head = _heads(source, source.shape(layer + "0.to_qkv.weight",
                                                  layer + "0.fn.to_qkv.weight")[0] // 3)
    head = "linear_head" if simple else "mlp_head"
    classes = source.shapes.get(f"{head}.1.weight", source.shapes.get(f"{head}.weight", (0,)))[0]
    config = {
        "model_type": "vit_pytorch." + ("SimpleViT" if simple else "ViT"),
        "image_size": [height, width],
        "patch_size": patch,
        "num_classes": classes,
        "dim": dim,
        "depth": source.layers("transformer.layers."),
        "heads": heads,
        "mlp_dim": source.shape(layer + "1.net.1.weight", layer + "1.fn.net.0.weight")[0],
        "channels": channels,
        "dim_head": dim_head,
    }
    return config if simple else {**config, "pool": _pool(source)}


def describe(name: str, shapes: Shapes, options: Options) -> dict[str, Any]:
    """The config.json of T2T-ViT's or vit-pytorch's tensors. FormatError: they are of neither."""
    source = Source(name, shapes, options)
    if source.has("tokens_to_token.attention1.kqv.") or \
            source.has("tokens_to_token.attention1.attn."):
        return _t2t(source)
    if source.has("transformer.layers.0.") and source.has("to_patch_embedding."):
        return _vit_pytorch(source)
    some = ", ".join(list(shapes)[:4])
    raise FormatError(f"{name}: expected the tensors of T2T-ViT or vit-pytorch, found {some}, …; "
                      "another model needs its config.json: --config")
