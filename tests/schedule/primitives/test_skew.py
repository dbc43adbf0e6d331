"""`skew`: wavefronts, loops in skewed coordinates, what cannot be skewed."""

import numpy as np
import pytest

import tdsl as td
from tdsl.poly.model import Skew


@pytest.fixture
def paths():
    """Lattice paths: every cell needs the one above and the one on its left."""
    n, m = td.size("n"), td.size("m")
    D = td.recurrence(
        "D",
        (n, m),
        lambda D, i, j: td.where(td.all(i > 0, j > 0), D[i - 1, j] + D[i, j - 1], 1),
        dtype="int64",
    )
    return td.schedule(D)


def test_the_loops_before_and_after(paths, golden):
    wave = paths.skew("D", "j", by="i", into="w").reorder("D", "w", "i").parallel("D", "i")
    golden(f"{paths}\n\n{wave}")
    for target in ("interpret", "cpu"):
        assert td.build(wave, target=target)(n=4, m=5)[3].tolist() == [1, 4, 10, 20, 35]


def test_tiles_of_skewed_loops(paths, golden):
    tiled = paths.skew("D", "j", by="i", into="w", factor=2).tile("D", {"i": 2, "w": 3})
    golden(str(tiled))
    want = td.build(paths)(n=7, m=6)
    assert np.array_equal(td.build(tiled)(n=7, m=6), want)


def test_the_axis_is_consumed(paths, told):
    s = paths.skew("D", "j", by="i", into="w")
    assert s.axes("D") == ("i", "w") and s.state.stage("D").relations == (Skew("j", "i", 1, "w"),)
    assert "consumed by skew" in told(lambda: s.split("D", "j", 2))


def test_a_loop_by_itself(paths, told):
    assert told(lambda: paths.skew("D", "j", by="j", into="w")) == (
        "ArgumentError S140: j of D cannot be skewed by j\n"
        '  here: skew("D", "j", by="j", into="w")\n'
        "  j is skewed by itself; by= names another loop\n"
        "      for i\n"
        "        for j   <-\n"
        "          D[i, j] = …"
    )


def test_a_skew_by_a_size(paths, told):
    text = told(lambda: paths.skew("D", "j", by="i", into="w", factor=td.size("n")))
    assert text.startswith("ArgumentTypeError S140: the factor of skew is a constant, not SizeHandle")
    assert "not affine" in text
    assert "factor is 0" in told(lambda: paths.skew("D", "j", by="i", into="w", factor=0))


def test_a_loop_over_a_reduction(matmul, told):
    assert "over a reduction" in told(lambda: matmul.s.skew("C", "i", by="k", into="w"))


def test_a_fused_loop(paths, told):
    assert "S117" in told(lambda: paths.fuse("D", "i", "j").skew("D", "i_j", by="i_j", into="w"))


def test_text_and_focus(paths):
    s = paths.on("D").skew("j", by="i", into="w", factor=-1).schedule
    assert s.steps[-1].label == 'skew("D", "j", by="i", into="w", factor=-1)'
    assert td.Schedule.from_json(s.to_json(), paths.outputs[0]) == s
