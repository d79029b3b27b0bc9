"""make_positions.py - positions.safetensors: tables of positions on other grids, by PyTorch and SciPy

Run in this directory: python3 make_positions.py
"""
import torch
from scipy.ndimage import zoom
from torch.nn.functional import interpolate

from make_hf import Weights, write

GRIDS = [((4, 4), (7, 5)), ((7, 7), (3, 3)), ((5, 3), (2, 8)), ((6, 6), (6, 9)), ((3, 3), (1, 1)),
         ((1, 1), (4, 4)), ((2, 2), (5, 5)), ((16, 9), (5, 4))]
DIM = 3


def torch_resize(mode, antialias):
    def resize(table, to):
        x = torch.tensor(table).permute(2, 0, 1)[None]
        x = interpolate(x, to, mode=mode, align_corners=False, antialias=antialias)
        return x[0].permute(1, 2, 0)

    return resize


def corners(table, to):
    factors = [b / a for a, b in zip(table.shape, to)] + [1]
    return torch.tensor(zoom(table, factors, order=1))


def main():
    ways = {'bicubic': torch_resize('bicubic', False), 'bicubic-antialias': torch_resize('bicubic', True),
            'bilinear': torch_resize('bilinear', False), 'bilinear-corners': corners}
    weights, out = Weights(5), {}
    for before, after in GRIDS:
        name = '%dx%d' % before
        table = weights.new(name, before + (DIM,), 1.0)
        out['from/' + name] = table
        for way, resize in ways.items():
            resized = resize(table.numpy(), after)
            assert resized.shape == after + (DIM,)
            out['%s/%s/%dx%d' % (way, name, *after)] = resized
    write('positions.safetensors', out)


if __name__ == '__main__':
    main()
