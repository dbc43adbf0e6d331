"""C2: several outputs come back as a tuple, `out=` takes one; an output may be read by other stages."""

import numpy as np
import pytest

import tdsl as td


@pytest.fixture(params=[None, "interpret"])
def built(request):
    n = td.size("n")
    x = td.placeholder("x", (n,))
    mean = td.compute("mean", (n,), lambda i: x[i] * 0.5)
    y = td.compute("y", (n,), lambda i: mean[i] + 1.0)
    more = {"target": request.param} if request.param else {}
    return td.build(td.schedule(y, mean), **more), td.build(td.schedule(y), **more)


DATA = np.arange(5, dtype=np.float32)


def test_a_tuple_in_the_order_of_the_schedule(built):
    several, one = built
    result = several(DATA)
    assert isinstance(result, tuple) and len(result) == 2
    assert np.array_equal(result[0], DATA * 0.5 + 1) and np.array_equal(result[1], DATA * 0.5)
    assert np.array_equal(one(DATA), result[0])


def test_out_takes_a_tuple_and_gives_it_back(built):
    several, _ = built
    out = (np.empty(5, np.float32), np.empty(5, np.float32))
    result = several(DATA, out=out)
    assert all(mine is given for mine, given in zip(result, out, strict=True))
    assert np.array_equal(out[0], DATA * 0.5 + 1) and np.array_equal(out[1], DATA * 0.5)


@pytest.mark.parametrize("count", [1, 3])
def test_out_of_another_number_is_refused(built, count):
    several, _ = built
    out = tuple(np.zeros(5, np.float32) for _ in range(count))
    with pytest.raises(td.CallError):
        several(DATA, out=out)
    assert not any(array.any() for array in out)
