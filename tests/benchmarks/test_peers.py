"""Peers compute what tdsl computes: Halide's blur, Numba's and TVM's elementwise loop, beside NumPy."""

import numpy as np
import pytest

from benchmarks import peers


@pytest.mark.needs("bench", "halide")
@pytest.mark.parametrize("shape", [(64, 96), (37, 50)])
def test_halide_blurs_as_numpy_does(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint16)
    call, filled = peers.halide_blur(image)
    call()
    padded = np.pad(image, 1, mode="edge").astype(np.uint32)
    across = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) // 3
    assert np.array_equal(filled, (across[:-2] + across[1:-1] + across[2:]) // 3)


@pytest.mark.needs("bench", "numba")
def test_numba_scales_and_adds() -> None:
    x, y = (np.arange(12, dtype=np.float32).reshape(3, 4) + shift for shift in (0, 5))
    z = np.empty_like(x)
    peers.numba_scale_add()(x, y, z)
    assert np.array_equal(z, 3 * x + y)


@pytest.mark.needs("bench", "tvm")
def test_tvm_scales_and_adds() -> None:
    x, y = (np.arange(51, dtype=np.float32).reshape(3, 17) + shift for shift in (0, 5))
    call, filled = peers.tvm_scale_add(x, y)
    call()
    assert np.array_equal(filled, 3 * x + y)


@pytest.mark.needs("bench", "threadpoolctl")
def test_the_blas_is_named() -> None:
    assert "thread" in peers.blas()


def test_a_missing_peer_is_none() -> None:
    assert peers.find("no_such_compiler") is None and "tdsl[bench]" in peers.EXTRA
