"""The programs of the demo for every vector width: legal, and right on small arrays."""

import numpy as np
import pytest

import tdsl as td
from tdsl.demo import programs
from tdsl.demo.run import numpy_blur


@pytest.mark.parametrize("lanes", [4, 8, 16])
def test_matrix_products_agree_bit_for_bit(lanes: int) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((21, 13), dtype=np.float32), rng.standard_normal((13, 37), dtype=np.float32)
    results = {name: td.build(schedule)(a, b) for name, schedule in programs.matmul(lanes).items()}
    assert set(results) == {"plain", "tiled", "blocked"}
    # |error| <= 2 n eps sum |a b|: Higham, 2nd edition, section 3.1
    bound = 2 * 13 * np.finfo(np.float32).eps * (np.abs(a).astype(np.float64) @ np.abs(b))
    assert np.all(np.abs(results["plain"] - a.astype(np.float64) @ b) <= bound)
    assert all(np.array_equal(result, results["plain"]) for result in results.values())


@pytest.mark.parametrize("lanes", [8, 16, 32])
def test_blurs_equal_numpy(lanes: int) -> None:
    image = np.random.default_rng(2).integers(0, 256, (45, 70)).astype(np.uint16)
    for name, schedule in programs.blur(lanes).items():
        kernel = td.build(schedule)
        for crop in (image, image[:1, :1], image[3:40:2, 1:]):
            assert np.array_equal(kernel(crop), numpy_blur(crop)), name


def test_the_slid_stage_keeps_four_rows() -> None:
    assert programs.blur(16)["sliding"].storage("blur_x")["shape"] == ("4", "w")


def test_the_register_tile_fits_the_registers() -> None:
    for lanes, registers in ((16, 32), (8, 16)):
        rows, columns = programs.register_tile(lanes)
        assert rows * columns // lanes + columns // lanes + 1 <= registers
