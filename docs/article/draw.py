#!/usr/bin/env python3
"""draw.py - draws evening.png, 60 x 100 gray pixels: the sun over two hills and a lake

Whole numbers and stored (level 0) deflate alone: every machine writes the same bytes to standard output.
"""
import struct
import sys
import zlib

HEIGHT, WIDTH = 60, 100
LAKE = 46  # its first row


def sky(y, x):
    """Darker upward; the sun, of radius 8, at row 22 and column 64."""
    if (y - 22) ** 2 + (x - 64) ** 2 <= 64:
        return 250
    return 70 + 3 * y


def hills(y, x):
    """The shade of the hill in front of that pixel, or None."""
    near, far = 40 - abs(x - 22) * 18 // 22, 34 - abs(x - 80) * 14 // 30
    if y >= LAKE - near // 2 - 4:
        return 30 + (x * 7 + y * 3) % 9
    if y >= LAKE - far // 2:
        return 75 + (x * 5 + y) % 7
    return None


def pixel(y, x):
    if y < LAKE:
        shade = hills(y, x)
        return sky(y, x) if shade is None else shade
    mirrored = 2 * LAKE - y - 1  # with waves, and the sun's light on them
    shade = hills(mirrored, x)
    light = 60 if abs(x - 64) < 10 - (y - LAKE) // 3 and y % 3 == 0 else 0
    return (sky(mirrored, x) if shade is None else shade) * 2 // 3 + light + (y % 2) * 6


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


rows = b"".join(b"\0" + bytes(min(255, pixel(y, x)) for x in range(WIDTH)) for y in range(HEIGHT))
sys.stdout.buffer.write(
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(rows, 0))
    + chunk(b"IEND", b"")
)
