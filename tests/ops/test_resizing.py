"""Images of another size, beside formulas in float64."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

x = np.random.default_rng(9).standard_normal((1, 2, 5, 7), dtype=np.float32)


@pytest.mark.parametrize("size", [(10, 14), (5, 7), (3, 3), (1, 1), (9, 2)])
def test_resize(size):
    agrees(td.ops.resize, x, size)
    agrees(td.ops.resize, x, size, mode="linear")


def test_bad_arguments():
    with pytest.raises(td.ArgumentError, match='mode is "nearest" or "linear"'):
        td.ops.resize(x, (3, 3), mode="cubic")
    with pytest.raises(td.ShapeError, match="has no pixels"):
        td.ops.resize(x[:, :, :0], (3, 3))
    with pytest.raises(td.DTypeError, match="linear needs floats"):
        td.ops.resize(x.astype(np.int32), (3, 3), mode="linear")
