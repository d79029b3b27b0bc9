"""_safetensors.py - writes tensors of torch as a safetensors file

https://huggingface.co/docs/safetensors: the length of a JSON header, the header, the bytes.
"""
from __future__ import annotations

import json
import math
import struct
from typing import Any, Mapping

from .errors import UnsupportedError

# torch's name of a dtype, and that of the format.
DTYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64",
          "int32": "I32", "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL"}


def save(tensors: Mapping[str, Any], path: str, where: str) -> None:
    """Writes the tensors in their order. UnsupportedError: a dtype that the format lacks."""
    header: dict[str, Any] = {}
    end = 0
    for name, tensor in tensors.items():
        dtype = DTYPES.get(str(tensor.dtype).replace("torch.", ""))
        if dtype is None or tensor.is_sparse or tensor.is_quantized:
            raise UnsupportedError(f"{where}: {name}: expected a plain tensor of "
                                   f"{', '.join(DTYPES)}, found {tensor.dtype}")
        begin, end = end, end + math.prod(tensor.shape) * tensor.element_size()
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the bytes begin at a multiple of 8
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(_bytes(tensor))


def _bytes(tensor: Any) -> Any:
    """Row by row, as numpy's buffer: torch's bfloat16 has no numpy type, but its bytes have one."""
    import torch
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().data if flat.numel() else b""
