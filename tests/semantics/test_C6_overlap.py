"""C6: `out=` may be an input itself where the build proved that safe; any other overlap is an error before a write."""

import numpy as np
import pytest

import tdsl as td


def sizes():
    return td.size("n"), td.size("m")


@pytest.fixture(scope="module")
def x():
    return td.placeholder("x", sizes())


def kernel(x, value, name="y", arrange=lambda s, y: s):
    y = td.compute(name, x.shape, value)
    return td.build(arrange(td.schedule(y), y))


def same(f, array):
    """The result in place is the result out of place."""
    wanted, given = f(array.copy()), array.copy()
    assert f(given, out=given) is given
    assert given.tobytes() == wanted.tobytes()
    given = array.copy()
    f._call(given, out=given)
    assert given.tobytes() == wanted.tobytes()


VALUES = np.random.default_rng(0).standard_normal((13, 37)).astype(np.float32)


def test_elementwise_kernels_run_in_place(x):
    def tiled(s, y):
        return s.tile(y, {"i": 4, "j": 16}).vectorize(y, "ji", 8).parallel(y, "io")

    for arrange in (lambda s, y: s, tiled):
        f = kernel(x, lambda i, j: x[i, j] * 2 + 1, arrange=arrange)
        assert dict(f.inplace) == {"x": ("y",)}
        same(f, VALUES)
        wide = np.zeros((13, 40), np.float32)[:, :37]
        wide[:] = VALUES
        same_strided = f(wide.copy())
        f(wide, out=wide)
        assert np.array_equal(wide, same_strided)


def test_later_neighbours_may_be_read_and_earlier_ones_not(x):
    n, m = sizes()
    later = kernel(x, lambda i, j: td.where(j < m - 1, x[i, j + 1], 0.0) - x[i, j])
    assert later.inplace
    same(later, VALUES)
    earlier = kernel(x, lambda i, j: td.where(j > 0, x[i, j - 1], 0.0) - x[i, j])
    assert not earlier.inplace
    with pytest.raises(td.CallError, match="C109: out for y is x") as refused:
        given = VALUES.copy()
        earlier(given, out=given)
    assert "f.inplace names the inputs that may be out= themselves" in str(refused.value)
    assert np.array_equal(given, VALUES)


@pytest.mark.parametrize(
    ("arrange", "safe"),
    [
        (lambda s, y: s.reorder(y, "j", "i"), True),
        (lambda s, y: s.vectorize(y, "j", 8), True),
        (lambda s, y: s.parallel(y, "i"), True),
        (lambda s, y: s.parallel(y, "j"), False),
        (lambda s, y: s.split(y, "j", 8, tail="shift").vectorize(y, "ji"), False),
    ],
)
def test_the_order_decides(x, arrange, safe):
    _, m = sizes()
    f = kernel(x, lambda i, j: td.where(j < m - 1, x[i, j + 1], 0.0) - x[i, j], arrange=arrange)
    assert bool(f.inplace) is safe
    if safe:
        same(f, VALUES)


def test_transposes_are_not_safe_and_whole_copies_are():
    square = td.placeholder("square", (td.size("n"), td.size("n")))
    f = kernel(square, lambda i, j: square[j, i])
    assert not f.inplace
    y = td.compute("y", square.shape, lambda i, j: square[j, i])
    g = td.build(td.schedule(y).cache_read(square, y, name="copy"))
    assert g.inplace
    same(g, VALUES[:, :13].copy())


def test_rows_normalised_by_their_sum(x):
    n, m = sizes()
    k = td.reduce_axis("k", m)
    total = td.compute("total", (n,), lambda i: td.max(x[i, k], over=k))
    y = td.compute("y", (n, m), lambda i, j: x[i, j] - total[i])
    for s in (td.schedule(y), td.schedule(y).compute_at(total, y, "i").parallel(y, "i")):
        f = td.build(s)
        assert f.inplace
        same(f, VALUES)
    f = td.build(td.schedule(y, total))
    with pytest.raises(td.CallError, match="C109: out for total overlaps out for y"):
        given = np.zeros((13, 37), np.float32)
        f(VALUES, out=(given, given[0, :13]))


def test_interleaved_arrays_do_not_overlap(x):
    f = kernel(x, lambda i, j: x[i, j] + 1)
    both = np.zeros((4, 6, 2), np.float32)
    f(both[:, :, 0], out=both[:, :, 1])
    assert (both[..., 1] == 1).all() and (both[..., 0] == 0).all()
    with pytest.raises(td.CallError, match="C109: out for y overlaps x"):
        f(both[:, :, 0], out=both.reshape(4, 12)[:, 1:7])


def test_elements_of_an_output_that_share_memory(x):
    f = kernel(x, lambda i, j: x[i, j] + 1)
    memory = np.zeros(100, np.float32)
    view = np.lib.stride_tricks.as_strided
    ok = view(memory, (3, 2), (8, 24))  # rows interleave, elements do not meet: 0 24 8 32 16 40
    f(np.zeros((3, 2), np.float32), out=ok)
    assert (ok == 1).all()
    for strides in ((0, 4), (4, 4), (4, 0), (6, 2), (8, 16), (-4, 4)):
        with pytest.raises(td.CallError, match="C109: elements of out for y share memory"):
            f(np.zeros((3, 4), np.float32), out=view(memory[50:], (3, 4), strides))
