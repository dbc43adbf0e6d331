"""Pictures of the demo: PNG bytes that decode to the same pixels, the photograph, the drawing without it."""

import struct
import zlib

import numpy as np
import pytest

from tdsl.demo import picture


def decoded(data: bytes) -> np.ndarray:
    """A PNG of 8-bit RGB without filters, chunk by chunk, checksums compared."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length]) == (zlib.crc32(kind + body),)
        chunks[kind] = body
        at += 12 + length
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + 3 * width)
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"] and not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (33, 64)])
def test_png_keeps_every_pixel(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert np.array_equal(decoded(picture.png(pixels)), pixels)


@pytest.mark.needs("demo", "matplotlib")
def test_png_is_what_matplotlib_reads(tmp_path) -> None:
    from matplotlib import image

    pixels = picture.draw(40, 30)
    (tmp_path / "drawn.png").write_bytes(picture.png(pixels))
    assert np.array_equal(
        np.round(image.imread(tmp_path / "drawn.png") * 255).astype(np.uint8)[..., :3], pixels
    )


@pytest.mark.needs("demo", "matplotlib")
def test_the_photograph_comes_with_matplotlib() -> None:
    found = picture.load()
    assert found.pixels.shape == (600, 512, 3) and found.pixels.dtype == np.uint8
    assert "Grace Hopper" in found.origin


def test_without_matplotlib_a_picture_is_drawn_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, *_: object) -> object:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(picture.importlib, "import_module", refuse)
    found = picture.load()
    assert found.pixels.shape == (600, 512, 3)
    assert "pip install 'tdsl[demo]'" in found.origin
    assert len(np.unique(found.pixels)) > 10
