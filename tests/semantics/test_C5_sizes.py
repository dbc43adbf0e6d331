"""C5: bare dims bind first, then `a*n + b` with divisibility, then dims with one unknown left; the rest is compared."""

import numpy as np

import tdsl as td


def zeros(*shape):
    return np.zeros(shape, np.float32)


def built(shape, *inputs):
    """A kernel whose only use is that its sizes are solved."""
    corners = [one[tuple(0 for _ in one.shape)] for one in inputs]
    return td.build(td.schedule(td.compute("r", shape, lambda *at: sum(corners[1:], corners[0]))))


def both(f, *arguments, **keywords):
    """The same by the fast entry and by the Python way."""
    answers = []
    for call in (f, f._call):
        try:
            answers.append(call(*arguments, **keywords).shape)
        except td.CallError as error:
            answers.append(str(error).replace("f._call", "f"))
    assert answers[0] == answers[1]
    return answers[0]


def test_bare_dims_then_affine_ones():
    n, blocks = td.size("n", min=1), td.size("blocks", min=1)
    x, y = td.placeholder("x", (32 * blocks + n,)), td.placeholder("y", (n,))
    f = built((blocks, n), x, y)
    assert both(f, zeros(71), zeros(7)) == (2, 7)
    assert "C105: x.shape[0] is 70, and blocks * 32 + n cannot be that" in both(f, zeros(70), zeros(7))
    assert "63 is not divisible by 32, so there is no blocks" in both(f, zeros(70), zeros(7))
    assert "C106: blocks is 0, and must be at least 1" in both(f, zeros(7), zeros(7))
    assert "blocks" in both(f, zeros(7), zeros(39))  # negative


def test_chains_of_unknowns():
    a, b, c = (td.size(name, min=1) for name in "abc")
    x = td.placeholder("x", (a + b, b + c, c))
    f = built((a, b, c), x)
    assert both(f, zeros(9, 7, 4)) == (6, 3, 4)
    assert "a is -1" in both(f, zeros(2, 7, 4))


def test_floor_divisions_are_compared():
    n = td.size("n", min=2)
    x, y = td.placeholder("x", (n,)), td.placeholder("y", (n // 2,))
    f = built((n,), x, y)
    assert both(f, zeros(7), zeros(3)) == (7,)
    said = both(f, zeros(7), zeros(4))
    assert "C105: y.shape[0] is 4, expected n // 2 = 3" in said and "because x.shape[0] = 7" in said


def test_disagreement_names_both_arrays():
    n = td.size("n", min=1)
    f = built((n,), td.placeholder("x", (n,)), td.placeholder("y", (2, n)))
    said = both(f, zeros(3), zeros(2, 4))
    assert "C105: y.shape[1] is 4, expected n = 3" in said and "because x.shape[0] = 3" in said


def test_products_and_remainders():
    n, m = td.size("n", min=1), td.size("m", min=1)
    f = built((n % 3, n * m), td.placeholder("x", (n, m)))
    assert both(f, zeros(5, 4)) == (2, 20)
    assert "C113: out for r has shape (2, 21), expected (2, 20)" in both(f, zeros(5, 4), out=zeros(2, 21))
    assert both(f, zeros(5, 4), out=zeros(2, 20)) == (2, 20)


def test_keywords_of_bound_sizes_must_agree():
    n = td.size("n", min=1)
    f = built((n,), td.placeholder("x", (n,)))
    assert both(f, zeros(3), n=3) == (3,)
    said = both(f, zeros(3), n=4)
    assert "C105: x.shape[0] is 3, expected n = 4" in said and "because n=4" in said
    for wrong, code in (
        (-1, "C106"),
        (True, "C111"),
        (3.0, "C111"),
        ("3", "C111"),
        (1 << 47, "C114"),
        (10**5000, "C114"),
    ):
        assert both(f, zeros(3), n=wrong).startswith(code)


def test_unbound_sizes_are_keywords_or_those_of_out():
    m, copies = td.size("m", min=1), td.size("copies", min=2)
    f = built((m, copies), td.placeholder("x", (m,)))
    assert both(f, zeros(3), copies=2) == (3, 2)
    assert both(f, zeros(3), copies=np.int16(5)) == (3, 5)
    assert both(f, zeros(3), out=zeros(3, 4)) == (3, 4)
    assert both(f, zeros(3), out=zeros(3, 4), copies=4) == (3, 4)
    assert "C113: out for r has shape (3, 4), expected (3, 5)" in both(f, zeros(3), out=zeros(3, 4), copies=5)
    assert "C110: r needs the size copies, which no array binds" in both(f, zeros(3))
    assert "C106: copies is 1, and must be at least 2" in both(f, zeros(3), copies=1)


def test_sizes_are_below_two_to_the_47():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    y = td.compute("y", (n // (1 << 40),), lambda i: x[i])
    g = td.build(td.schedule(y))
    wide = np.broadcast_to(zeros(1), (1 << 47,))
    assert "C114: n is 140737488355328, and sizes are below 2**47" in both(g, wide)
    assert both(g, wide[1:]) == ((1 << 7) - 1,)


def test_shapes_that_cannot_be():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    f = td.build(td.schedule(td.compute("y", (n - 2, 3), lambda i, j: x[i])))
    assert both(f, zeros(2)) == (0, 3)
    assert "C114: y would have extent n - 2 = -1" in both(f, zeros(1))
    g = td.build(td.schedule(td.compute("y", (n, n, n), lambda i, j, k: x[i])))
    assert "C114" in both(g, np.broadcast_to(zeros(1), (1 << 30,)))


def test_facts():
    n, m = td.size("n", multiple_of=4), td.size("m")
    with td.require(n <= m):
        f = built((n,), td.placeholder("x", (n + 1,)), td.placeholder("y", (m + 1,)))
    assert both(f, zeros(5), zeros(6)) == (4,)
    assert "C106: n is 5, and must be a multiple of 4" in both(f, zeros(6), zeros(9))
    said = both(f, zeros(9), zeros(8))
    assert "C106: n <= m does not hold" in said and "with n = 8, m = 7" in said


def test_products_with_one_unknown_left():
    n, m, p = td.size("n"), td.size("m"), td.size("p", min=1)
    x = td.placeholder("x", (n * m * p + 2 * m + 1,))
    f = built((m, n), x, td.placeholder("y", (p, n + 1)))
    assert both(f, zeros(5 * 14 + 11), zeros(2, 8)) == (5, 7)
    assert both(f, zeros(2 * 5 + 1), zeros(1, 1)) == (5, 0)
    assert both(f, zeros(1), zeros(2, 8)) == (0, 7)
    assert both(f, zeros(5 * 14 + 11), zeros(2, 8), m=5) == (5, 7)
    said = both(f, zeros(5 * 14 + 12), zeros(2, 8))
    assert "C105: x.shape[0] is 82, and n * m * p + m * 2 + 1 cannot be that" in said
    assert "81 is not divisible by 16, so there is no m" in said


def test_products_that_say_nothing_where_a_factor_is_zero():
    n, m = td.size("n"), td.size("m")
    x, y = td.placeholder("x", (n * m,)), td.placeholder("y", (m + 1,))
    f = td.build(td.schedule(td.compute("r", (n, m), lambda i, j: x[i * m + j] + y[j])))
    assert both(f, zeros(6), zeros(4)) == (2, 3)
    assert both(f, zeros(0), zeros(1), n=7) == (7, 0)
    said = both(f, zeros(0), zeros(1))
    assert "C110: x.shape[0] = n * m is 0 whatever n is" in said and "pass it as a keyword: n=…" in said
    assert "it is 0 whatever n is, so there is no n" in both(f, zeros(5), zeros(1))
