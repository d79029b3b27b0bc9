"""Trains the digits demo model, a small timm-style ViT, and writes every file of this directory.

    python3 train.py           train, then write the weights, config, labels, images, predictions
    python3 train.py --check   load the weights, classify test/, compare with expected.txt
"""
import argparse
import json
import math
import shutil
import struct
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

HERE = Path(__file__).resolve().parent
LABELS = "zero one two three four five six seven eight nine".split()
MODEL = {"img_size": 8, "patch_size": 2, "in_chans": 1, "embed_dim": 48, "depth": 4, "num_heads": 3}
MEAN = STD = 0.5
SEED = 2024
HELD_OUT = 360  # of 1797 images
EPOCHS, BATCH = 100, 32
PEAK_RATE, WEIGHT_DECAY, LABEL_SMOOTHING = 2e-3, 0.05, 0.1


# The model: timm's VisionTransformer. Attribute names are its tensor names, so state_dict() is its
# checkpoint. B images, T = 17 tokens (class token, 4x4 patches), D = 48 width, H = 3 heads.

class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):  # [B, T, D]
        b, t, d = x.shape
        q, k, v = self.qkv(x).reshape(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * (d // self.heads) ** -0.5).softmax(-1)  # [B, H, T, T]
        return self.proj((weights @ v).transpose(1, 2).reshape(b, t, d))


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = nn.Sequential(OrderedDict(  # nn.GELU is the exact erf form
            fc1=nn.Linear(dim, 4 * dim), act=nn.GELU(), fc2=nn.Linear(4 * dim, dim)))

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    def __init__(self, img_size, patch_size, in_chans, embed_dim, depth, num_heads):
        super().__init__()
        patches = (img_size // patch_size) ** 2
        self.cls_token = nn.Parameter(torch.empty(1, 1, embed_dim))
        self.pos_embed = nn.Parameter(torch.empty(1, patches + 1, embed_dim))
        self.patch_embed = nn.Sequential(OrderedDict(
            proj=nn.Conv2d(in_chans, embed_dim, patch_size, stride=patch_size)))
        self.blocks = nn.Sequential(*(Block(embed_dim, num_heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)
        self.head = nn.Linear(embed_dim, len(LABELS))
        # Linear layers keep PyTorch's initialization, which depends on the width: deviation 0.083
        # at 48; timm's is 0.02 at any width
        nn.init.normal_(self.cls_token, std=1e-6)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)

    def forward(self, x):  # [B, C, 8, 8] to logits [B, 10]
        x = self.patch_embed(x).flatten(2).transpose(1, 2)  # [B, 16, D]
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])


# The data.

def load_digits():
    """All images as the PNGs store them: uint8 [1797, 8, 8], the original 0..16 over 0..255."""
    from sklearn.datasets import load_digits as bundled  # here: --check does not need sklearn
    data = bundled()
    return np.rint(data.images * 255 / 16).astype(np.uint8), data.target


def split(targets):
    """Sample indices (training, held out): fixed by SEED, stratified by class."""
    from sklearn.model_selection import train_test_split
    train, held = train_test_split(np.arange(len(targets)), test_size=HELD_OUT, stratify=targets,
                                   random_state=SEED)
    return np.sort(train), np.sort(held)


def to_unit(images):
    """uint8 [B, 8, 8] to float [B, 1, 8, 8] in 0..1."""
    return torch.from_numpy(images).float().div(255).unsqueeze(1)


def normalize(x):
    return (x - MEAN) / STD


def augment(x):
    """A random affine map per image, of [B, 1, 8, 8] in 0..1, bilinear.

    Handwriting varies in slant, size and position, more than 1437 images show:
    rotation to 10 degrees, shear to 0.15, each side scaled by 0.9 to 1.1, shift to 0.5 pixel. No
    flips, no large rotation: a mirrored 2 is not a digit and a rotated 6 is a 9. Pixels from outside
    are 0, the color of the paper, so this must come before normalize().
    """
    b = len(x)

    def uniform(limit):
        return (2 * torch.rand(b) - 1) * limit

    angle, shear = uniform(math.radians(10)), uniform(0.15)
    scale_x, scale_y = 1 + uniform(0.1), 1 + uniform(0.1)
    half = x.shape[-1] / 2  # affine_grid measures the image as -1..1
    cos, sin = angle.cos(), angle.sin()
    rows = [torch.stack([cos * scale_x, (shear * cos - sin) * scale_y, uniform(0.5 / half)], 1),
            torch.stack([sin * scale_x, (shear * sin + cos) * scale_y, uniform(0.5 / half)], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


# Training.

def make_optimizer(model):
    """AdamW; norms, biases and embeddings have no weight decay, as in timm."""
    decayed, free = [], []
    for name, p in model.named_parameters():
        (free if p.ndim == 1 or name in ("cls_token", "pos_embed") else decayed).append(p)
    return torch.optim.AdamW([{"params": decayed, "weight_decay": WEIGHT_DECAY},
                              {"params": free, "weight_decay": 0.0}], lr=PEAK_RATE)


def train(images, targets):
    """The model after the last epoch; the held-out images are not used."""
    torch.manual_seed(SEED)
    model = VisionTransformer(**MODEL)
    inputs, targets = to_unit(images), torch.from_numpy(targets).long()
    optimizer = make_optimizer(model)
    schedule = torch.optim.lr_scheduler.OneCycleLR(  # cosine: up in the first 5 %, then down to 0
        optimizer, PEAK_RATE, epochs=EPOCHS, steps_per_epoch=math.ceil(len(inputs) / BATCH),
        pct_start=0.05, cycle_momentum=False)
    for epoch in range(1, EPOCHS + 1):
        total = 0.0
        for batch in torch.randperm(len(inputs)).split(BATCH):
            logits = model(normalize(augment(inputs[batch])))
            loss = F.cross_entropy(logits, targets[batch], label_smoothing=LABEL_SMOOTHING)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        if epoch % 10 == 0:
            print(f"epoch {epoch:3d}  training loss {total / len(inputs):.4f}", flush=True)
    return model


# The files.

def save_safetensors(path, tensors):
    """u64 little-endian header length, JSON header padded to 8 bytes, then the F32 data."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, t in tensors.items():
        end = offset + 4 * t.numel()
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text = text.ljust((len(text) + 7) // 8 * 8)
    data = b"".join(t.detach().numpy().astype("<f4").tobytes() for t in tensors.values())
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def load_safetensors(path):
    raw = path.read_bytes()
    data = 8 + struct.unpack_from("<Q", raw)[0]
    header = json.loads(raw[8:data])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(raw[data + begin:data + end], "<f4").astype(np.float32)
        tensors[name] = torch.from_numpy(values.reshape(entry["shape"]))
    return tensors


def save_config(path):
    """timm's hub format; the preprocess config does not resize an 8x8 image."""
    config = {
        "architecture": "vit_tiny_patch16_224", "num_classes": len(LABELS),
        "num_features": MODEL["embed_dim"], "global_pool": "token", "model_args": MODEL,
        "pretrained_cfg": {
            "tag": "digits", "custom_load": False,
            "input_size": [MODEL["in_chans"], MODEL["img_size"], MODEL["img_size"]],
            "fixed_input_size": True, "interpolation": "bicubic", "crop_pct": 1.0,
            "crop_mode": "center", "mean": [MEAN], "std": [STD], "num_classes": len(LABELS),
            "first_conv": "patch_embed.proj", "classifier": "head"}}
    path.write_text(json.dumps(config, indent=1) + "\n")


def save_images(directory, images, targets, indices):
    """directory/<class>/<sample index>.png, 8-bit gray."""
    shutil.rmtree(directory, ignore_errors=True)
    for i in indices:
        path = directory / str(targets[i]) / f"{i:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[i]).save(path)


def classify_test():
    """{relative path: predicted class} of test/, computed from the files of this directory."""
    model = VisionTransformer(**json.loads((HERE / "config.json").read_text())["model_args"]).eval()
    model.load_state_dict(load_safetensors(HERE / "model.safetensors"))
    paths = sorted(p.relative_to(HERE).as_posix() for p in HERE.glob("test/*/*.png"))
    images = np.stack([np.asarray(Image.open(HERE / p)) for p in paths])
    with torch.no_grad():
        return dict(zip(paths, model(normalize(to_unit(images))).argmax(1).tolist()))


def accuracy(predicted):
    right = sum(int(path.split("/")[1]) == c for path, c in predicted.items())
    return f"{right} of {len(predicted)} right ({100 * right / len(predicted):.2f} %)"


def expected_text(predicted):
    lines = [f"# class index PyTorch predicts for each held-out image: {accuracy(predicted)}"]
    return "\n".join(lines + [f"{path} {c}" for path, c in predicted.items()]) + "\n"


def build():
    images, targets = load_digits()
    training, held_out = split(targets)
    model = train(images[training], targets[training])
    save_safetensors(HERE / "model.safetensors", model.state_dict())
    save_config(HERE / "config.json")
    (HERE / "labels.txt").write_text("\n".join(LABELS) + "\n")
    save_images(HERE / "test", images, targets, held_out)
    predicted = classify_test()
    (HERE / "expected.txt").write_text(expected_text(predicted))
    print(accuracy(predicted))


def check():
    predicted = classify_test()
    print(accuracy(predicted))
    if expected_text(predicted) != (HERE / "expected.txt").read_text():
        sys.exit("expected.txt: expected the predictions of this run, found others")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="verify the files, do not train")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # fixes the order of sums, so that the result is reproducible
    torch.use_deterministic_algorithms(True)
    check() if arguments.check else build()
