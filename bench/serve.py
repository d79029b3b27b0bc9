"""serve.py BUILD [SECONDS] - libvit serve under load, beside the forward pass alone

Serves a ViT-S/16 with weights of no meaning, and asks with 1, 4, 16 and 64 connections, by wrk.
Each request has an image as float32 behind the JSON. Prints the requests per second, the median and
the 99th percentile of the latency, and what `libvit bench` computes alone in batches as large as
the server formed, in the same round. The client runs on the same machine, and its time counts too.
"""
import array
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import urllib.request

DIM, DEPTH, CLASSES, SIDE, PATCH = 384, 12, 1000, 224, 16
ROUNDS = 3


def shapes():
    """Tensors by timm's names."""
    tokens = (SIDE // PATCH) ** 2 + 1
    yield "cls_token", (1, 1, DIM)
    yield "pos_embed", (1, tokens, DIM)
    yield "patch_embed.proj.weight", (DIM, 3, PATCH, PATCH)
    yield "patch_embed.proj.bias", (DIM,)
    for block in range(DEPTH):
        for name, rows, columns in (("attn.qkv", 3 * DIM, DIM), ("attn.proj", DIM, DIM),
                                    ("mlp.fc1", 4 * DIM, DIM), ("mlp.fc2", DIM, 4 * DIM)):
            yield f"blocks.{block}.{name}.weight", (rows, columns)
            yield f"blocks.{block}.{name}.bias", (rows,)
        for name in ("norm1", "norm2"):
            yield f"blocks.{block}.{name}.weight", (DIM,)
            yield f"blocks.{block}.{name}.bias", (DIM,)
    for name, shape in (("norm.weight", (DIM,)), ("norm.bias", (DIM,)),
                        ("head.weight", (CLASSES, DIM)), ("head.bias", (CLASSES,))):
        yield name, shape


def numbers(count):
    """Floats of a congruence, between -0.02 and 0.02, which repeat."""
    some = array.array("f", (((i * 7919) % 4093 / 2046.5 - 1) * 0.02 for i in range(4093)))
    return (some.tobytes() * (count // len(some) + 1))[:4 * count]


def write_model(directory):
    header, data = {}, []
    at = 0
    for name, shape in shapes():
        count = 1
        for size in shape:
            count *= size
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + 4 * count]}
        data.append(numbers(count))
        at += 4 * count
    text = json.dumps(header).encode()
    with open(f"{directory}/model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.writelines(data)
    with open(f"{directory}/config.json", "w", encoding="utf-8") as file:
        json.dump({"architecture": "vit_small_patch16_224", "num_classes": CLASSES}, file)


def write_request(directory):
    """The script of wrk, and the body that it sends."""
    size = 4 * 3 * SIDE * SIDE
    text = json.dumps({"inputs": [{"name": "pixel_values", "shape": [1, 3, SIDE, SIDE],
                                   "datatype": "FP32", "parameters": {"binary_data_size": size}}],
                       "outputs": [{"name": "logits", "parameters": {"binary_data": True}}]})
    with open(f"{directory}/body", "wb") as file:
        file.write(text.encode() + numbers(size // 4))
    with open(f"{directory}/ask.lua", "w", encoding="utf-8") as file:
        file.write(f"""local file = io.open("{directory}/body", "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Inference-Header-Content-Length"] = "{len(text)}"
""")


def milliseconds(text):
    value, unit = re.match(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(value) * {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}[unit]


def ask(url, directory, connections, seconds):
    text = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "60s", "-s",
         f"{directory}/ask.lua", f"{url}/v2/models/model/infer"],
        check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in text and "Socket errors" not in text, text
    latency = dict(re.findall(r"(50|99)%\s+(\S+)", text))
    return (float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), milliseconds(latency["50"]),
            milliseconds(latency["99"]))


def stats(url):
    with urllib.request.urlopen(f"{url}/v2/models/model/stats") as reply:
        found = json.load(reply)["model_stats"][0]
    return found["inference_count"], found["execution_count"]


def forward(build, model, batch, seconds):
    text = subprocess.run([f"{build}/libvit", "bench", model, "--batch", str(batch), "--seconds",
                           str(seconds), "--json"], check=True, capture_output=True).stdout
    return json.loads(text)["images_per_s"]


def main():
    build, seconds = sys.argv[1], int(sys.argv[2]) if sys.argv[2:] else 5
    with tempfile.TemporaryDirectory() as directory:
        model = f"{directory}/model"
        os.mkdir(model)
        write_model(model)
        write_request(directory)
        server = subprocess.Popen([f"{build}/libvit-serve", model, "--listen", "127.0.0.1:0"],
                                  stdout=subprocess.PIPE, text=True)
        url = "http://127.0.0.1:" + server.stdout.readline().rstrip().rsplit(":", 1)[1]
        try:
            print("connections  requests/s  p50 ms  p99 ms  batch  forward alone/s  ratio")
            for connections in (1, 4, 16, 64):
                rows = []
                ask(url, directory, connections, 1)
                for _ in range(ROUNDS):
                    before = stats(url)
                    rate, p50, p99 = ask(url, directory, connections, seconds)
                    images, batches = (b - a for a, b in zip(before, stats(url)))
                    batches = max(1, batches)  # none on a machine that is too slow
                    batch = max(1, round(images / batches))
                    alone = forward(build, model, batch, seconds)
                    rows.append((rate / alone, rate, p50, p99, images / batches, alone))
                ratio, rate, p50, p99, batch, alone = sorted(rows)[ROUNDS // 2]
                print(f"{connections:11} {rate:11.2f} {p50:7.1f} {p99:7.1f} {batch:6.1f} "
                      f"{alone:16.2f} {ratio:6.3f}", flush=True)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
