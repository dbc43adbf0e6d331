"""Where reads are evaluated: conditions of lazy branches, bounds of reductions, shared nodes with several paths."""

import tdsl as td
from tdsl.expr.build import logical_not
from tdsl.expr.printer import text
from tdsl.poly.reads import PATHS, is_obvious, read_sites


def shown(expr, axes=()):
    sites = read_sites((expr.node,), axes)
    return {
        text(site.read): [[text(condition) for condition in path] for path in site.paths] for site in sites
    }


def setup():
    n = td.size("n")
    return td.placeholder("V", (n,)), td.axis("i", n), n


def test_paths():
    V, i, _ = setup()
    e = td.where(i > 0, V[i - 1], td.where(V[i] > 0, V[i], 1.0)) + V[i]
    assert shown(e) == {"V[i - 1]": [["i > 0"]], "V[i]": [[]]}
    e = td.where(i > 0, td.where(i > 1, V[i - 2], V[i - 1]), 0.0)
    assert shown(e) == {"V[i - 2]": [["i > 0", "i > 1"]], "V[i - 1]": [["i > 0", "i <= 1"]]}
    e = td.where(i > 1, V[i], 0.0) + td.where(i > 2, V[i], 0.0)
    assert shown(e) == {"V[i]": [["i > 2"], ["i > 1"]]}


def test_a_weaker_path_absorbs_a_stronger_one():
    V, i, _ = setup()
    e = td.where(i > 1, td.where(i > 2, V[i], 0.0), 0.0) + td.where(i > 1, V[i] * 2.0, 0.0)
    assert shown(e) == {"V[i]": [["i > 1"]]}


def test_reductions_add_the_bounds_of_their_axes():
    V, i, n = setup()
    k = td.reduce_axis("k", (i, n))
    assert shown(td.sum(V[k], over=k), (k.origin.axis,)) == {"V[k]": [["k >= i", "k < n"]]}


def test_many_paths_keep_what_they_share():
    V, i, _ = setup()
    e = V[i] * 0.0
    for step in range(PATHS + 3):
        e = td.where(i != step, V[0], 1.0) + e
    guarded = td.where(i > 100, e, 0.0)
    ((*_, zero),) = [[paths for name, paths in shown(guarded).items() if name == "V[0]"]]
    assert zero == [["i > 100"]]


def test_reads_in_subscripts_come_first():
    V, i, n = setup()
    idx = td.placeholder("idx", (n,), "int64", range=(0, n))
    assert list(shown(V[idx[i]])) == ["idx[i]", "V[idx[i]]"]


def test_obvious_reads():
    V, i, n = setup()
    m = td.size("m")
    k, q, late = td.reduce_axis("k", n), td.reduce_axis("q", m), td.reduce_axis("late", (1, n))
    axes = {axis.name: axis.origin.axis for axis in (i, k, q, late)}
    fixed = td.placeholder("F", (4,))
    assert is_obvious(V[i].node, axes) and is_obvious(V[k].node, axes) and is_obvious(V[late].node, axes)
    assert (
        not is_obvious(V[q].node, axes)
        and not is_obvious(V[i + 1].node, axes)
        and not is_obvious(V[0].node, axes)
    )
    assert (
        is_obvious(fixed[3].node, axes)
        and not is_obvious(fixed[4].node, axes)
        and not is_obvious(fixed[-1].node, axes)
    )
    early = td.axis("early", (-1, n))
    assert not is_obvious(V[early].node, {"early": early.origin.axis})


def test_conditions_are_negated_exactly():
    _, i, _ = setup()
    assert text(logical_not((i > 0).node)) == "i <= 0"


def test_bounds_of_an_axis_are_read_where_the_reduction_starts():
    V, i, n = setup()
    ptr = td.placeholder("ptr", (n + 1,), "int64", range=(0, n + 1))
    a = td.reduce_axis("a", (ptr[i], n))
    b = td.reduce_axis("b", (0, ptr[a]))
    e = td.where(i > 1, td.sum(V[b], over=(a, b)), 0.0)
    axes = [axis.origin.axis for axis in (a, b)]
    assert shown(e, axes) == {
        "ptr[i]": [["i > 1"]],
        "ptr[a]": [["i > 1", "a >= ptr[i]", "a < n"]],
        "V[b]": [["i > 1", "a >= ptr[i]", "a < n", "b >= 0", "b < ptr[a]"]],
    }
