"""make_seeds.py OUT - seeds of fuzz_directory: the golden cases of tests/golden without their data

Each seed is a directory in the encoding of folder.h. Of a file of tensors it has the names, types
and shapes; the fuzzer adds data. The larger models become smaller, which makes the fuzzer faster.
Beside the golden cases there are seeds of what they lack: shards, other types, labels, preprocess
configs, Git LFS pointers, formats that are not read.
"""
import functools
import glob
import json
import os
import re
import struct
import sys
import zipfile

BYTES, SAFETENSORS, NPZ, NPZ_DEFLATED, LINK, DIRECTORY, PIPE = range(7)
MAX_BYTES = 1 << 15  # of a seed: libFuzzer is slow with larger ones
CONFIGS = ("config.json", "preprocessor_config.json", "processor_config.json", "labels.txt")
POINTER = (b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 +
           b"\nsize 346295912\n")


def pack(files, rows=0, columns=0):
    out = bytearray([rows, columns, 0x3C])
    for name, kind, content in files:
        out += bytes([kind, len(name)]) + name.encode()
        out += struct.pack("<I", len(content))[:3] + content
    return bytes(out)


def text_of(files, name):
    return next(content for found, _, content in files if found == name).decode()


def changed(files, name, change):
    """The same with change(text) in place of the text of a file."""
    return [(n, kind, change(content.decode()).encode() if n == name else content)
            for n, kind, content in files]


def read_header(path):
    with open(path, "rb") as file:
        return json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))


def header_text(header):
    return json.dumps(header, separators=(",", ":")).encode()


def arrange(header, dtype=None, size=4):
    """The same tensors one after the other, without metadata, of another type if there is one."""
    out, at = {}, 0
    for name, entry in header.items():
        if name != "__metadata__":
            size = size if dtype or entry["dtype"] == "F32" else 8
            bytes_ = functools.reduce(lambda a, b: a * b, entry["shape"], size)
            out[name] = {"dtype": dtype or entry["dtype"], "shape": entry["shape"],
                         "data_offsets": [at, at + bytes_]}
            at += bytes_
    return out


def resized(shapes, old, new):
    """The header with another shape in the place of one."""
    def change(text):
        header = json.loads(text)
        for entry in header.values():
            if entry["shape"] == old:
                entry["shape"] = new
        return header_text(arrange(header)).decode()
    return changed(shapes, "model.safetensors", change)


def retyped(files, dtype, size):
    return changed(files, "model.safetensors",
                   lambda text: header_text(arrange(json.loads(text), dtype, size)).decode())


def with_tensor(files, name, **fields):
    """The same with another dtype or shape of a tensor."""
    def change(text):
        header = json.loads(text)
        header[name].update(fields)
        return json.dumps(header)
    return changed(files, "model.safetensors", change)


def smaller(golden):
    for name in ("t2t-performer", "t2t-transformer"):
        files = changed(golden[name], "config.json",
                        lambda text: text.replace('"img_size": 64', '"img_size": 32'))
        golden[name] = resized(files, [1, 17, 64], [1, 5, 64])
    sizes = {"96": "24", "384": "48", "32": "8"}
    golden["google-npz"] = changed(
        golden["google-npz"], "model.npz",
        lambda text: re.sub(r"\b(96|384|32)\b", lambda m: sizes[m.group()], text))


def npz_lines(path):
    """NAME DESCR SHAPE of each member."""
    lines = []
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            npy = archive.read(name)
            fields = npy[10:10 + struct.unpack("<H", npy[8:10])[0]].decode()
            descr = fields.split("'descr': '")[1].split("'")[0]
            shape = fields.split("'shape': (")[1].split(")")[0]
            lines.append(f"{name.removesuffix('.npy')} {descr} {shape}\n")
    return "".join(lines).encode()


def read_files(directory):
    files = []
    for path in sorted(glob.glob(directory + "/*")):
        name = os.path.basename(path)
        if name in CONFIGS:
            with open(path, "rb") as file:
                files.append((name, BYTES, file.read()))
        elif name == "model.safetensors":
            files.append((name, SAFETENSORS, header_text(arrange(read_header(path)))))
        elif name.endswith(".npz"):
            files.append((name, NPZ, npz_lines(path)))
    return files


def shards(files):
    """The same with the tensors in two files and an index."""
    header = json.loads(text_of(files, "model.safetensors"))
    names = sorted(header)
    parts = [names[:len(names) // 2], names[len(names) // 2:]]
    titles = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    index = {"metadata": {"total_size": 1},
             "weight_map": {name: titles[i] for i in (0, 1) for name in parts[i]}}
    out = [f for f in files if f[0] != "model.safetensors"]
    out += [(titles[i], SAFETENSORS, header_text(arrange({n: header[n] for n in parts[i]})))
            for i in (0, 1)]
    return out + [("model.safetensors.index.json", BYTES, json.dumps(index).encode())]


def with_config(files, **fields):
    """The same with more fields in the configuration."""
    return changed(files, "config.json", lambda text: json.dumps({**json.loads(text), **fields}))


def with_model_args(files, drop=(), **fields):
    """The same with more or fewer arguments of timm's constructor."""
    def change(text):
        config = json.loads(text)
        config["model_args"] = {**{k: v for k, v in config["model_args"].items() if k not in drop},
                                **fields}
        return json.dumps(config)
    return changed(files, "config.json", change)


def others(golden):
    """What the golden cases lack, by name."""
    vit, timm, small = golden["hf-vit-classifier"], golden["timm-depth0"], golden["vit-pytorch"]
    config, weights = timm[0], text_of(golden["google-npz"], "model.npz").encode()
    optimizer = re.sub(rb"(?m)^", b"opt/target/", weights.rstrip()) + b"\nopt/state/step <i4 \n"
    processor = {"image_processor": {"do_resize": True, "size": [32, 32], "resample": 2,
                                     "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}}
    names = [f"n{i}" for i in range(json.loads(config[2])["num_classes"])]
    first, second, index = shards(timm)[1:]
    return {
        "shards": shards(vit),
        "shard-twice": [config, first, (second[0], LINK, first[0].encode()), index],
        "float16": retyped(small, "F16", 2),
        "bfloat16": retyped(small, "BF16", 2),
        "float64": retyped(small, "F64", 8),
        "int64": retyped(small, "I64", 8),
        "misspelled": changed(small, "model.safetensors", lambda t: t.replace("to_out", "to_oout")),
        "unexpected": changed(small, "model.safetensors", lambda text: text.replace(
            "{", '{"mlp_head.1.weihgt' + "\\u0007" * 50 + '":{"dtype":"F32","shape":[0],'
            '"data_offsets":[0,0]},', 1)),
        "unknown": with_config(timm, architecture="resnet50.a1_in1k"),
        "odd": with_model_args(golden["timm-giant-swiglu"], mlp_ratio=2.51),
        "map-swiglu": with_model_args(golden["timm-giant-swiglu"], global_pool="map"),
        "layer-scale": with_model_args(golden["timm-reg4-ls"], drop=("init_values",)),
        "table-computed": with_config(golden["vit-pytorch-1.23.6-simple"], image_size=8192),
        "table-resized": vit + [("preprocessor_config.json", BYTES,
                                 b'{"size": {"height": 8192, "width": 8192}}')],
        "processor": vit + [("processor_config.json", BYTES, json.dumps(processor).encode())],
        "labels": timm + [("labels.txt", BYTES, "\r\n".join(names).encode())],
        "label-names": with_config(timm, label_names=names,
                                   label_descriptions={"n0": "zero", "n1": None}),
        "label-dict": with_config(timm, labels={str(i): n for i, n in enumerate(names)}),
        "npz-deflated": [golden["google-npz"][0], ("imagenet21k.npz", NPZ_DEFLATED, weights)],
        "npz-optimizer": [golden["google-npz"][0], ("a.npz", NPZ, optimizer)],
        "npz-float16": [golden["google-npz"][0],
                        ("a.npz", NPZ, weights.replace(b"<f4", b"<f2").replace(b"f2", b"f8", 1))],
        "two-npz": [config, ("a.npz", NPZ, weights), ("b.npz", NPZ, weights)],
        "scale-int32": with_tensor(golden["text-clip-pair"], "logit_scale", dtype="I32"),
        "scale-bytes": with_tensor(golden["text-clip-pair"], "logit_scale", dtype="U8", shape=[4]),
        "bias-halves": with_tensor(golden["text-siglip-pair"], "logit_bias", dtype="F16",
                                   shape=[2]),
        "pointer": [config, ("model.safetensors", BYTES, POINTER)],
        "pickle": [config, ("pytorch_model.bin", BYTES, b"PK\3\4"), ("model.ckpt", BYTES, b"")],
        "link-to-itself": [config, ("model.safetensors", LINK, b"model.safetensors")],
        "pipe": [config, ("model.safetensors", PIPE, b"")],
        "config-is-a-directory": [("config.json", DIRECTORY, b"")] + timm[1:],
        "empty": [],
    }


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    golden = {os.path.basename(d): read_files(d) for d in sorted(glob.glob("tests/golden/*"))
              if os.path.exists(d + "/config.json")}
    smaller(golden)
    preprocess = {os.path.basename(d): read_files(d)
                  for d in sorted(glob.glob("tests/golden/preprocess-hf/*")) if os.path.isdir(d)}
    cases = dict(golden)
    cases.update(others(golden))
    cases.update({"preprocess-" + name: golden["hf-vit-classifier"] +
                  [f for f in files if f[0] != "config.json"]
                  for name, files in preprocess.items()})
    for name, files in cases.items():
        seed = pack(files)
        if len(seed) <= MAX_BYTES:
            with open(f"{out}/{name}", "wb") as file:
                file.write(seed)
    for name, rows, columns in (("hf-dinov2-registers", 14, 7), ("timm-gray", 12, 10),
                                ("google-npz", 16, 8)):
        with open(f"{out}/{name}-resized", "wb") as file:
            file.write(pack(golden[name], rows, columns))


if __name__ == "__main__":
    main()
