"""_checkpoints.py - reads files of torch.save with torch's loader of weights alone

Unpickling a file runs the code that the file names. The loader of weights alone refuses every
object but tensors and plain containers; nothing else is tried where it refuses.
"""
from __future__ import annotations

import inspect
import os
import pickle
import re
import tarfile
from typing import Any, Mapping

from .errors import FileError, FormatError, NotFoundError, UnsupportedError

# Where training scripts keep the weights. The averaged ones come first: their authors evaluated
# those.
KEYS = ("state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model")
# The first release of torch whose loader of weights alone has no fault that is known.
SOUND = (2, 10)
# What wrappers of a model put before every name.
PREFIXES = ("module.", "_orig_mod.", "model.", "net.")


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise UnsupportedError("convert: expected torch, which reads such files, found none; on "
                               "Debian: python3-torch") from None
    if "weights_only" not in inspect.signature(torch.load).parameters:
        raise UnsupportedError(f"torch: expected 1.13 or later, whose loader can read weights "
                               f"alone, found {torch.__version__}")
    return torch


def warning() -> str | None:
    """What a caller should know about this release of torch, if it is installed."""
    try:
        import torch
    except ImportError:
        return None
    version = tuple(int(n) for n in re.findall(r"\d+", torch.__version__)[:2])
    if version >= SOUND:
        return None
    return (f"torch {torch.__version__}: its loader of weights alone has known faults "
            "(CVE-2025-32434, CVE-2026-24747), which 2.10 corrects: convert only files that you "
            "trust")


def _refusal(name: str, why: BaseException) -> FormatError:
    found = re.search(r"Unsupported (?:class|global: GLOBAL) ([\w.]+)", str(why))
    what = f"an object of {found.group(1)}" if found else f"something else ({why})".split("\n")[0]
    return FormatError(
        f"{name}: expected weights alone (a state_dict), found {what}: loading it could run code "
        "that the file contains. If you trust the file, load it yourself with its authors' code "
        "and torch.save(model.state_dict(), ...)")


def load(path: str) -> Any:
    """What torch.save has saved, if it is tensors and plain containers alone."""
    torch, name = _torch(), os.path.basename(path)
    try:
        # The oldest format, for which torch up to 2.5 breaks its promise (CVE-2025-32434).
        if tarfile.is_tarfile(path):
            raise FormatError(f"{name}: expected a file of torch.save, found a tar archive")
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as why:
        raise NotFoundError(f"{path}: {why.strerror}") from None
    except pickle.UnpicklingError as why:
        raise _refusal(name, why) from None
    except OSError as why:
        raise FileError(f"{path}: {why.strerror or why}") from None
    except (RuntimeError, EOFError, KeyError, ValueError, IndexError, TypeError, AttributeError,
            AssertionError, UnicodeDecodeError) as why:
        if isinstance(why, FormatError):
            raise
        reason = str(why).split("\n", maxsplit=1)[0] or type(why).__name__
        raise FormatError(f"{name}: expected a file of torch.save, found: {reason}") from None


def _is_weights(content: Any) -> bool:
    import torch
    return isinstance(content, Mapping) and bool(content) and all(
        isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in content.items())


def weights(content: Any, key: str | None, name: str) -> dict[str, Any]:
    """The tensors by name: those under the key, or the one place where they usually are."""
    found = content
    if key is not None:
        if not isinstance(content, Mapping) or key not in content:
            raise FormatError(f"{name}: expected {key!r}, found {_keys(content)}")
        found = content[key]
    elif not _is_weights(content) and isinstance(content, Mapping):
        found = next((content[k] for k in KEYS if _is_weights(content.get(k))), content)
    if not _is_weights(found):
        raise FormatError(f"{name}: expected a state_dict, tensors by name, alone or under one of "
                          f"{', '.join(KEYS)}; found {_keys(found)}; --key selects another place")
    tensors = dict(found)
    while prefix := next((p for p in PREFIXES if all(n.startswith(p) for n in tensors)), None):
        tensors = {n[len(prefix):]: t for n, t in tensors.items()}
    return tensors


def _keys(content: Any) -> str:
    if not isinstance(content, Mapping):
        return f"an object of {type(content).__name__}"
    names = [f"{k} ({type(v).__name__})" for k, v in list(content.items())[:8]]
    return ", ".join(names) + (", …" if len(content) > 8 else "") or "nothing"
