"""`vectorize`: a lane loop innermost; the loop over vectors keeps its name."""

import tdsl as td
from tdsl.poly.model import Rename, Split


def test_the_loops_before_and_after(blur, golden):
    golden(f"{blur.s}\n\n{blur.s.vectorize(blur.by, 'x', 8)}")


def test_lanes_sink_innermost_and_the_name_stays(matmul):
    s = matmul.s.vectorize("C", "j", 8)
    assert s.axes("C") == ("i", "j", "k", "jv")
    assert s.state.stage("C").relations == (Split("j", "j", "jv", 8),)
    assert s.state.stage("C").retired == ()


def test_a_whole_axis_becomes_lanes_and_is_retired():
    A = td.placeholder("A", (6, 4))
    C = td.compute("C", (6, 4), lambda i, j: A[i, j] + 1)
    s = td.schedule(C).vectorize(C, "i")
    assert s.axes(C) == ("j", "iv")
    assert s.state.stage("C").relations == (Rename("i", "iv"),)
    assert s.state.stage("C").retired == (("i", 0),)


def test_one_lane_is_none(matmul, told):
    assert told(lambda: matmul.s.vectorize("C", "j", 1)) == (
        'ArgumentError S108: width of vectorize must be at least 2, not 1\n  here: vectorize("C", "j", 1)'
    )


def test_too_many_lanes(matmul, told):
    assert told(lambda: matmul.s.vectorize("C", "j", 3000)) == (
        "LimitError S115: the number of lanes of j is 3000, the limit is 256\n"
        '  here: vectorize("C", "j", 3000)\n'
        "  wider vectors are loops over vectors\n"
        '  try: a part of it: vectorize("C", "j", 8)'
    )


def test_lanes_over_a_reduction_are_a_power_of_two(matmul, told):
    assert told(lambda: matmul.s.vectorize("C", "k", 6)) == (
        "ArgumentError S126: 6 lanes over the reduction axis k of C: no power of two\n"
        '  here: vectorize("C", "k", 6)\n'
        "  the partial results of the lanes are combined by halves (lane l with lane l + width/2)\n"
        "  try: 4 lanes"
    )


def test_an_inner_dependence_makes_no_lanes_illegal_for_pure_stages(blur):
    assert blur.s.vectorize("by", "y", 8).axes("by") == ("y", "x", "yv")


def test_a_whole_axis_with_a_stage_inside(told):
    A = td.placeholder("A", (8, 8))
    B = td.compute("B", (8, 8), lambda i, j: A[i, j] * 2)
    C = td.compute("C", (8, 8), lambda i, j: B[i, j] + 1)
    s = td.schedule(C).compute_at("B", "C", "j")
    assert told(lambda: s.vectorize("C", "j")) == (
        "PlacementError S304: B stands inside j of C, which would become vector lanes\n"
        '  here: vectorize("C", "j")\n'
        "      for i\n"
        "        for j   <- B stands here\n"
        "          C[i, j] = …\n"
        '  try: vectorize("C", "j", 8): the loop over vectors stays'
    )
    assert s.vectorize("C", "j", 4).state.stage("B").compute.loop == "j"
