# make_model.py - writes the models of the benchmarks with random weights: reads one request per
# line, answers each with one line
#
#   matmul MxNxK, layernorm|softmax|gelu MxN   writes DIRECTORY/KIND-NxK.onnx, whose number of rows
#                   is free, and the same with every size 1, which measures the overhead of a call
#   forward MODEL   writes DIRECTORY/MODEL/: a checkpoint in timm's layout, and model.onnx, which
#                   uses the checkpoint's bytes as its external weights
#   matmul-WAY, forward-WAY   the same in 8 bits, as quantize_dynamic of onnxruntime.quantization
#                   writes it: KIND-WAY-NxK.onnx, model-WAY.onnx. A WAY is one of WAYS
#   onnx            answers why model.onnx cannot be written; nothing if it can
import collections
import json
import os
import sys

try:
    import numpy
except ImportError as error:
    print("missing", " ".join(str(error).split()), flush=True)
    sys.exit()
try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    onnx, no_onnx = None, str(error)

DIRECTORY = sys.argv[1]

Size = collections.namedtuple(
    "Size", "architecture width depth heads patch image layer_scale", defaults=[False]
)
SIZES = {
    "vit_small_patch16_224": Size("vit_small_patch16_224", 384, 12, 6, 16, 224),
    "vit_base_patch16_224": Size("vit_base_patch16_224", 768, 12, 12, 16, 224),
    "vit_base_patch32_224": Size("vit_base_patch32_224", 768, 12, 12, 32, 224),
    "vit_large_patch14_336": Size("vit_large_patch14_224", 1024, 24, 16, 14, 336),
    "vit_base_patch14_dinov2": Size("vit_base_patch14_dinov2", 768, 12, 12, 14, 518, True),
}
CLASSES = 1000

# per_channel and reduce_range of quantize_dynamic: whether each output has a scale of its own, and
# whether weights have 7 bits, so that the sums of pairs fit in 16 bits without VNNI.
Way = collections.namedtuple("Way", "per_channel reduce_range")
WAYS = {
    "int8": Way(False, False),  # its defaults
    "int8-channels": Way(True, False),
    "int8-channels-7": Way(True, True),
}
RESULT_ROWS = 8  # that a matmul in 8 bits returns


def tokens_of(size):
    return 1 + (size.image // size.patch) ** 2


def tensors(size):
    """Names and shapes as in timm, and whether it is the weight of a norm."""
    width, depth = size.width, size.depth
    yield "cls_token", (1, 1, width), False
    yield "pos_embed", (1, tokens_of(size), width), False
    yield "patch_embed.proj.weight", (width, 3, size.patch, size.patch), False
    yield "patch_embed.proj.bias", (width,), False
    for i in range(depth):
        for name, rows, columns in (
            ("attn.qkv", 3 * width, width),
            ("attn.proj", width, width),
            ("mlp.fc1", 4 * width, width),
            ("mlp.fc2", width, 4 * width),
        ):
            yield f"blocks.{i}.{name}.weight", (rows, columns), False
            yield f"blocks.{i}.{name}.bias", (rows,), False
        if size.layer_scale:
            for name in "ls1", "ls2":
                yield f"blocks.{i}.{name}.gamma", (width,), True
        for name in "norm1", "norm2":
            yield f"blocks.{i}.{name}.weight", (width,), True
            yield f"blocks.{i}.{name}.bias", (width,), False
    yield "norm.weight", (width,), True
    yield "norm.bias", (width,), False
    yield "head.weight", (CLASSES, width), False
    yield "head.bias", (CLASSES,), False


def write_checkpoint(directory, model):
    """Weights are normal with a deviation of 0.02, cut at two; those of norms 1 ± 0.1."""
    size = SIZES[model]
    header, end = {}, 0
    for name, shape, _ in tensors(size):
        begin, end = end, end + 4 * int(numpy.prod(shape))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    random = numpy.random.default_rng(1)
    with open(f"{directory}/model.safetensors", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, shape, norm in tensors(size):
            values = random.standard_normal(shape, dtype=numpy.float32).clip(-2, 2)
            values = values * numpy.float32(0.1) + 1 if norm else values * numpy.float32(0.02)
            file.write(values.astype("<f4").tobytes())
    with open(f"{directory}/config.json", "w") as file:
        arguments = {"img_size": size.image, "num_classes": CLASSES}
        json.dump(
            {
                "architecture": size.architecture,
                "num_classes": CLASSES,
                "model_args": arguments,
                "pretrained_cfg": {"input_size": [3, size.image, size.image]},
            },
            file,
        )


class Graph:
    """An ONNX graph: nodes in the order of creation; results are referred to by name."""

    def __init__(self, header=None, start=0, way=None, path=None):
        self.nodes, self.initializers, self.header, self.start = [], [], header, start
        self.way, self.path = way, path

    def node(self, kind, *inputs, outputs=1, **attributes):
        names = [f"{kind}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, values):
        name = f"constant_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(numpy.asarray(values), name))
        return name

    def weight(self, name):
        """A tensor of the checkpoint, read in place."""
        begin, end = self.header[name]["data_offsets"]
        shape = self.header[name]["shape"]
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (
            ("location", "model.safetensors"),
            ("offset", self.start + begin),
            ("length", end - begin),
        ):
            tensor.external_data.add(key=key, value=str(value))
        self.initializers.append(tensor)
        return name

    def values(self, name):
        """A tensor of the checkpoint."""
        begin, end = self.header[name]["data_offsets"]
        count = (end - begin) // 4
        found = numpy.fromfile(self.path, "<f4", count, offset=self.start + begin)
        return found.reshape(self.header[name]["shape"])

    def quantized(self, w):
        """w[k][n] in 8 bits, its scale and its zero point, which is 0."""
        limit = numpy.abs(w).max(axis=0 if self.way.per_channel else None)
        most = 64 if self.way.reduce_range else 127
        scale = (limit / numpy.float32(most)).astype(numpy.float32)
        q = numpy.rint(w / scale).clip(-most, most).astype(numpy.int8)
        return [self.constant(v) for v in (q, scale, numpy.zeros_like(scale, numpy.int8))]

    def multiply(self, x, w):
        """x · w in 8 bits; ONNX Runtime fuses the nodes into DynamicQuantizeMatMul."""
        q, scale, zero = self.node("DynamicQuantizeLinear", x, outputs=3)
        weight, weight_scale, weight_zero = self.quantized(w)
        sums = self.node("MatMulInteger", q, weight, zero, weight_zero)
        scales = self.node("Mul", scale, weight_scale)
        return self.node("Mul", self.node("Cast", sums, to=TensorProto.FLOAT), scales)

    def save(self, path, x, y):
        self.nodes[-1].output[0] = "y"
        graph = helper.make_graph(
            self.nodes,
            "model",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, y)],
            self.initializers,
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        onnx.save(model, path + ".new")
        os.replace(path + ".new", path)  # a program that is cut leaves no part of a model

    # the layers of a Vision Transformer; ONNX Runtime folds constant nodes when it loads

    def linear(self, x, name):
        if self.way:
            y = self.multiply(x, self.values(name + ".weight").T)
            return self.node("Add", y, self.weight(name + ".bias"))
        weight = self.node("Transpose", self.weight(name + ".weight"), perm=[1, 0])
        return self.node("Add", self.node("MatMul", x, weight), self.weight(name + ".bias"))

    def norm(self, x, name):
        weight, bias = self.weight(name + ".weight"), self.weight(name + ".bias")
        return self.node("LayerNormalization", x, weight, bias, epsilon=1e-6)

    def gelu(self, x):
        """The form that exporters write; ONNX Runtime fuses it with the bias before it."""
        erf = self.node("Erf", self.node("Div", x, self.constant(numpy.float32(2**0.5))))
        half = self.node("Mul", x, self.node("Add", erf, self.constant(numpy.float32(1))))
        return self.node("Mul", half, self.constant(numpy.float32(0.5)))

    def attention(self, x, name, heads):
        """ONNX Runtime's own operator: it does not recognize the form that exporters write."""
        if self.way:
            q, scale, zero = self.node("DynamicQuantizeLinear", x, outputs=3)
            weight, weight_scale, weight_zero = self.quantized(self.values(name + ".weight").T)
            inputs = [q, weight, self.weight(name + ".bias"), scale, weight_scale, "", zero]
            return self.node(
                "QAttention", *inputs, weight_zero, domain="com.microsoft", num_heads=heads
            )
        weight = self.node("Transpose", self.weight(name + ".weight"), perm=[1, 0])
        bias = self.weight(name + ".bias")
        return self.node("Attention", x, weight, bias, domain="com.microsoft", num_heads=heads)


def write_forward(directory, model, header, start, way):
    size = SIZES[model]
    width, tokens, patch = size.width, tokens_of(size), size.patch
    g = Graph(header, start, WAYS.get(way), f"{directory}/model.safetensors")
    kernel, bias = g.weight("patch_embed.proj.weight"), g.weight("patch_embed.proj.bias")
    patches = g.node("Conv", "x", kernel, bias, kernel_shape=[patch, patch], strides=[patch, patch])
    patches = g.node("Reshape", patches, g.constant([0, width, tokens - 1]))
    patches = g.node("Transpose", patches, perm=[0, 2, 1])

    def scaled(y, name):
        return g.node("Mul", y, g.weight(name)) if size.layer_scale else y

    batch = g.node("Shape", "x", start=0, end=1)
    shape = g.node("Concat", batch, g.constant([1, width]), axis=0)
    token = g.node("Expand", g.weight("cls_token"), shape)
    x = g.node("Add", g.node("Concat", token, patches, axis=1), g.weight("pos_embed"))
    for i in range(size.depth):
        b = f"blocks.{i}."
        mixed = g.attention(g.norm(x, b + "norm1"), b + "attn.qkv", size.heads)
        x = g.node("Add", x, scaled(g.linear(mixed, b + "attn.proj"), b + "ls1.gamma"))
        hidden = g.gelu(g.linear(g.norm(x, b + "norm2"), b + "mlp.fc1"))
        x = g.node("Add", x, scaled(g.linear(hidden, b + "mlp.fc2"), b + "ls2.gamma"))
    first = g.node("Gather", g.norm(x, "norm"), g.constant(0), axis=1)
    g.linear(first, "head")
    images = ["batch", 3, size.image, size.image]
    g.save(f"{directory}/{model_file(way)}", images, ["batch", CLASSES])


def model_file(way):
    return "-".join(filter(None, ("model", way))) + ".onnx"


def mix(x):
    x = (x ^ x >> 16) * numpy.uint32(0x7FEB352D)
    x = (x ^ x >> 15) * numpy.uint32(0x846CA68B)
    return x ^ x >> 16


def normal_weights(n, k):
    """fill_weights of peers.h"""
    i = 3 * (numpy.arange(n * k, dtype=numpy.uint32) + numpy.uint32(1 << 30))
    sums = sum((mix(i + numpy.uint32(j)) >> s) & 255 for j in range(3) for s in (0, 8, 16, 24))
    return (sums.astype(numpy.float32) - 1530).reshape(n, k) / numpy.float32(768)


def floats(*shape):
    i = numpy.arange(numpy.prod(shape)) * 7919 % 1009
    return (i.astype(numpy.float32) / numpy.float32(504) - 1).reshape(shape)


def write_kernel(path, kind, way, n, k=1):
    g = Graph(way=WAYS.get(way))
    if way:
        y = g.multiply("x", normal_weights(n, k).T)
    elif kind == "matmul":
        y = g.node("MatMul", "x", g.constant(floats(k, n)))
    elif kind == "layernorm":
        gamma, beta = g.constant(floats(n)), g.constant(floats(n))
        y = g.node("LayerNormalization", "x", gamma, beta, epsilon=1e-6)
    elif kind == "softmax":
        y = g.node("Softmax", "x", axis=-1)
    else:
        y = g.node("Gelu", "x", domain="com.microsoft")
    # the output is a few rows: node would copy a whole matrix into new memory at every run
    g.node("Slice", y, g.constant([0]), g.constant([RESULT_ROWS if way else 1]))
    g.save(path, ["m", k if kind == "matmul" else n], ["rows" if way else 1, n])


def current(path):
    return os.path.exists(path) and os.path.getmtime(path) > os.path.getmtime(__file__)


def read_header(path):
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(length)), 8 + length


def make_forward(directory, model, way):
    """The checkpoint is written once, the models of every way from it."""
    os.makedirs(directory, exist_ok=True)
    if not current(f"{directory}/config.json"):
        write_checkpoint(directory, model)
    if onnx and not current(f"{directory}/{model_file(way)}"):
        write_forward(directory, model, *read_header(f"{directory}/model.safetensors"), way)


def make(kind, what):
    kind, _, way = kind.partition("-")
    if way and way not in WAYS:
        raise ValueError(f"expected a way among {', '.join(WAYS)}, found {way}")
    if kind == "forward":
        make_forward(f"{DIRECTORY}/{what}", what, way)
    else:
        sizes = [int(size) for size in what.split("x")]
        for shape in (sizes[1:], [1 for _ in sizes[1:]]):
            name = "-".join(filter(None, (kind, way, "x".join(map(str, shape)))))
            path = f"{DIRECTORY}/{name}.onnx"
            if not current(path):
                write_kernel(path, kind, way, *shape)


os.makedirs(DIRECTORY, exist_ok=True)
print("ready", numpy.__version__, flush=True)
for line in sys.stdin:
    if line.strip() == "onnx":
        print("ok", "" if onnx else no_onnx, flush=True)
        continue
    try:
        make(*line.split())
        print("ok", flush=True)
    except Exception as error:
        print("error", repr(error).replace("\n", " "), flush=True)
