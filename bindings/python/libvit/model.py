"""model.py - a Vision Transformer: open it, classify, embed, look inside"""
from __future__ import annotations

import ctypes
import functools
import os
from typing import Any, Sequence, TypedDict, overload

import numpy as np
import numpy.typing as npt

from . import _abi
from ._attention import rollout, weights_of_block
from ._forward import Floats, Input, forward, image_input, is_tensor, tensor_input
from ._images import Decoding, as_list, name_of
from ._library import call, encode_path, encode_text, enum_value, libvit
from ._runtime import Runtime
from ._scores import rank, rank_texts
from .config import Config, PreprocessConfig
from .errors import FormatError, InvalidArgumentError
from .preprocessing import Processor
from .texts import Texts


class Prediction(TypedDict):
    """One class of one image, as Hugging Face's pipelines have it."""

    label: str
    score: float


def _layers(keep: str | Sequence[str]) -> str | None:
    """The names as the library takes them; a string has them as on the command line."""
    return (keep if isinstance(keep, str) else ",".join(keep)) or None


class VisionTransformer:
    """A model that is open. Any number of threads may use it at the same time.

    x, in the methods below, is float32 [batch, channels, height, width], contiguous and normalized,
    as `processor` returns it; or uint8 [batch, height, width, channels] at the model's own size,
    which is normalized while it is read. Arrays are read where they are. A batch may have any
    length: results do not depend on it, nor on threads or the instruction set.

    Arrays of torch on the CPU are accepted too: they share their memory with numpy.
    """

    def __init__(self, path: str | os.PathLike[str], *, precision: str = "float32",
                 threads: int | None = None, size: int | tuple[int, int] | None = None,
                 isa: str | None = None, keep: str | Sequence[str] = (), max_file_bytes: int = 0,
                 max_pixels: int = 0, exif_orientation: bool | None = None,
                 packed: str | os.PathLike[str] | None = None, digest: bool = False) -> None:
        self._path = os.fspath(path)
        self._packed = None if packed is None else os.fspath(packed)
        self._arguments = dict(precision=precision, threads=threads, size=size, isa=isa, keep=keep,
                               max_file_bytes=max_file_bytes, max_pixels=max_pixels,
                               exif_orientation=exif_orientation, digest=digest)
        height, width = (size, size) if isinstance(size, int) else size or (0, 0)
        for name, value in (("threads", threads), ("size", min(height, width)),
                            ("max_file_bytes", max_file_bytes), ("max_pixels", max_pixels)):
            if value is not None and value < 0:
                raise InvalidArgumentError(f"{name}: expected 0 or more, found {value}")
        options = _abi.ModelOptions(isa=encode_text("isa", isa), height=height, width=width,
                                    max_file_bytes=max_file_bytes,
                                    keep=encode_text("keep", _layers(keep)),
                                    precision=enum_value("precision", precision),
                                    packed=None if packed is None else encode_path(packed),
                                    digest=digest)
        self._runtime = Runtime(encode_path(path), options, threads or 0)
        self._read(max_pixels, exif_orientation)

    @classmethod
    def from_folder(cls, path: str | os.PathLike[str], *, precision: str = "float32",
                    threads: int | None = None, size: int | tuple[int, int] | None = None,
                    isa: str | None = None, keep: str | Sequence[str] = (), max_file_bytes: int = 0,
                    max_pixels: int = 0, exif_orientation: bool | None = None,
                    packed: str | os.PathLike[str] | None = None,
                    digest: bool = False) -> VisionTransformer:
        """Opens a checkpoint's directory, as its authors publish it (docs/models.md).

        precision         "float32", "float16" or "int8": README.md, "Lower precision"
        threads           of each call; None or 0: the least of cpuset, CPU quotas and
                          OMP_NUM_THREADS
        size              (height, width) to compute at, or one number for both; None: the
                          checkpoint's
        isa               the instruction set; None: VIT_ISA or the best. Results are the same
        keep              linear layers that stay in float32, such as ["blocks.5.fc2", "head"],
                          or "blocks.5.fc2,head"
        max_file_bytes    of each file of the checkpoint; 0: no limit
        max_pixels        of an image file; 0: 89478485
        exif_orientation  whether files and PIL images are turned as their EXIF orientation says;
                          None: as the model's own pipeline does
        packed            a file of save_packed, which is mapped in place of reading weights, and
                          which all processes share. StaleError: it is not of this model, of these
                          options, of this version or of this CPU's level
        digest            whether `digest` is computed, which reads the files of weights again;
                          with `packed` it costs nothing
        """
        return cls(path, precision=precision, threads=threads, size=size, isa=isa, keep=keep,
                   max_file_bytes=max_file_bytes, max_pixels=max_pixels,
                   exif_orientation=exif_orientation, packed=packed, digest=digest)

    def _read(self, max_pixels: int, exif_orientation: bool | None) -> None:
        """What does not change: the configuration, labels, preprocessing."""
        library = self._runtime.library
        config, preprocess = _abi.ModelConfig(), _abi.ModelPreprocessConfig()
        with self._runtime.use() as model:
            call(library.vit_model_get_config, model, ctypes.byref(config))
            call(library.vit_model_get_preprocess_config, model, ctypes.byref(preprocess))
            digest = library.vit_model_digest(model)
            # identifies the model's files: 64 hexadecimal digits; None without the option
            self.digest: str | None = None if digest is None else digest.decode()
            self.family: str = library.vit_model_family(model).decode()
            self.parameter_count: int = library.vit_model_parameter_count(model)
            self.is_classifier: bool = library.vit_model_is_classifier(model)
            self.labels: tuple[str | None, ...] = tuple(
                _text(library.vit_model_label(model, i)) for i in range(config.classes))
            self.label_descriptions: tuple[str | None, ...] = tuple(
                _text(library.vit_model_label_description(model, i)) for i in range(config.classes))
            self.precision: str = _name("precision", library.vit_model_precision(model))
            rows, columns = ctypes.c_size_t(), ctypes.c_size_t()
            library.vit_model_grid(model, ctypes.byref(rows), ctypes.byref(columns))
        self.grid: tuple[int, int] = (rows.value, columns.value)
        self.config = Config(**_values(config, Config))
        if exif_orientation is not None:
            preprocess.exif_orientation = exif_orientation
        self.processor = Processor(self._runtime, preprocess,
                                   PreprocessConfig(**_values(preprocess, PreprocessConfig)),
                                   Decoding(preprocess.exif_orientation, max_pixels))

    def __repr__(self) -> str:
        c = self.config
        return (f"VisionTransformer({self._path!r}, family={self.family!r}, {c.depth} blocks of "
                f"{c.dim}, {c.channels} × {c.height} × {c.width}, precision={self.precision!r})")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled, a model is its path and its options: another process opens it again."""
        path = os.path.abspath(self._path)
        packed = None if self._packed is None else os.path.abspath(self._packed)
        return functools.partial(type(self).from_folder, path, packed=packed,
                                 **self._arguments), ()

    def __enter__(self) -> VisionTransformer:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Frees the model, once no call uses it any more. Otherwise the garbage collector does."""
        self._runtime.close()

    def release_contexts(self) -> None:
        """Frees the memory for activations. The model keeps that of as many calls as have run at
        the same time, for the next ones."""
        self._runtime.release_contexts()

    def save_packed(self, path: str | os.PathLike[str]) -> None:
        """Writes the packed weights as this model has them, for `packed` of from_folder. The file
        appears complete or not at all; models that use an older one there do not notice.

        StaleError: a file of weights was changed since the model was opened. InvalidArgumentError:
        the path is a directory, a link, a device or a file that is not one of packed weights.
        """
        with self._runtime.use() as model:
            call(self._runtime.library.vit_model_save_packed, model, encode_path(path))

    def verify_packed(self) -> None:
        """Reads the whole file that `packed` named, and the files of weights that it was made from.
        StaleError: a digest differs. InvalidArgumentError: the model has no such file."""
        with self._runtime.use() as model:
            call(self._runtime.library.vit_model_verify_packed, model)

    @property
    def threads(self) -> int:
        """The threads of a call."""
        return self._runtime.threads

    # --- forward passes

    def __call__(self, x: Any) -> Floats:
        """Logits: float32 [batch, classes]."""
        return self._forward(x, ("logits", 0))[0]

    def forward_features(self, x: Any) -> Floats:
        """The last hidden state: float32 [batch, tokens, dim], after the final norm unless that
        follows the pooling. Tokens are the class token, the distillation token, the registers and
        the patches row by row, those that the model has."""
        return self._forward(x, ("last_hidden_state", 0))[0]

    def forward_embedding(self, x: Any) -> Floats:
        """The input of the head: float32 [batch, embedding], after pooling and the final norm."""
        return self._forward(x, ("embedding", 0))[0]

    def get_intermediate_layers(self, x: Any, n: int | Sequence[int] = 1, *, reshape: bool = False,
                                return_prefix_tokens: bool = False) -> list[Any]:
        """The patch tokens after some blocks, from one pass, before the final norm: as timm's.

        n                     the last n blocks, or their indices
        reshape               float32 [batch, dim, rows, columns] instead of [batch, patches, dim]
        return_prefix_tokens  (patches, prefix) instead, prefix being the tokens before the patches
        """
        depth, (rows, columns) = self.config.depth, self.grid
        if n in (0, [], ()) or isinstance(n, int) and not 1 <= n <= depth:
            raise InvalidArgumentError(f"n: expected 1 to {depth} or indices of blocks, found {n}")
        blocks = [self._block(b) for b in (range(-n, 0) if isinstance(n, int) else n)]
        layers: list[Any] = []
        for tokens in self._forward(x, *(("block", b) for b in blocks)):
            prefix = tokens.shape[1] - rows * columns
            patches = tokens[:, prefix:]
            if reshape:
                patches = patches.reshape(-1, rows, columns, tokens.shape[2]).transpose(0, 3, 1, 2)
            layers.append((patches, tokens[:, :prefix]) if return_prefix_tokens else patches)
        return layers

    def attention(self, x: Any, block: int = -1) -> Floats:
        """The attention weights of a block: float32 [batch, heads, tokens, tokens]."""
        return self._forward(x, ("attention", self._block(block)))[0]

    def output(self, x: Any, name: str, block: int = 0) -> Floats:
        """Any output of enum vit_output by its name, such as "patch_embedding" or "t2t_block"."""
        return self._forward(x, (name, block))[0]

    # --- images

    def encode_image(self, images: Any, normalize: bool = False) -> Floats:
        """Vectors for search: float32 [images, embedding].

        Those of a model whose head is a projection (CLIP) are projected; others are the input of
        the head, as `libvit features` writes it. normalize: their Euclidean length becomes 1.
        """
        projects = self.config.classes > 0 and not self.is_classifier
        output = "logits" if projects else "embedding"
        vectors = self._forward(self._images(images), (output, 0))[0]
        finite = np.isfinite(vectors).all(axis=1)
        if not finite.all():
            i = int(np.argmin(finite))
            raise FormatError(f"images[{i}]: expected finite features, found others; check the "
                              "image and the weights")
        return _normalized(vectors) if normalize else vectors

    @overload
    def classify(self, images: list[Any] | tuple[Any, ...], top_k: int | None = 5, *,
                 texts: Texts | str | os.PathLike[str] | None = None
                 ) -> list[list[Prediction]]: ...

    @overload
    def classify(self, images: Any, top_k: int | None = 5, *,
                 texts: Texts | str | os.PathLike[str] | None = None) -> Any: ...

    def classify(self, images: Any, top_k: int | None = 5, *,
                 texts: Texts | str | os.PathLike[str] | None = None) -> Any:
        """The best classes of an image, [{"label": ..., "score": ...}, ...], best first; of several
        images a list of such lists. Scores are those of `libvit classify`, to the digit. A class
        without a label is "LABEL_3". top_k: how many; None: all.

        texts  vectors of texts in place of a head's classes (zero-shot), or their file, which is
               then read in each call. Scores are a softmax over the texts (CLIP), the sigmoid of
               each (SigLIP), or the cosine, of a checkpoint without logit_scale.
               InvalidArgumentError: their width is not that of the model's vectors, or its head
               classifies
        """
        if top_k is not None and top_k < 1:
            raise InvalidArgumentError(f"top_k: expected 1 or more, found {top_k}")
        items, single = (images, False) if is_tensor(images) else as_list(images)
        if texts is not None:
            results = self._classify_texts(
                items, top_k, texts if isinstance(texts, Texts) else Texts(texts))
            return results[0] if single else results
        if not self.is_classifier:
            raise InvalidArgumentError(
                "classify: expected a model with a head that classifies, found "
                + (f"a projection to {self.config.classes} numbers" if self.config.classes else
                   "one without a head")
                + "; encode_image returns its vectors, which texts are compared with")
        logits = self._forward(self._images(items), ("logits", 0))[0]
        results = [[Prediction(label=self.labels[c] or f"LABEL_{c}", score=score)
                    for c, score in rank(self._runtime, row, top_k, name_of(items[i], i))]
                   for i, row in enumerate(logits)]
        return results[0] if single else results

    def _classify_texts(self, items: Any, top_k: int | None,
                        texts: Texts) -> list[list[Prediction]]:
        return [[Prediction(label=texts.names[t], score=score)
                 for t, score in rank_texts(self._runtime, texts, vector, top_k,
                                           name_of(items[i], i))]
                for i, vector in enumerate(self.encode_image(items))]

    def attention_map(self, images: Any, block: int | str = -1,
                      head: int | None = None) -> npt.NDArray[np.float64]:
        """What the model looks at: float64 [images, rows, columns], of the grid of patches.

        The weights with which the class token attends to each patch; without a class token the
        mean over all tokens. The numbers of `libvit attention`.

        block  its index, or "rollout": the product over all blocks of (A + I)/2, A being the mean
               of a block's heads (Abnar & Zuidema 2020)
        head   its index; None: the mean of all
        """
        heads, depth = self.config.heads, self.config.depth
        everything = block == "rollout"
        if head is not None and (everything or not 0 <= head < heads):
            raise InvalidArgumentError(
                "head: expected " + ("None with the rollout" if everything else
                                     f"0 to {heads - 1} or None") + f", found {head}")
        if isinstance(block, str) and not everything:
            raise InvalidArgumentError(f"block: expected an index or 'rollout', found {block!r}")
        last = self._block(-1 if isinstance(block, str) else block)
        blocks = range(depth) if everything else [last]
        source = self._images(images)
        rows, columns = self.grid
        maps = np.empty((source.batch, rows, columns))
        has_class_token = self.config.class_tokens != "none"
        for i in range(source.batch):  # one at a time: the weights of all blocks are large
            found = self._forward(source.only(i), *(("attention", b) for b in blocks))
            weights = [w[0] for w in found]
            row = (rollout(weights, has_class_token) if everything else
                   weights_of_block(weights[0], head, has_class_token))
            if not np.isfinite(row).all():
                raise FormatError(f"images[{i}]: expected finite weights, found others; check the "
                                  "image and the model's weights")
            maps[i] = row[-rows * columns:].reshape(rows, columns)
        return maps

    # --- inside

    def _block(self, block: int) -> int:
        depth = self.config.depth
        if depth == 0:
            raise InvalidArgumentError("block: expected a model with blocks, found one without")
        if not -depth <= block < depth:
            raise InvalidArgumentError(f"block: expected {-depth} to {depth - 1}, found {block}")
        return block % depth

    def _images(self, images: Any) -> Input:
        return image_input(images, self.config, self.processor)

    def _forward(self, x: Any, *outputs: tuple[str, int]) -> list[Floats]:
        source = x if isinstance(x, Input) else tensor_input(x, self.config)
        return forward(self._runtime, source, outputs)


def _text(text: bytes | None) -> str | None:
    return None if text is None else text.decode("utf-8", "replace")


def _name(field: str, value: int) -> str:
    name = libvit().vit_value_name(field.encode(), value)
    return str(value) if name is None else str(name.decode())


def _values(struct: ctypes.Structure, config: type) -> dict[str, Any]:
    """The fields of a struct for its dataclass; enums by name, arrays as tuples."""
    values = {}
    for name, kind in ((f, config.__annotations__[f]) for f in config.__annotations__):
        value = getattr(struct, name)
        values[name] = (_name(name, value) if kind == "str" else
                        tuple(value) if isinstance(value, ctypes.Array) else value)
    return values


def _normalized(vectors: Floats) -> Floats:
    """Each row divided by its length, in double; summed in order, so that it has one answer."""
    squares = vectors.astype(np.float64) ** 2
    lengths = np.sqrt(np.add.accumulate(squares, axis=1)[:, -1:])
    unit: Floats = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit
