"""serve.py BUILD - libvit serve under load, beside the forward pass alone and ONNX Runtime

Serves a model with random weights, and asks with 1, 4, 16 and 64 connections, each of which sends a
request as soon as it has the answer to the one before. A request has an image as float32 behind the
JSON. In each round, one after the other: the server, what `libvit bench` computes alone in batches
as large as the server formed, and node's HTTP server with ONNX Runtime, the same model, requests
and number of threads. Prints the medians of the rounds: requests per second, the median and the
99th percentile of the latency, the share of the server's CPU time that its HTTP threads take, and
the ratios to both. The client runs on the same machine, and its time counts too. What cannot be
installed is named.
"""
import argparse
import array
import contextlib
import glob
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
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
                   "outputs": [{"name": "logits", "parameters": {"binary_data": True}}]}).encode()


def request_body():
    """The JSON, and numbers between -1 and 1."""
    numbers = (i * 7919 % 4093 / 2046.5 - 1 for i in range(SIZE // 4))
    return TEXT + array.array("f", numbers).tobytes()


class Client:
    """One connection, which sends a request as soon as it has the answer to the one before."""

    def __init__(self, url, body):
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"))
        self.body, self.answers = body, []

    def ask(self):
        self.connection.request("POST", "/v2/models/model/infer", self.body, {
            "Inference-Header-Content-Length": str(len(TEXT))})
        answer = self.connection.getresponse()
        data = answer.read()
        assert answer.status == 200, data
        return data[int(answer.headers["Inference-Header-Content-Length"]):]

    def run(self, end):
        """Until the end; self.answers becomes (when it came, seconds that it took) of each."""
        while (begin := time.monotonic()) < end:
            self.ask()
            self.answers.append((time.monotonic(), time.monotonic() - begin))


def load(url, body, connections, seconds):
    """
    Requests per second, and the median and the 99th percentile of the latency in ms. Answers come
    in batches: so the time counts from one answer, the last of the first ones of all connections,
    to another, the last before the end.
    """
    end = time.monotonic() + seconds
    clients = [Client(url, body) for _ in range(connections)]
    threads = [threading.Thread(target=client.run, args=(end,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers = sorted(answer for client in clients for answer in client.answers)
    inside = [answer for answer in answers if answer[0] <= end] or answers
    first = min(connections, len(inside)) - 1
    rate = (len(inside) - 1 - first) / max(1e-9, inside[-1][0] - inside[first][0])
    took = sorted(1000 * seconds for _, seconds in inside)
    return rate, statistics.median(took), took[int(0.99 * (len(took) - 1) + 0.5)]


def get(url, path):
    with urllib.request.urlopen(f"{url}/v2/models/model/{path}") as reply:
        return json.load(reply)


def stats(url):
    found = get(url, "stats")["model_stats"][0]
    return found["inference_count"], found["execution_count"]


def cpu_ns(process):
    """The CPU time of all threads of a process, and of those of libmicrohttpd."""
    every = http_threads = 0
    for task in glob.glob(f"/proc/{process}/task/*"):
        with open(f"{task}/comm", encoding="ascii") as name, \
                open(f"{task}/schedstat", encoding="ascii") as times:
            ns = int(times.read().split()[0])
            every += ns
            http_threads += ns if name.read().startswith("MHD") else 0
    return every, http_threads


def forward(options, batch):
    """Images per second of the forward pass alone."""
    text = subprocess.run(
        [f"{options.build}/libvit", "bench", f"{options.build}/peers/{options.model}", "--batch",
         str(batch), "--seconds", str(options.seconds), "--json"],
        check=True, capture_output=True).stdout
    return json.loads(text)["images_per_s"]


@contextlib.contextmanager
def running(*command):
    """A server whose first line ends with its port: its URL or nothing, that line, its process."""
    if not shutil.which(command[0]):
        yield None, f"missing: {command[0]}", None
        return
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline().rstrip()
            found = re.search(r"(\d+)$", line)
            yield (found and f"http://127.0.0.1:{found[1]}", line or "missing: it ended",
                   server.pid)
        finally:
            server.terminate()


def compare_logits(urls, body):
    """Both servers compute the same model of the same pixels."""
    ours, theirs = (array.array("f", Client(url, body).ask()) for url in urls)
    largest = max(map(abs, ours))
    difference = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    assert difference < 1e-3 * largest, f"logits differ by {difference} of {largest}"


def measure(options, urls, process, connections, body):
    """One round: a row of the table, with zeros where ONNX Runtime is missing."""
    before, cpu_before = stats(urls[0]), cpu_ns(process)
    asked = load(urls[0], body, connections, options.seconds)
    images, batches = (b - a for a, b in zip(before, stats(urls[0])))
    every, http_threads = (b - a for a, b in zip(cpu_before, cpu_ns(process)))
    batch = images / max(1, batches)  # none on a machine that is too slow
    alone = forward(options, max(1, round(batch)))
    peer = load(urls[1], body, connections, options.seconds) if urls[1] else (0, 0, 0)
    return (*asked, batch, 100 * http_threads / every, alone, asked[0] / alone, *peer,
            asked[0] / peer[0] if peer[0] else 0)


def print_table(options, urls, process, body):
    print("connections  requests/s  p50 ms  p99 ms  batch  HTTP %  forward alone/s  ratio"
          "  onnxruntime/s  p50 ms  p99 ms  times")
    for connections in map(int, options.connections.split(",")):
        for url in filter(None, urls):
            load(url, body, connections, 1)
        rounds = [measure(options, urls, process, connections, body)
                  for _ in range(options.rounds)]
        row = [statistics.median(column) for column in zip(*rounds)]
        print("{:11} {:11.2f} {:7.1f} {:7.1f} {:6.1f} {:7.2f} {:16.2f} {:6.3f}  {:13.2f} {:7.1f} "
              "{:7.1f} {:6.2f}".format(connections, *row), flush=True)


def main():
    options = read_options()
    peers = f"{options.build}/peers"
    model, no_onnx = make_model(peers, options.model)
    body = request_body()
    with running(f"{options.build}/libvit-serve", f"model={model}", "--listen",
                 "127.0.0.1:0") as (url, line, process):
        if not url:
            sys.exit(f"bench-serve: {line}")
        threads = get(url, "config")["parameters"]["threads"]["string_value"]
        print(f"{options.model}, {threads} threads, medians of {options.rounds} rounds; times: the "
              f"requests/s of libvit to those of ONNX Runtime")
        with running("node", f"{HERE}/peers/onnxruntime_server.mjs", peers, f"{model}/model.onnx",
                     threads) as (peer, line, _):
            if peer:
                compare_logits((url, peer), body)
            else:
                print(f"onnxruntime: {no_onnx or line}")
            print_table(options, (url, peer), process, body)


if __name__ == "__main__":
    main()
