"""_abi.py - the structs, values and functions of include/vit that this package uses

tests/python/test_abi.py compares all of it with the headers. Every struct that begins with `size`
follows the ABI rule of vit/config.h: zero is the default of each field.
"""
from __future__ import annotations

import ctypes
from ctypes import POINTER, c_bool, c_char, c_char_p, c_double, c_float, c_int, c_size_t, c_ubyte, \
    c_uint, c_void_p
from typing import Any

from .config import Config, PreprocessConfig, struct_fields


class Sized(ctypes.Structure):
    """A struct that begins with its size."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(size=ctypes.sizeof(self), **fields)


class Error(ctypes.Structure):
    _fields_ = [("status", c_int), ("message", c_char * 512)]


class Image(ctypes.Structure):
    _fields_ = [("pixels", c_void_p), ("height", c_size_t), ("width", c_size_t),
                ("stride", c_size_t), ("format", c_int)]


class Parallel(ctypes.Structure):
    _fields_ = [("run", c_void_p), ("user", c_void_p), ("threads", c_size_t)]


class ModelConfig(Sized):
    _fields_ = [("size", c_size_t), *struct_fields(Config), ("reserved", c_ubyte * 8)]


class ModelPreprocessConfig(Sized):
    _fields_ = [("size", c_size_t), *struct_fields(PreprocessConfig), ("reserved", c_ubyte * 7)]


class DecodeOptions(Sized):
    _fields_ = [("size", c_size_t), ("max_bytes", c_size_t), ("max_pixels", c_size_t),
                ("name", c_char_p), ("exif_orientation", c_bool), ("zero", c_ubyte * 3),
                ("max_scans", c_uint), ("reserved", c_ubyte * 8)]


class ModelOptions(Sized):
    _fields_ = [("size", c_size_t), ("isa", c_char_p), ("height", c_size_t), ("width", c_size_t),
                ("max_file_bytes", c_size_t), ("keep", c_char_p), ("precision", c_int),
                ("digest", c_bool), ("zeros", c_ubyte * 3), ("packed", c_char_p),
                ("allocator", c_void_p), ("progress", c_void_p), ("user", c_void_p),
                ("reserved", c_ubyte * 8)]


class ContextOptions(Sized):
    _fields_ = [("size", c_size_t), ("max_batch", c_size_t), ("threads", c_size_t),
                ("run", c_void_p), ("cancel", c_void_p), ("user", c_void_p),
                ("allocator", c_void_p), ("reserved", c_ubyte * 8)]


class OutputRequest(Sized):
    _fields_ = [("size", c_size_t), ("output", c_int), ("block", c_size_t), ("data", c_void_p),
                ("data_list", c_void_p), ("reserved", c_ubyte * 8)]


class Call(Sized):
    _fields_ = [("size", c_size_t), ("batch", c_size_t), ("images", c_void_p),
                ("outputs", POINTER(OutputRequest)), ("output_count", c_size_t),
                ("pixels", POINTER(Image)), ("preprocess", POINTER(ModelPreprocessConfig)),
                ("image_list", c_void_p), ("image_errors", POINTER(Error)),
                ("cancel_image", c_void_p), ("user", c_void_p), ("observe", c_void_p),
                ("reserved", c_ubyte * 8)]


class PreprocessOptions(Sized):
    _fields_ = [("size", c_size_t), ("parallel", POINTER(Parallel)), ("reserved", c_ubyte * 8)]


class PoolOptions(Sized):
    _fields_ = [("size", c_size_t), ("threads", c_size_t), ("stack_bytes", c_size_t),
                ("reserved", c_ubyte * 8)]


# The name of each struct in the headers.
STRUCTS: dict[str, type[ctypes.Structure]] = {
    "vit_error": Error,
    "vit_image": Image,
    "vit_parallel": Parallel,
    "vit_config": ModelConfig,
    "vit_preprocess_config": ModelPreprocessConfig,
    "vit_decode_options": DecodeOptions,
    "vit_model_options": ModelOptions,
    "vit_context_options": ContextOptions,
    "vit_output_request": OutputRequest,
    "vit_call": Call,
    "vit_preprocess_options": PreprocessOptions,
    "vit_pool_options": PoolOptions,
}

# enum vit_pixel_format. Statuses are in errors.py; outputs, precisions and the values of
# configurations are known by name at run time.
PIXEL_FORMAT_RGB, PIXEL_FORMAT_BGR, PIXEL_FORMAT_RGBA, PIXEL_FORMAT_GRAY = range(4)

_ERR = POINTER(Error)
_OUT = POINTER(c_void_p)
_SIZES = POINTER(c_size_t)
_FLOATS = POINTER(c_float)

# Of libvit: result, arguments. An opaque object is a c_void_p.
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "vit_version": (c_char_p, []),
    "vit_version_number": (c_uint, []),
    "vit_status_name": (c_char_p, [c_int]),
    "vit_model_open": (c_int, [c_char_p, POINTER(ModelOptions), _OUT, _ERR]),
    "vit_model_save_packed": (c_int, [c_void_p, c_char_p, _ERR]),
    "vit_model_verify_packed": (c_int, [c_void_p, _ERR]),
    "vit_model_free": (None, [c_void_p]),
    "vit_model_get_config": (c_int, [c_void_p, POINTER(ModelConfig), _ERR]),
    "vit_model_get_preprocess_config": (c_int, [c_void_p, POINTER(ModelPreprocessConfig), _ERR]),
    "vit_model_label": (c_char_p, [c_void_p, c_size_t]),
    "vit_model_label_description": (c_char_p, [c_void_p, c_size_t]),
    "vit_model_digest": (c_char_p, [c_void_p]),
    "vit_model_family": (c_char_p, [c_void_p]),
    "vit_model_parameter_count": (c_size_t, [c_void_p]),
    "vit_model_precision": (c_int, [c_void_p]),
    "vit_model_is_classifier": (c_bool, [c_void_p]),
    "vit_model_grid": (None, [c_void_p, _SIZES, _SIZES]),
    "vit_output_shape": (None, [c_void_p, c_int, c_size_t, _SIZES, _SIZES]),
    "vit_output_from_name": (c_int, [c_char_p, POINTER(c_int), _ERR]),
    "vit_value_name": (c_char_p, [c_char_p, c_int]),
    "vit_config_get": (c_int, [POINTER(ModelConfig), c_char_p, POINTER(c_double), _ERR]),
    "vit_context_create": (c_int, [c_void_p, POINTER(ContextOptions), _OUT, _ERR]),
    "vit_context_free": (None, [c_void_p]),
    "vit_forward_call": (c_int, [c_void_p, POINTER(Call), _ERR]),
    "vit_top_k": (c_int, [c_void_p, c_size_t, _FLOATS, _SIZES, _FLOATS, _ERR]),
    "vit_texts_open": (c_int, [c_char_p, _OUT, _ERR]),
    "vit_texts_create": (c_int, [c_size_t, c_size_t, _FLOATS, POINTER(c_char_p), _OUT, _ERR]),
    "vit_texts_free": (None, [c_void_p]),
    "vit_texts_count": (c_size_t, [c_void_p]),
    "vit_texts_width": (c_size_t, [c_void_p]),
    "vit_texts_name": (c_char_p, [c_void_p, c_size_t]),
    "vit_text_logits": (c_int, [c_void_p, c_void_p, c_size_t, _FLOATS, _FLOATS, _ERR]),
    "vit_text_top_k": (c_int, [c_void_p, c_void_p, c_size_t, _FLOATS, _SIZES, _FLOATS, _ERR]),
    "vit_preprocess_image": (c_int, [POINTER(ModelPreprocessConfig), POINTER(Image),
                                     POINTER(PreprocessOptions), _FLOATS, _ERR]),
    "vit_preprocess_pixels": (c_int, [POINTER(ModelPreprocessConfig), POINTER(Image),
                                      POINTER(PreprocessOptions), POINTER(Image), _ERR]),
    "vit_pool_create": (c_int, [POINTER(PoolOptions), _OUT, _ERR]),
    "vit_pool_run": (None, [c_void_p, c_size_t, c_void_p, c_void_p]),
    "vit_pool_threads": (c_size_t, [c_void_p]),
    "vit_pool_free": (None, [c_void_p]),
}

# Of libvit-image.
IMAGE_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "vit_image_decode": (c_int, [c_void_p, c_size_t, POINTER(DecodeOptions), POINTER(Image), _ERR]),
    "vit_image_decode_file": (c_int, [c_char_p, POINTER(DecodeOptions), POINTER(Image), _ERR]),
    "vit_image_free": (None, [POINTER(Image)]),
}


def declare(library: ctypes.CDLL, functions: dict[str, tuple[Any, list[Any]]]) -> None:
    """Sets the result and the arguments of each function. AttributeError: one is missing."""
    for name, (result, arguments) in functions.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
