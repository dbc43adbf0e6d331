"""Whether axes have a value, against enumeration."""

import hypothesis.strategies as st
from hypothesis import given

import tdsl as td
from tdsl.expr.node import axis_var, size_var
from tdsl.expr.tensor import Size
from tdsl.poly.bounds import Scope
from tdsl.poly.evaluate import value_at
from tdsl.poly.nonempty import empty_axis

n = td.size("n")
i = td.axis("i", n)
BOUNDS = st.sampled_from(
    [n * 0, i, i + 1, i - 1, n, n - 1, n - i, i // 2, 2 * i, n * 0 + 3, td.minimum(i, 2)]
)
PATHS = st.lists(st.sampled_from([i > 0, i + 1 < n, i % 2 == 0, i * 2 < n]), max_size=2)


@given(BOUNDS, BOUNDS, BOUNDS, PATHS)
def test_agrees_with_enumeration(lower, upper, inner, path):
    a = td.reduce_axis("a", (lower, upper)).origin.axis
    b = td.reduce_axis("b", (0, td.axis("a", 9) + inner)).origin.axis
    scope = Scope(axes=(i.origin.axis,), reduce_axes=(a, b), sizes=(Size("n"),))
    failure = empty_axis((a, b), tuple(condition.node for condition in path), scope)

    def empties(size):
        for point in range(size):
            at = {size_var("n"): size, axis_var("i"): point}
            if not all(value_at(condition.node, at) for condition in path):
                continue
            values = range(value_at(a.lower, at), value_at(a.upper, at))
            if not values:
                yield "a", {"n": size}, {"i": point}
            for value in values:
                if value_at(b.upper, {**at, axis_var("a"): value}) <= 0:
                    yield "b", {"n": size}, {"i": point, "a": value}

    found = [(name, sizes, at) for size in range(8) for name, sizes, at in empties(size)]
    wanted = next((name for name in ("a", "b") if any(each[0] == name for each in found)), None)
    assert (failure.axis.name if failure else None) == wanted
    if failure is not None:
        smallest = min(each[1]["n"] for each in found if each[0] == wanted)
        assert dict(failure.sizes) == {"n": smallest}
