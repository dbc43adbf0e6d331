"""Pictures of the demo: the sample photograph of matplotlib or a drawn one in; PNG bytes out, with zlib alone."""

from __future__ import annotations

import importlib
import struct
import zlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Picture(NamedTuple):
    """`pixels`: (height, width, 3) uint8; `origin`: where it comes from, one phrase."""

    pixels: NDArray[np.uint8]
    origin: str


def load() -> Picture:
    """The photograph in matplotlib's wheel where that is installed (extra [demo]), else a drawn picture."""
    try:
        book = importlib.import_module("matplotlib.cbook")
        image = importlib.import_module("matplotlib.image")
        path: object = book.get_sample_data("grace_hopper.jpg", asfileobj=False)
        pixels: NDArray[np.uint8] = np.ascontiguousarray(image.imread(path), dtype=np.uint8)
    except (ImportError, OSError):
        drawn = "a drawn picture (no photograph found: pip install 'tdsl[demo]' brings one with matplotlib)"
        return Picture(draw(600, 512), drawn)
    return Picture(pixels[:, :, :3], "the photograph of Grace Hopper in matplotlib's sample data")


def draw(height: int, width: int) -> NDArray[np.uint8]:
    """Rings, a checkerboard and a gradient: (height, width, 3) uint8 with edges that a blur visibly softens."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    radius = (y - height // 2) ** 2 + (x - width // 2) ** 2
    rings = np.where((radius // 1500) % 2 == 0, 220, 60)
    board = np.where((y // 24 + x // 24) % 2 == 0, 200, 40)
    slope = 255 * x // max(width - 1, 1)
    return np.stack([rings, board, slope], axis=-1).astype(np.uint8)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file of (height, width, 3) uint8 pixels, without filters. Source: PNG specification, chunks 11.2."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each row starts with its filter type, 0: none
    rows[:, 1:] = pixels.reshape(height, 3 * width)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
