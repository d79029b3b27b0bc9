"""serve.py BUILD - libvit serve under load, beside the forward pass alone and ONNX Runtime

Serves a model with random weights, and asks with 1, 4, 16 and 64 connections, by wrk. Each request
has an image as float32 behind the JSON. In each round, one after the other: the server, what
`libvit bench` computes alone in batches as large as the server formed, and node's HTTP server with
ONNX Runtime, the same model, requests and number of threads. Prints the medians of the rounds:
requests per second, the median and the 99th percentile of the latency, and the ratios to both. The
client runs on the same machine, and its time counts too. What cannot be installed is named.
"""
import argparse
import array
import contextlib
import json
import os
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
SIDE = 224


def read_options():
    parser = argparse.ArgumentParser(usage="%(prog)s BUILD [options]")
    parser.add_argument("build")
    parser.add_argument("--model", default="vit_small_patch16_224", help="of make_model.py")
    parser.add_argument("--connections", default="1,4,16,64")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    return parser.parse_args()


def make_model(peers, model):
    """The directory of the checkpoint, and why its model.onnx cannot be written, or nothing."""
    requests = f"onnx\nforward {model}\n"
    lines = subprocess.run([sys.executable, "-B", f"{HERE}/peers/make_model.py", peers],
                           input=requests, check=True, capture_output=True, text=True).stdout
    ready, onnx, made = (lines.splitlines() + ["", ""])[:3]
    if not ready.startswith("ready") or made != "ok":
        sys.exit(f"bench-serve: the model: {ready} {made}")
    return f"{peers}/{model}", onnx.removeprefix("ok").strip()


SIZE = 4 * 3 * SIDE * SIDE
TEXT = json.dumps({"inputs": [{"name": "pixel_values", "shape": [1, 3, SIDE, SIDE],
                               "datatype": "FP32", "parameters": {"binary_data_size": SIZE}}],
                   "outputs": [{"name": "logits", "parameters": {"binary_data": True}}]})


def write_request(directory):
    """The script of wrk, and the body that it sends: numbers between -1 and 1."""
    numbers = (i * 7919 % 4093 / 2046.5 - 1 for i in range(SIZE // 4))
    with open(f"{directory}/body", "wb") as file:
        file.write(TEXT.encode() + array.array("f", numbers).tobytes())
    with open(f"{directory}/ask.lua", "w", encoding="utf-8") as file:
        file.write(f"""local file = io.open("{directory}/body", "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Inference-Header-Content-Length"] = "{len(TEXT)}"
""")


def milliseconds(text):
    value, unit = re.match(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(value) * {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}[unit]


def ask(url, directory, connections, seconds):
    """Requests per second, and the median and the 99th percentile of the latency in ms."""
    text = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "60s", "-s",
         f"{directory}/ask.lua", f"{url}/v2/models/model/infer"],
        check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in text and "Socket errors" not in text, text
    latency = dict(re.findall(r"(50|99)%\s+(\S+)", text))
    return (float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), milliseconds(latency["50"]),
            milliseconds(latency["99"]))


def get(url, path):
    with urllib.request.urlopen(f"{url}/v2/models/model/{path}") as reply:
        return json.load(reply)


def stats(url):
    found = get(url, "stats")["model_stats"][0]
    return found["inference_count"], found["execution_count"]


def forward(build, model, batch, seconds):
    """Images per second of the forward pass alone."""
    text = subprocess.run([f"{build}/libvit", "bench", model, "--batch", str(batch), "--seconds",
                           str(seconds), "--json"], check=True, capture_output=True).stdout
    return json.loads(text)["images_per_s"]


@contextlib.contextmanager
def running(*command):
    """A server whose first line ends with its port: its URL, or nothing, and that line."""
    if not shutil.which(command[0]):
        yield None, f"missing: {command[0]}"
        return
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline().rstrip()
            found = re.search(r"(\d+)$", line)
            yield found and f"http://127.0.0.1:{found[1]}", line or "missing: it ended"
        finally:
            server.terminate()


def logits(url, directory):
    with open(f"{directory}/body", "rb") as file:
        body = file.read()
    request = urllib.request.Request(f"{url}/v2/models/model/infer", body, {
        "Inference-Header-Content-Length": str(len(TEXT))})
    with urllib.request.urlopen(request) as reply:
        data = reply.read()[int(reply.headers["Inference-Header-Content-Length"]):]
    return struct.unpack(f"<{len(data) // 4}f", data)


def compare_logits(urls, directory):
    """Both servers compute the same model of the same pixels."""
    ours, theirs = (logits(url, directory) for url in urls)
    largest = max(map(abs, ours))
    difference = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    assert difference < 1e-3 * largest, f"logits differ by {difference} of {largest}"


def measure(options, urls, model, directory, connections):
    """One round: a row of the table, with zeros where ONNX Runtime is missing."""
    before = stats(urls[0])
    asked = ask(urls[0], directory, connections, options.seconds)
    images, batches = (b - a for a, b in zip(before, stats(urls[0])))
    batch = images / max(1, batches)  # none on a machine that is too slow
    alone = forward(options.build, model, max(1, round(batch)), options.seconds)
    peer = ask(urls[1], directory, connections, options.seconds) if urls[1] else (0, 0, 0)
    return (*asked, batch, alone, asked[0] / alone, *peer, asked[0] / peer[0] if peer[0] else 0)


def print_table(options, urls, model, directory):
    print("connections  requests/s  p50 ms  p99 ms  batch  forward alone/s  ratio"
          "  onnxruntime/s  p50 ms  p99 ms  times")
    for connections in map(int, options.connections.split(",")):
        for url in filter(None, urls):
            ask(url, directory, connections, 1)
        rounds = [measure(options, urls, model, directory, connections)
                  for _ in range(options.rounds)]
        row = [statistics.median(column) for column in zip(*rounds)]
        print("{:11} {:11.2f} {:7.1f} {:7.1f} {:6.1f} {:16.2f} {:6.3f}  {:13.2f} {:7.1f} {:7.1f} "
              "{:6.2f}".format(connections, *row), flush=True)


def main():
    options = read_options()
    peers = f"{options.build}/peers"
    model, no_onnx = make_model(peers, options.model)
    with tempfile.TemporaryDirectory() as directory, \
            running(f"{options.build}/libvit-serve", f"model={model}", "--listen",
                    "127.0.0.1:0") as (url, line):
        if not url:
            sys.exit(f"bench-serve: {line}")
        write_request(directory)
        threads = get(url, "config")["parameters"]["threads"]["string_value"]
        print(f"{options.model}, {threads} threads, medians of {options.rounds} rounds; times: the "
              f"requests/s of libvit to those of ONNX Runtime")
        with running("node", f"{HERE}/peers/onnxruntime_server.mjs", peers, f"{model}/model.onnx",
                     threads) as (peer, line):
            if peer:
                compare_logits((url, peer), directory)
            else:
                print(f"onnxruntime: {no_onnx or line}")
            print_table(options, (url, peer), model, directory)


if __name__ == "__main__":
    main()
