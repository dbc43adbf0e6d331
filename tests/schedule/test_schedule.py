"""`Schedule`: a value with a past that can be edited, compared, saved and shown."""

import inspect
import pickle

import pytest

import tdsl as td
from tdsl.schedule.focus import StageView
from tdsl.schedule.primitives import PRIMITIVES
from tdsl.schedule.schedule import Schedule, as_schedule


def tiled(s):
    return (
        s.tile("C", {"i": 32, "j": 64})
        .split("C", "k", 4, into=("ko", "ki"))
        .reorder("C", "io", "jo", "ko", "ki", "ii", "ji")
        .vectorize("C", "ji", 16)
        .parallel("C", "io")
    )


def everything(blur):
    """A schedule with every kind of argument."""
    ti = td.knob("ti", [4, 8, 16], default=8)
    return (
        blur.s.assume(td.all(blur.w % 8 == 0, td.minimum(blur.h, blur.w) > 1))
        .cache_read("inp", "bx", name="copy", scope="heap")
        .layout("copy", lambda y, d1: (d1 // 8, y, d1 % 8))
        .tile("by", {"y": ti, "x": 64}, tail="guard")
        .reorder("by", "yo", ..., "yi")
        .fuse("by", "yo", "xo", into="t")
        .parallel("by", "t", chunk=2)
        .compute_at("bx", "by", "tc")
        .scope("bx", "heap")
        .split("bx", "x", (2, 4), into=("a", "b", "c"))
        .unroll("bx", "c")
    )


# a value


def test_every_method_gives_a_new_schedule(matmul):
    s = tiled(matmul.s)
    assert matmul.s.axes("C") == ("i", "j", "k")
    assert s.axes("C") == ("io", "jo", "ko", "ki", "ii", "ji", "jiv")
    assert (len(matmul.s.steps), len(s.steps)) == (0, 5)
    with pytest.raises(AttributeError):
        s.target = None  # type: ignore[misc]


def test_equality_and_hash(matmul):
    assert tiled(matmul.s) == tiled(matmul.s)
    assert hash(tiled(matmul.s)) == hash(tiled(matmul.s))
    assert tiled(matmul.s) != matmul.s
    assert matmul.s.split("C", "i", 8) != matmul.s.split("C", "i", 16)
    assert matmul.s != "a schedule"


def test_pickle(matmul, blur):
    for s in (tiled(matmul.s), everything(blur)):
        again = pickle.loads(pickle.dumps(s))
        assert again == s
        assert hash(again) == hash(s)
        assert again.axes(s.stages()[-1]) == s.axes(s.stages()[-1])
        assert again.steps[0].where == s.steps[0].where


def test_repr(matmul):
    assert repr(matmul.s) == "<schedule of C: 0 steps>"
    assert repr(matmul.s.split("C", "i", 8)) == "<schedule of C: 1 step>"


# one method a primitive


def test_there_is_one_method_a_primitive_in_both_views():
    for name in PRIMITIVES:
        assert callable(getattr(Schedule, name))
        assert name in ("assume", "specialize") or callable(getattr(StageView, name))


def test_the_view_has_the_same_arguments_but_the_stage():
    for name in PRIMITIVES:
        if name in ("assume", "specialize", "tile"):
            continue
        own = list(inspect.signature(getattr(Schedule, name)).parameters.values())[2:]
        view = list(inspect.signature(getattr(StageView, name)).parameters.values())[1:]
        assert [(p.name, p.kind, p.default) for p in own] == [(p.name, p.kind, p.default) for p in view], name


def test_on_a_stage(matmul):
    view = matmul.s.on(matmul.C).tile(i=64, j=64).reorder("io", "jo", ..., "ji").parallel("io")
    assert view.schedule == (
        matmul.s.tile("C", {"i": 64, "j": 64}).reorder("C", "io", "jo", ..., "ji").parallel("C", "io")
    )
    assert view.axes() == ("io", "jo", "ii", "k", "ji")
    assert as_schedule(view) is view.schedule
    assert str(view) == str(view.schedule)
    assert view.on("C").stage == "C"


def test_apply_composes(matmul):
    def mine(s, tile, *, over="i"):
        return s.split("C", over, tile)

    assert matmul.s.apply(mine, 8, over="j") == matmul.s.split("C", "j", 8)
    assert matmul.s.apply(lambda s: s.on("C").parallel("i")) == matmul.s.parallel("C", "i")


def test_a_function_that_gives_no_schedule(matmul, told):
    assert told(lambda: matmul.s.apply(print)) == (
        "ArgumentTypeError S138: print gave NoneType, not a schedule\n"
        "  here: apply(print)\n"
        "  try: return the schedule: its methods change nothing in place"
    )


# the past


def test_undo_and_without(matmul):
    s = tiled(matmul.s)
    assert s.undo() == s.without(-1) == s.without(s.steps[-1])
    assert s.undo(5) == matmul.s
    assert s.undo().undo().axes("C") == ("io", "jo", "ko", "ki", "ii", "ji")


def test_what_later_steps_need_cannot_be_left_out(matmul, told):
    s = tiled(matmul.s)
    with pytest.raises(td.UnknownAxisError) as caught:
        s.without(1)
    assert caught.value.where == s.steps[2].where


def test_replace(matmul):
    s = tiled(matmul.s)
    assert s.replace(s.steps[1], factor=8).steps[1].factor == 8
    assert s.replace(0, factors={"i": 16, "j": 64}).axes("C") == s.axes("C")
    assert s.replace(1, factor=4) == s


def test_replacing_a_layout(blur):
    s = blur.s.layout("bx", lambda y, x: (x, y)).parallel("by", "x")
    assert s.replace(0, subscripts=lambda y, x: (y, x)) == (
        blur.s.layout("bx", lambda y, x: (y, x)).parallel("by", "x")
    )


def test_bad_edits(matmul, told):
    s = tiled(matmul.s)
    assert told(lambda: s.replace(1, fact=3)) == (
        "ArgumentError S136: split has no argument 'fact'\n"
        "  here: replace(1, fact=3)\n"
        "  arguments of split: stage, axis, factor, parts, into, tail"
    )
    assert told(lambda: s.without(9)) == (
        "ArgumentError S135: the schedule has no step 9\n"
        "  here: without(9)\n"
        "  it has 5 steps\n"
        "  try: s.steps[k], or the number that s.history() shows"
    )
    assert told(lambda: s.undo(6)) == (
        "ArgumentError S135: cannot undo 6 steps of a schedule that has 5\n"
        "  here: undo(6)\n"
        "  try: s.history()"
    )


# text


def test_script_rebuilds_it(matmul, blur):
    for s, names in ((tiled(matmul.s), {"C": matmul.C}), (everything(blur), {"by": blur.by})):
        assert eval(s.script(), {"td": td, **names}) == s
    assert everything(blur).set(ti=16) == eval(
        everything(blur).set(ti=16).script(), {"td": td, "by": blur.by}
    )


def test_script_keeps_reasons(matmul):
    s = matmul.s.split("C", "i", 4).because('fits "L1"').unroll("C", "ii")
    written = eval(s.script(), {"td": td, "C": matmul.C})
    assert written == s and [step.reason for step in written.steps] == ['fits "L1"', ""]


def test_script_text(blur, golden):
    golden(everything(blur).set(ti=4).script(), suffix=".py.txt")
    assert blur.s.script() == "td.schedule(by)"
    other = td.schedule(blur.by, target="interpret")
    assert other.script() == "td.schedule(by, target=td.Target('interpret'))"
    assert eval(other.script(), {"td": td, "by": blur.by}).target == other.target


def test_history(matmul):
    s = matmul.s.split("C", "k", 8).reorder("C", "ki", "ko").vectorize("C", "j", 4)
    places = [step.where.brief() for step in s.steps]
    assert s.history() == (
        f'0  split("C", "k", 8)        exact                {places[0]}\n'
        f'1  reorder("C", "ki", "ko")  reassociates k of C  {places[1]}\n'
        f'2  vectorize("C", "j", 4)    exact                {places[2]}'
    )
    assert matmul.s.history() == "no steps yet"


def test_diff(matmul):
    s = matmul.s.split("C", "k", 8)
    assert s.diff(s) == ""
    assert s.diff(s.parallel("C", "i")) == (
        '--- steps\n+++ steps of the other\n@@ -1 +1,2 @@\n split("C", "k", 8)\n+parallel("C", "i")\n'
        "--- loops\n+++ loops of the other\n@@ -1,2 +1,2 @@\n-for i in 0 .. m:\n+parallel for i in 0 .. m:\n"
        "   for j in 0 .. n:"
    )


def test_html_is_the_same_lines(blur):
    page = everything(blur)._repr_html_()
    assert page.startswith("<pre") and page.endswith("</pre>")
    assert "parallel for" in page and "<script" not in page
    assert "&lt;" in page or "if " not in page


def test_why(matmul):
    s = tiled(matmul.s)
    assert s.why("io").splitlines() == [
        "io of C: blocks of i, split by 32 (from i)",
        "runs in parallel",
        f'  by tile("C", {{"i": 32, "j": 64}}) at {s.steps[0].where.brief()}',
        f'  by parallel("C", "io") at {s.steps[4].where.brief()}',
    ]
    assert s.why("ki", "C").splitlines()[-1] == (
        "may not run in parallel: the iterations of ki add up terms of one element of C"
    )


def test_why_of_an_axis_that_several_stages_have(blur, told):
    assert told(lambda: blur.s.why("y")) == (
        "UnknownAxisError S104: several stages have an axis 'y': bx, by\n"
        '  here: why("y")\n'
        "  axes of bx: y, x\n"
        "  axes of by: y, x\n"
        '  try: s.why("y", "bx")\n'
        '   or: s.why("y", "by")'
    )


def test_what_a_stage_reads_and_reduces_over(matmul, blur):
    assert blur.s.reads("by") == ("bx",)
    assert matmul.s.reads("C") == ("A", "B") and matmul.s.reduce_axes("C") == ("k",)
    s = matmul.s.cache_read("A", "C", name="Ac").split("C", "k", 4).reorder("C", "ko", "i", "j", "ki")
    assert s.reads("C") == ("Ac", "B") and s.reads("Ac") == ("A",)
    assert s.reduce_axes("C") == ("ko", "ki")
    with pytest.raises(td.UnknownStageError):
        s.reads("nothing")


def test_parallel_axes(matmul, blur):
    assert matmul.s.parallel_axes("C") == ("i", "j")
    assert blur.s.store_root("bx").compute_at("bx", "by", "y").parallel_axes("by") == ("x",)


def test_storage(blur):
    s = blur.s.split("by", "y", 32).compute_at("bx", "by", "yo")
    assert s.storage("bx") == {
        "dims": ("y", "x"), "shape": ("34", "w"), "physical": ("34", "w"), "allocated": ("34", "w"),
        "dtype": "float32", "scope": "heap", "where": "yo of by", "bytes": "w * 136",
    }  # fmt: skip
    assert s.storage(blur.by)["where"] == "argument"
