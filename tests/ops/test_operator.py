"""`@td.op`: composing, compiling, keys, schedules, threads, errors in the operator's words."""

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tdsl as td

rng = np.random.default_rng(0)


def floats(*shape):
    return rng.standard_normal(shape, dtype=np.float32)


def counted():
    """An operator of its own, and a list that grows at every trace of its function."""
    traces = []

    @td.op
    def scale(x, factor, offset=0.0):
        traces.append(x.shape)
        return td.compute("scale", x.shape, lambda *at: x[at] * factor + offset)

    return scale, traces


def test_on_arrays_it_runs_and_on_tensors_it_composes():
    scale, _ = counted()
    x = floats(3, 4)
    assert np.array_equal(scale(x, 2.0), x * 2)
    X = td.placeholder("X", (3, 4))
    tensor = scale(scale(X, 2.0), 3.0)
    assert isinstance(tensor, td.Tensor) and tensor.shape == (3, 4)
    assert td.schedule(tensor).stages() == ("scale", "scale_1")
    assert np.array_equal(td.build(td.schedule(tensor))(x), x * 2 * 3)


def test_sizes_are_symbolic_and_compiled_once():
    scale, traces = counted()
    scale(floats(3, 4), 2.0)
    before = len(traces)
    for shape in ((5, 6), (7, 2), (0, 3)):
        assert scale(floats(*shape), 2.0).shape == shape
    assert len(traces) == before


def test_a_number_without_default_is_an_input_and_one_with_it_is_compiled_in():
    scale, traces = counted()
    x = floats(3, 4)
    scale(x, 2.0)
    before = len(traces)
    assert np.array_equal(scale(x, 5.0), x * 5)
    assert len(traces) == before
    assert np.array_equal(scale(x, 5.0, offset=1.0), td.ops.add(x * 5, 1.0))
    assert len(traces) > before


def test_attributes_are_told_apart_by_their_bits():
    @td.op
    def divided(x, by=0.0):
        return td.compute("divided", x.shape, lambda *at: 1.0 / td.cast(by, "float32") + x[at] * 0.0)

    x = np.ones(3, np.float32)
    assert np.all(divided(x, by=0.0) == np.inf) and np.all(divided(x, by=-0.0) == -np.inf)
    assert np.all(divided(x, -0.0) == -np.inf) and np.all(divided(x, 0.0) == np.inf)


def test_options_are_part_of_the_key():
    @td.op
    def combined(a, b, c):
        return td.compute("combined", a.shape, lambda i: a[i] * b[i] + c[i])

    a, b, c = (np.array([v], np.float32) for v in (8 + 2**-20, 8 - 2**-20, -64.0))
    fused = combined(a, b, c)
    with td.options(contract=False):
        rounded = combined(a, b, c)
    assert rounded == a * b + c and fused != rounded and combined(a, b, c) == fused


def test_a_hundred_first_calls_compile_once():
    scale, traces = counted()
    x = floats(9)
    gate = threading.Barrier(20)

    def first(_):
        gate.wait()
        return scale(x, 3.0)

    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(first, range(100)))
    assert all(np.array_equal(each, x * 3) for each in results)
    assert len(traces) <= 8  # the axes' names, twice for purity, on the shapes and on sizes


def test_out():
    scale, _ = counted()
    x, out = floats(3), np.zeros(3, np.float32)
    assert scale(x, 2.0, out=out) is out and np.array_equal(out, x * 2)


def test_specialize_fixes_sizes():
    scale, traces = counted()
    scale(floats(3), 2.0, specialize=True)
    assert traces[-1] == (3,)
    scale(floats(4), 2.0)
    assert not isinstance(traces[-1][0], int)


def test_the_authors_schedule_is_used_for_the_shapes_it_is_for():
    scale, _ = counted()
    used = []

    @scale.schedule("cpu", when=lambda x: x[0] > 8)
    def large(s, y):
        used.append("large")
        return s.parallel(y, "d0")

    @scale.schedule("cpu")
    def small(s, y):
        used.append("small")
        return s

    for extent in (4, 16, 5, 17, 16):
        assert np.array_equal(scale(floats(extent), 0.0), np.zeros(extent))
    assert used == ["small", "large"]  # one kernel for each, whichever was first


def test_size_classes_are_asked_in_order_and_printed():
    def whole(s, y):
        """One loop.

        More of it.
        """
        return s

    def lanes(s, y):
        """Eight at once."""
        return s.vectorize(y, "d0", 8).because("eight neighbours")

    @td.op(cpu=(td.SizeClass("long", lanes, when=lambda x: x[0] > 8), whole))
    def doubled(x):
        return x + x

    assert str(doubled.schedule("cpu")).splitlines() == [
        "doubled on a cpu:",
        "  long: lanes - Eight at once.",
        "  any size: whole - One loop.",
    ]
    y = doubled(td.placeholder("X", (td.size("n"),)))
    assert [len(doubled.scheduled(y, shapes=((n,),)).steps) for n in (4, 16)] == [0, 1]

    @doubled.schedule("cpu", when=lambda x: x[0] > 4, name="middling")
    def half(s, y):
        return s.parallel(y, "d0")

    assert [each.name for each in doubled.size_classes] == ["long", "middling", "any size"]
    assert "any other: the default scheduler's" in str(td.op(lambda x: x).schedule("cpu"))
    for extent in (0, 4, 5, 16):
        x = floats(extent)
        assert np.array_equal(doubled(x), 2 * x)


def test_operators_pickle_by_name():
    for op in td.ops.catalog():
        assert pickle.loads(pickle.dumps(op)) is op and op.__name__ == op.name


def test_the_catalogue_has_references_and_formulas():
    found = td.ops.catalog()
    assert len(found) >= 40 and len({op.name for op in found}) == len(found)
    for op in found:
        assert callable(op.reference) and "Source:" in op.body.__doc__, op
        assert op.size_classes and op.size_classes[-1].holds(()), (
            f"{op} has no author's schedule for every size"
        )


def test_an_input_given_back_is_copied():
    @td.op
    def same(x):
        return x

    x = floats(3)
    assert np.array_equal(same(x), x) and same(x) is not x


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda scale, x: scale(1.0, 2.0), "scale needs an array or a tensor"),
        (lambda scale, x: scale(x), "missing a required argument: 'factor'"),
        (lambda scale, x: scale(x, 1.0, speed=3), "unexpected keyword argument 'speed'"),
        (lambda scale, x: scale(td.placeholder("X", (3,)), x), "tensors and arrays at once"),
        (lambda scale, x: scale(x, 1.0, offset=object()), "cannot take offset= of type object"),
        (lambda scale, x: scale(td.placeholder("X", (3,)), 1.0, out=x), "it has no out="),
    ],
)
def test_bad_arguments(call, text):
    scale, _ = counted()
    with pytest.raises(td.ArgumentError, match="E131") as caught:
        call(scale, floats(3))
    assert text in str(caught.value)


def test_errors_are_in_the_operators_words_at_every_call():
    td.ops.matmul(floats(3, 4), floats(4, 6))
    with pytest.raises(td.ShapeError, match="E130: matmul: .*4 columns meet 5 rows"):
        td.ops.matmul(floats(3, 4), floats(5, 6))


def test_an_operator_inside_an_operator():
    @td.op
    def swiglu(x, gate, up):
        a, c = td.ops.matmul(x, gate), td.ops.matmul(x, up)
        return a * td.ops.sigmoid(a) * c

    x, gate, up = floats(5, 7), floats(7, 9), floats(7, 9)
    a = x @ gate
    np.testing.assert_allclose(swiglu(x, gate, up), a / (1 + np.exp(-a)) * (x @ up), rtol=1e-4, atol=1e-5)


def test_sizes_may_be_called_as_an_operators_axes_are():
    k, d0, c = td.size("k"), td.size("d0"), td.size("c")
    X, W = td.placeholder("X", (d0, k)), td.placeholder("W", (k, c))
    f = td.build(td.schedule(td.ops.softmax(td.ops.matmul(X, W))))
    x, w = floats(3, 4), floats(4, 5)
    np.testing.assert_allclose(f(x, w), td.ops.softmax.reference(x @ w), rtol=1e-5)


def test_recurrences_of_operators_are_named_apart():
    x = floats(4, 5)
    X = td.placeholder("X", (4, 5))
    twice = td.ops.cumsum(td.ops.cumsum(X, axis=0), axis=0)
    assert td.schedule(twice).stages() == ("cumsum", "cumsum_1")
    np.testing.assert_allclose(td.build(td.schedule(twice))(x), x.cumsum(0).cumsum(0), rtol=1e-5, atol=1e-5)
