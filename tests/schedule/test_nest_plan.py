"""Leaves of loops, what reduces, and recovering axes from loops, against plain arithmetic."""

from tdsl.expr.node import axis_var, index_const
from tdsl.expr.rewrite import substitute
from tdsl.expr.simplify import simplify
from tdsl.poly.model import Fuse, Rename, Reverse, Skew, Split
from tdsl.schedule.nest_plan import derived_from, leaves_of, loop_leaves, recover


def value(node, point):
    return int(simplify(substitute(node, {axis_var(k): index_const(v) for k, v in point.items()})).value)


def test_split_recovers_with_its_base():
    relations = (Split("i", "io", "ii", 8), Split("ii", "a", "b", 4))
    values = {name: axis_var(name) for name in ("io", "a", "b")}
    known = recover(relations, values, lambda step: index_const(3 if step == 0 else 0))
    assert value(known["i"], {"io": 2, "a": 1, "b": 3}) == 3 + 8 * 2 + 4 + 3


def test_a_name_may_stand_for_the_loop_over_vectors():
    known = recover(
        (Split("j", "j", "jv", 16),), {"j": axis_var("j"), "jv": axis_var("jv")}, lambda _: index_const(0)
    )
    assert value(known["j"], {"j": 2, "jv": 5}) == 37


def test_skew_reverse_rename_recover():
    relations = (Skew("j", "i", 2, "w"), Reverse("i", "r"), Rename("k", "kv"))
    values = {name: axis_var(name) for name in ("w", "r", "kv")}
    known = recover(relations, values, lambda _: index_const(0))
    assert value(known["i"], {"r": -3}) == 3
    assert value(known["j"], {"w": 11, "r": -3}) == 5
    assert value(known["k"], {"kv": 4}) == 4


def test_derived_loops_follow_every_relation():
    relations = (Split("k", "ko", "ki", 4), Fuse("i", "ko", "t"))
    assert derived_from(frozenset({"k"}), relations) == {"k", "ko", "ki", "t"}


def test_leaves_of_fused_and_chunked_loops(matmul):
    s = matmul.s.fuse("C", "i", "j", into="t").parallel("C", "t", chunk=8)
    state = s.state.stage("C")
    assert leaves_of("t", state) == ("i", "j")
    table = loop_leaves(state)
    assert table["tc"].leaves == ("i", "j")
    assert table["tc"].chunks == (("t", "tc", 8),)
