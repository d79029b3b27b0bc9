# pytorch.py - PyTorch as a process for the benchmarks: reads one request per line, answers each
# with one line
#
#   layernorm|softmax|gelu ID MxN, forward ID MODEL BATCH THREADS   prepares a job
#   run ID REPEATS   answers the seconds, minus what as many calls with every size 1 take
#   logits ID        answers the logits of the last run
#   forget ID        frees the job
import collections
import ctypes
import json
import statistics
import sys
import time

try:
    import numpy
    import torch
    from torch.nn import functional as F
except ImportError as error:
    print("missing", " ".join(str(error).split()), flush=True)
    sys.exit()

DIRECTORY = sys.argv[1]
jobs = {}


def floats(*shape):
    i = numpy.arange(numpy.prod(shape)) * 7919 % 1009
    return torch.from_numpy(i.astype(numpy.float32) / numpy.float32(504) - 1).reshape(shape)


def set_threads(threads):
    torch.set_num_threads(threads)
    try:  # the BLAS may have its own threads
        ctypes.CDLL("libopenblas.so.0").openblas_set_num_threads(threads)
    except (OSError, AttributeError):
        pass


def kernel(kind, m, n):
    x = floats(m, n)
    gamma, beta = floats(n), floats(n)
    return {
        "layernorm": lambda: F.layer_norm(x, (n,), gamma, beta, 1e-6),
        "softmax": lambda: torch.softmax(x, -1),
        "gelu": lambda: F.gelu(x),
    }[kind]


def load(model):
    data = numpy.fromfile(f"{DIRECTORY}/{model}/model.safetensors", numpy.uint8)
    start = 8 + int(data[:8].view("<u8")[0])
    header = json.loads(data[8:start].tobytes())
    tensors = {}
    for name, tensor in header.items():
        begin, end = tensor["data_offsets"]
        values = data[start + begin : start + end].view("<f4").reshape(tensor["shape"])
        tensors[name] = torch.from_numpy(values)
    return tensors


def vit(w, images):
    def linear(x, name):
        return F.linear(x, w[name + ".weight"], w[name + ".bias"])

    def norm(x, name):
        return F.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"], 1e-6)

    batch, width = len(images), w["cls_token"].shape[2]
    depth = sum(name.endswith("norm1.bias") for name in w)
    patches = F.conv2d(
        images, w["patch_embed.proj.weight"], w["patch_embed.proj.bias"], stride=16
    ).flatten(2)
    x = torch.cat([w["cls_token"].expand(batch, 1, width), patches.transpose(1, 2)], 1)
    x = x + w["pos_embed"]
    for i in range(depth):
        b = f"blocks.{i}."
        qkv = linear(norm(x, b + "norm1"), b + "attn.qkv").reshape(batch, -1, 3, width // 64, 64)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        scores = ((q * 64**-0.5) @ k.transpose(-2, -1)).softmax(-1)
        heads = (scores @ v).transpose(1, 2).reshape(batch, -1, width)
        x = x + linear(heads, b + "attn.proj")
        hidden = F.gelu(linear(norm(x, b + "norm2"), b + "mlp.fc1"))
        x = x + linear(hidden, b + "mlp.fc2")
    return linear(norm(x[:, 0], "norm"), "head")


class Kernel:
    def __init__(self, kind, shape):
        sizes = [int(size) for size in shape.split("x")]
        self.call = kernel(kind, *sizes)
        self.empty = kernel(kind, *[1 for _ in sizes])
        self.overheads = collections.deque(maxlen=15)

    def run(self, repeats):
        set_threads(1)
        seconds = self.time(self.call, repeats)
        return seconds - repeats * self.overhead()

    def overhead(self):
        """The median of the last, so that one interruption does not make a result too small."""
        self.overheads.append(self.time(self.empty, 32) / 32)
        while len(self.overheads) < self.overheads.maxlen:
            self.overheads.append(self.time(self.empty, 32) / 32)
        return statistics.median(self.overheads)

    @staticmethod
    def time(call, repeats):
        begin = time.perf_counter()
        for _ in range(repeats):
            call()
        return time.perf_counter() - begin


class Forward:
    def __init__(self, model, batch, threads):
        self.weights, self.threads = load(model), int(threads)
        self.images = floats(int(batch), 3, 224, 224)

    def run(self, repeats):
        set_threads(self.threads)
        begin = time.perf_counter()
        for _ in range(repeats):
            self.logits = vit(self.weights, self.images)
        return time.perf_counter() - begin


def answer(command, job, *rest):
    if command == "forward":
        jobs[job] = Forward(*rest)
    elif command == "run":
        return jobs[job].run(int(rest[0]))
    elif command == "result":
        return " ".join(map(repr, jobs[job].logits.flatten().tolist()))
    elif command == "forget":
        del jobs[job]
    else:
        jobs[job] = Kernel(command, rest[0])
    return ""


level = torch.__config__.show().split("CPU capability usage: ")[1].split()[0]
with open("/proc/self/maps") as maps:
    blas = {line.split("/")[-2] for line in maps if "libopenblas" in line}
print("ready", torch.__version__, level.lower(), *blas, flush=True)
with torch.inference_mode():
    for line in sys.stdin:
        try:
            print("ok", answer(*line.split()), flush=True)
        except Exception as error:
            print("error", repr(error).replace("\n", " "), flush=True)
