"""make_hf.py - the cases hf-dinov2, hf-clip, hf-siglip and hf-deit: PyTorch in float64, by Hugging Face's names

Written for these tests from what transformers' modeling code defines; it is not transformers.
Run in this directory: python3 make_hf.py
"""
import json
import os
import struct

import torch
from torch.nn import functional as F

DIM, HEADS, DEPTH, MLP, PATCH, BATCH = 48, 4, 2, 80, 8, 2


class Weights(dict):
    """Random tensors by name, created at first use; float64 with float32 values."""

    def __init__(self, seed):
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def new(self, name, shape, scale, offset=0.0):
        if name not in self:
            x = torch.randn(shape, generator=self.generator) * scale + offset
            self[name] = x.to(torch.float32).to(torch.float64)
        return self[name]

    def linear(self, name, x, width, bias=True):
        w = self.new(name + '.weight', (width, x.shape[-1]), x.shape[-1] ** -0.5)
        return F.linear(x, w, self.new(name + '.bias', (width,), 0.2) if bias else None)

    def norm(self, name, x, eps):
        dim = x.shape[-1]
        return F.layer_norm(x, (dim,), self.new(name + '.weight', (dim,), 0.2, 1.0),
                            self.new(name + '.bias', (dim,), 0.2), eps)

    def conv(self, name, image, bias=True):
        channels = image.shape[1]
        w = self.new(name + '.weight', (DIM, channels, PATCH, PATCH), (channels * PATCH * PATCH) ** -0.5)
        b = self.new(name + '.bias', (DIM,), 0.2) if bias else None
        return F.conv2d(image, w, b, stride=PATCH).flatten(2).transpose(1, 2)


def attention(w, x, names, out):
    q, k, v = (w.linear(n, x, DIM).unflatten(-1, (HEADS, -1)).transpose(1, 2) for n in names)
    p = (q @ k.transpose(-1, -2) * (DIM // HEADS) ** -0.5).softmax(-1)
    return w.linear(out, (p @ v).transpose(1, 2).flatten(2), DIM)


def old_attention(w, name, x):
    return attention(w, x, [f'{name}.attention.{n}' for n in ('query', 'key', 'value')],
                     f'{name}.output.dense')


def layers(w, x, layer, io):
    for i in range(DEPTH):
        x = io[f'block.{i}'] = layer(x, i)
    return x


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


def dinov2(w, image, io):
    eps, registers, stored, hidden = 1e-6, 3, 4, (int(DIM * 2 * 2 / 3) + 7) // 8 * 8
    root = 'dinov2_with_registers.'

    def layer(x, i):
        name = f'{root}encoder.layer.{i}'
        y = old_attention(w, name + '.attention', w.norm(name + '.norm1', x, eps))
        x = x + y * w.new(name + '.layer_scale1.lambda1', (DIM,), 0.3, 0.7)
        a, b = w.linear(name + '.mlp.weights_in', w.norm(name + '.norm2', x, eps), 2 * hidden).chunk(2, -1)
        y = w.linear(name + '.mlp.weights_out', F.silu(a) * b, DIM)
        return x + y * w.new(name + '.layer_scale2.lambda1', (DIM,), 0.3, 0.7)

    w.new(root + 'embeddings.mask_token', (1, DIM), 1.0)
    x = io['tokens'] = w.conv(root + 'embeddings.patch_embeddings.projection', image)
    cls = w.new(root + 'embeddings.cls_token', (1, 1, DIM), 1.0)
    table = w.new(root + 'embeddings.position_embeddings', (1, stored * stored + 1, DIM), 0.5)
    grid = table[:, 1:].transpose(1, 2).unflatten(2, (stored, stored))
    grid = F.interpolate(grid, [side // PATCH for side in image.shape[2:]], mode='bicubic',
                         align_corners=False, antialias=True)
    parts = [cls + table[:, :1], w.new(root + 'embeddings.register_tokens', (1, registers, DIM), 1.0),
             x + grid.flatten(2).transpose(1, 2)]
    x = torch.cat([p.expand(BATCH, -1, -1) for p in parts], 1)
    x = io['features'] = w.norm(root + 'layernorm', layers(w, x, layer, io), eps)
    y = io['pre_logits'] = torch.cat([x[:, 0], x[:, 1 + registers:].mean(1)], -1)
    io['logits'] = w.linear('classifier', y, 5)


def clip_layer(w, name, x, act, eps):
    y = w.norm(name + '.layer_norm1', x, eps)
    x = x + attention(w, y, [f'{name}.self_attn.{n}_proj' for n in 'qkv'], name + '.self_attn.out_proj')
    y = w.linear(name + '.mlp.fc1', w.norm(name + '.layer_norm2', x, eps), MLP)
    return x + w.linear(name + '.mlp.fc2', act(y), DIM)


def clip(w, image, io):
    eps, root = 1e-5, 'vision_model.'
    x = io['tokens'] = w.conv(root + 'embeddings.patch_embedding', image, bias=False)
    cls = w.new(root + 'embeddings.class_embedding', (DIM,), 1.0)
    x = torch.cat([cls.expand(BATCH, 1, -1), x], 1)
    x = x + w.new(root + 'embeddings.position_embedding.weight', x.shape[1:], 0.5)
    x = w.norm(root + 'pre_layrnorm', x, eps)
    x = io['features'] = layers(w, x, lambda x, i: clip_layer(w, f'{root}encoder.layers.{i}', x, quick_gelu, eps), io)
    y = io['pre_logits'] = w.norm(root + 'post_layernorm', x[:, 0], eps)
    io['logits'] = w.linear('visual_projection', y, 20, bias=False)
    w.new('text_model.embeddings.token_embedding.weight', (3, 5), 1.0)
    w.new('text_projection.weight', (7, 5), 1.0)
    w.new('logit_scale', (), 1.0)


def siglip(w, image, io):
    eps, root = 1e-6, 'vision_model.'

    def act(x):
        return F.gelu(x, approximate='tanh')

    x = io['tokens'] = w.conv(root + 'embeddings.patch_embedding', image)
    x = x + w.new(root + 'embeddings.position_embedding.weight', x.shape[1:], 0.5)
    x = layers(w, x, lambda x, i: clip_layer(w, f'{root}encoder.layers.{i}', x, act, eps), io)
    x = io['features'] = w.norm(root + 'post_layernorm', x, eps)
    head, mha = root + 'head.', torch.nn.MultiheadAttention(DIM, HEADS, batch_first=True).double()
    mha.load_state_dict({'in_proj_weight': w.new(head + 'attention.in_proj_weight', (3 * DIM, DIM), DIM ** -0.5),
                         'in_proj_bias': w.new(head + 'attention.in_proj_bias', (3 * DIM,), 0.2),
                         'out_proj.weight': w.new(head + 'attention.out_proj.weight', (DIM, DIM), DIM ** -0.5),
                         'out_proj.bias': w.new(head + 'attention.out_proj.bias', (DIM,), 0.2)})
    y = mha(w.new(head + 'probe', (1, 1, DIM), 1.0).expand(BATCH, -1, -1), x, x)[0]
    z = act(w.linear(head + 'mlp.fc1', w.norm(head + 'layernorm', y, eps), MLP))
    io['pre_logits'] = (y + w.linear(head + 'mlp.fc2', z, DIM))[:, 0]
    w.new('text_model.head.weight', (3, 5), 1.0)
    w.new('logit_bias', (1,), 1.0)


def deit(w, image, io):
    eps, root = 1e-12, 'deit.'

    def layer(x, i):
        name = f'{root}encoder.layer.{i}'
        x = x + old_attention(w, name + '.attention', w.norm(name + '.layernorm_before', x, eps))
        y = w.linear(name + '.intermediate.dense', w.norm(name + '.layernorm_after', x, eps), MLP)
        return x + w.linear(name + '.output.dense', F.gelu(y), DIM)

    x = io['tokens'] = w.conv(root + 'embeddings.patch_embeddings.projection', image)
    tokens = [w.new(f'{root}embeddings.{n}_token', (1, 1, DIM), 1.0) for n in ('cls', 'distillation')]
    x = torch.cat([t.expand(BATCH, -1, -1) for t in tokens] + [x], 1)
    x = x + w.new(root + 'embeddings.position_embeddings', (1, x.shape[1], DIM), 0.5)
    x = io['features'] = w.norm(root + 'layernorm', layers(w, x, layer, io), eps)
    io['pre_logits'] = (x[:, 0] + x[:, 1]) / 2
    io['logits'] = (w.linear('cls_classifier', x[:, 0], 6) +
                    w.linear('distillation_classifier', x[:, 1], 6)) / 2


def write(path, tensors):
    header, data = {}, b''
    for name in sorted(tensors):
        raw = tensors[name].to(torch.float32).contiguous().numpy().tobytes()
        header[name] = {'dtype': 'F32', 'shape': list(tensors[name].shape),
                        'data_offsets': [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + data)


def make(directory, model, size, config, preprocessor=None):
    w, io = Weights(1), {}
    image = Weights(2).new('input', (BATCH, 3) + size, 1.0)
    with torch.no_grad():
        model(w, image, io)
    os.makedirs(directory, exist_ok=True)
    write(directory + '/model.safetensors', w)
    write(directory + '/io.safetensors', dict(io, input=image))
    for name, text in (('config', config), ('preprocessor_config', preprocessor)):
        if text:
            with open(f'{directory}/{name}.json', 'w') as f:
                json.dump(text, f, indent=1)
                f.write('\n')


def tower(**more):
    return dict(hidden_size=DIM, num_hidden_layers=DEPTH, num_attention_heads=HEADS, patch_size=PATCH, **more)


def labels(count):
    return {str(i): f'class number {i}' for i in range(count)}


def main():
    make('hf-dinov2', dinov2, (24, 24),
         tower(model_type='dinov2_with_registers', image_size=32, mlp_ratio=2, use_swiglu_ffn=True,
               num_register_tokens=3, id2label=labels(5)),
         dict(image_processor_type='BitImageProcessor', size={'shortest_edge': 29}, resample=3,
              crop_size={'height': 24, 'width': 24}, image_mean=[0.485, 0.456, 0.406],
              image_std=[0.229, 0.224, 0.225]))
    make('hf-clip', clip, (24, 24),
         dict(model_type='clip', projection_dim=20, text_config={'hidden_size': 5},
              vision_config=tower(image_size=24, intermediate_size=MLP)))
    make('hf-siglip', siglip, (30, 30),
         dict(model_type='siglip', text_config={}, vision_config=tower(image_size=30, intermediate_size=MLP)))
    make('hf-deit', deit, (32, 24),
         tower(model_type='deit', image_size=[32, 24], intermediate_size=MLP, id2label=labels(6)))


if __name__ == '__main__':
    main()
