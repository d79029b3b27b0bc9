"""tables.py - what bench-peers measures: tables of rows, each a request to bench/peers/run"""
import dataclasses

ROUNDS, FEW_ROUNDS = 15, 5
MODELS = {  # tokens, width, depth, patch, libraries besides PyTorch; DINOv2 and ViT-L are slow
    "vit_small_patch16_224": (197, 384, 12, 16, True),
    "vit_base_patch16_224": (197, 768, 12, 16, True),
    "vit_base_patch32_224": (50, 768, 12, 32, False),
    "vit_large_patch14_336": (577, 1024, 24, 14, False),
    "vit_base_patch14_dinov2": (1370, 768, 12, 14, False),
}
SLOW = ("vit_large_patch14_336", "vit_base_patch14_dinov2")
WIDTHS = {"vit_s": 384, "vit_b": 768, "vit_l": 1024}
LAYERS = {"qkv": (3, 1), "proj": (1, 1), "fc1": (4, 1), "fc2": (1, 4)}  # n and k, in widths
TOKENS = (50, 197, 577, 1370)
BATCHES = (1, 8)
LINEAR_ROWS = (50, 197, 577, 1370, 1576)
HEAD = 64
LOWER_ROWS = (197, 1576)  # of matmuls in float16 and int8
ONE_ROW = ("vit_b/fc1", 1, 3072, 768)
LOWER_MODELS = ("vit_small_patch16_224", "vit_base_patch16_224")
LOWER_LIBRARIES = ["libvit", "libvit float32", "ONNX Runtime", "ORT per channel", "ORT 7 bits"]


@dataclasses.dataclass(frozen=True)
class Row:
    """One row: its case in the results, the request, its operations, and runs for an estimate."""
    case: str
    request: dict
    operations: float = 0  # of one run on all threads
    elements: float = 0
    libraries: int = 4
    batch: int = 1
    threads: int = 1

    def seconds(self, peak, beside):
        """How long it takes, from the peak of one thread: most runs reach some 80 % of it, and a
        matmul runs several times before its first round."""
        states = 2 if beside else 1
        rounds = self.request["rounds"]
        one = self.operations / (0.8 * peak * self.threads)
        if self.request["kind"] == "scaling":
            return 1 + rounds * 1.6 * one
        if self.request["kind"] == "start":
            return 1 + (rounds + 1) * 5 * one
        if self.request["kind"] == "forward":
            pauses = 0.05 * rounds if self.threads > 1 else 0
            return 1 + self.libraries * (states * (one * rounds + pauses) + 2 * one)
        short = max(one, self.elements * 1e-9)
        runs = 1 if short > 4e-3 else 2  # one that does not count
        return 0.2 + self.libraries * (states * rounds * runs + 6) * max(short, 4e-3)


@dataclasses.dataclass(frozen=True)
class Table:
    name: str
    title: str
    unit: str  # "share", "ns" or "ms"
    rows: list
    without: tuple = ("PyTorch",)  # libraries that do not take part

    def seconds(self, peak, beside):
        return 5 + sum(row.seconds(peak, beside) for row in self.rows)


def matmul(case, m, n, k, rounds, **more):
    request = {"kind": "matmul", "m": m, "n": n, "k": k, "rounds": rounds} | more
    return Row(f"{case}/{m}x{n}x{k}", request, 2.0 * m * n * k,
               libraries=6 if more.get("precision") == "int8" else 4)


def linear_rows(rounds, ms=LINEAR_ROWS, widths=WIDTHS, **more):
    return [matmul(f"{model}/{layer}", m, n * WIDTHS[model], k * WIDTHS[model], rounds, **more)
            for m in ms for model in widths for layer, (n, k) in LAYERS.items()]


def float16_rows(rounds):
    return ([matmul(*ONE_ROW, rounds, precision="float16")] +
            linear_rows(rounds, LOWER_ROWS, precision="float16"))


def head_rows(rounds):
    return ([matmul("q_k", t, t, HEAD, rounds) for t in TOKENS] +
            [matmul("p_v", t, HEAD, t, rounds) for t in TOKENS])


# An odd shape, and the even one that it is compared with.
ODD = [("odd/197x65x768", "odd/197x64x768"), ("odd/197x129x768", "odd/197x128x768"),
       ("odd/197x193x768", "odd/197x192x768"), ("odd/50x50x64", "odd/64x64x64"),
       ("odd/50x64x50", "odd/64x64x64"), ("odd/50x768x768", "odd/48x768x768")]


def odd_rows(rounds):
    shapes = dict.fromkeys(name for pair in ODD for name in pair)
    return [matmul("odd", *map(int, name.split("/")[1].split("x")), rounds) for name in shapes]


def attention_rows(rounds):
    rows = []
    for tokens in TOKENS[1:]:
        for heads in (6, 12, 16):
            request = {"kind": "attention", "m": tokens, "n": heads, "k": HEAD, "rounds": rounds}
            rows.append(Row(f"attention/{tokens}x{heads}x{HEAD}", request,
                            4.0 * tokens * tokens * heads * HEAD, libraries=1))
    return rows


def row_rows(rounds):
    sizes = {"in_cache": (8, 768), "forward": (197, 768), "out_of_cache": (16384, 768)}
    cases = [(f"{kind}/{size}", kind, m, n) for kind in ("layernorm", "softmax", "gelu")
             for size, (m, n) in sizes.items()]
    cases += [(f"softmax/{t}x{t}", "softmax", t, t) for t in TOKENS[1:]]
    cases += [("gelu/197x3072", "gelu", 197, 3072)]
    return [Row(case, {"kind": kind, "m": m, "n": n, "rounds": rounds}, elements=m * n)
            for case, kind, m, n in cases]


def flops(model):
    """Multiply-adds count as two; the head and softmax are left out of the estimate's figure."""
    tokens, width, depth, patch, _ = MODELS[model]
    blocks = depth * (24.0 * tokens * width * width + 4.0 * tokens * tokens * width)
    return blocks + 2.0 * (tokens - 1) * 3 * patch * patch * width + 2.0 * width * 1000


def forward_rows(rounds, few, threads, models, batches, names=None, **more):
    rows = []
    for model in models:
        libraries = names or ["libvit", "ONNX Runtime"] + ["PyTorch"] * MODELS[model][4]
        for batch in batches:
            for count in range(1, threads + 1):
                request = {"kind": "forward", "model": model, "batch": batch, "threads": count,
                           "rounds": few if batch > 1 and model in SLOW else rounds,
                           "libraries": libraries} | more
                rows.append(Row(f"{model}/batch:{batch}/threads:{count}", request,
                                batch * flops(model), libraries=len(libraries), batch=batch,
                                threads=count))
    return rows


def scaling_rows(rounds, models, **more):
    rows = []
    for model in models:
        for pause in (True, False):
            request = {"kind": "scaling", "model": model, "batch": 1, "pause": pause,
                       "rounds": rounds} | more
            rows.append(Row(f"{model}/{'pauses' if pause else 'back_to_back'}", request,
                            flops(model), libraries=1))
    return rows


def lower_tables(threads, rounds, models, batches):
    """float16 and int8, each beside libvit in float32. OpenBLAS, BLIS and PyTorch have neither."""
    without = ("OpenBLAS", "BLIS", "PyTorch")
    alone = (*without, "oneDNN", "ONNX Runtime")
    models = [m for m in LOWER_MODELS if m in models]
    tables = [
        Table("int8", "int8 linear layers of ViT-S, -B, -L, quantizing included", "share",
              linear_rows(rounds, LOWER_ROWS, precision="int8"), without),
        Table("float16", "linear layers with float16 weights", "share", float16_rows(rounds),
              alone),
        Table("forward_int8", "forward passes with int8 linear layers", "ms",
              forward_rows(rounds, rounds, threads, models, batches, LOWER_LIBRARIES,
                           precision="int8"), (*without, "oneDNN")),
    ]
    if threads > 1:
        tables.append(Table("scaling_int8", "two threads over one, libvit in int8", "scaling",
                            scaling_rows(rounds, models, precision="int8"), alone))
    return tables


def all_tables(threads, rounds=None, models=None, batches=None):
    """Every table; rounds instead of 15 and 5; models and batches instead of all."""
    many, few = rounds or ROUNDS, rounds or FEW_ROUNDS
    models = [m for m in MODELS if m in (models or MODELS)]
    fast = [m for m in models if m not in SLOW]
    tables = [
        Table("linear", "linear layers of ViT-S, -B, -L", "share", linear_rows(many)),
        Table("heads", "Q·Kᵀ and P·V of one head", "share", head_rows(many)),
        Table("attention", "whole attention", "share", attention_rows(many),
              ("OpenBLAS", "BLIS", "oneDNN", "ONNX Runtime", "PyTorch")),
        Table("odd", "narrow and odd sizes", "share", odd_rows(many)),
        Table("rows", "row operations", "ns", row_rows(many), ("OpenBLAS", "BLIS")),
        Table("forward", "forward passes", "ms",
              forward_rows(many, few, threads, models, batches or BATCHES),
              ("OpenBLAS", "BLIS", "oneDNN")),
    ]
    if threads > 1:
        tables.append(Table("scaling", "two threads over one, libvit", "scaling",
                            scaling_rows(many, fast),
                            ("OpenBLAS", "BLIS", "oneDNN", "ONNX Runtime", "PyTorch")))
    start = [Row(m, {"kind": "start", "model": m, "rounds": many}, flops(m), libraries=1)
             for m in models if m == "vit_base_patch16_224"]
    tables.append(Table("start", "from the start of a program to its first logits", "start", start,
                        ("OpenBLAS", "BLIS", "oneDNN", "ONNX Runtime", "PyTorch")))
    return tables + lower_tables(threads, many, models, batches or BATCHES)


def beside_tables(rounds=None):
    """What is measured quiet and beside a neighbor."""
    rows = linear_rows(rounds or ROUNDS, (197, 1576), ("vit_s", "vit_b"))
    forward = forward_rows(rounds or ROUNDS, 0, 1, ["vit_small_patch16_224"], (1,))
    without = ("OpenBLAS", "BLIS", "oneDNN", "PyTorch")
    return [Table("linear", "linear layers of ViT-S and ViT-B", "beside", rows),
            Table("forward", "forward pass", "beside", forward, without)]


GROUPS = {"matmul": ("linear", "heads", "odd"),  # names for --only that mean several tables
          "lower": ("int8", "float16", "forward_int8", "scaling_int8")}


def select(tables, only):
    """The tables that a list of names means; KeyError has a name that none has."""
    names = {t.name for t in tables}
    wanted = []
    for name in only:
        found = [n for n in GROUPS.get(name, (name,)) if n in names]
        if not found:
            raise KeyError(name)
        wanted += found
    return [t for t in tables if t.name in wanted]
