#!/usr/bin/env python3
"""first_image.py - shortens io.safetensors and io-size.safetensors of cases to what the tests need

Of the results between tokens and the last norm it keeps the first image's, and the patches go, which
no test reads. The inputs and the results of the whole model stay, of all images. The numbers are
the reference's own.

    first_image.py FOLDER...
"""
import glob
import json
import os
import re
import struct
import sys

BETWEEN = re.compile(r"tokens|block\.\d+|transformer\d|norm|features|last_hidden_state")
UNREAD = ("patches",)


def shorten(path):
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8:8 + length])
    kept, data = {}, b""
    for name, entry in header.items():
        if name == "__metadata__":
            kept[name] = entry
            continue
        if name in UNREAD:
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        shape = entry["shape"]
        if BETWEEN.fullmatch(name):
            end = begin + (end - begin) // shape[0]
            shape = [1] + shape[1:]
        at = len(data)
        data += content[begin:end]
        kept[name] = {"dtype": entry["dtype"], "shape": shape, "data_offsets": [at, len(data)]}
    text = json.dumps(kept, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


for folder in sys.argv[1:]:
    for found in sorted(glob.glob(os.path.join(folder, "io*.safetensors"))):
        shorten(found)
