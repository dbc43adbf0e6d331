"""`fuse`: neighbours only, outermost first, for any extents."""

from tdsl.poly.model import Fuse


def test_the_loops_before_and_after(matmul, golden):
    golden(f"{matmul.s}\n\n{matmul.s.fuse(matmul.C, 'i', 'j', into='t')}")


def test_more_than_two(blur):
    s = blur.s.split("by", "y", 8).fuse("by", "yo", "yi", "x")
    assert s.axes("by") == ("yo_yi_x",)
    assert s.state.stage("by").relations[1:] == (
        Fuse("yo", "yi", "yo_yi_x.1"),
        Fuse("yo_yi_x.1", "x", "yo_yi_x"),
    )


def test_the_other_way_round(matmul, told):
    assert told(lambda: matmul.s.fuse("C", "j", "i")) == (
        "ArgumentError S123: fuse takes neighbours, outermost first: j, i of C stand the other way round\n"
        '  here: fuse("C", "j", "i")\n'
        "      for i\n"
        "        for j   <-\n"
        "          for k\n"
        "            C[i, j] = …\n"
        '  try: fuse("C", "i", "j")'
    )


def test_no_neighbours(matmul, told):
    assert told(lambda: matmul.s.fuse("C", "i", "k")) == (
        "ArgumentError S123: fuse takes neighbours, outermost first: i, k of C are none\n"
        '  here: fuse("C", "i", "k")\n'
        "      for i   <-\n"
        "        for j\n"
        "          for k\n"
        "            C[i, j] = …\n"
        '  try: reorder("C", "i", "k") first'
    )


def test_one_axis_and_an_axis_twice(matmul, told):
    assert told(lambda: matmul.s.fuse("C", "i")).startswith(
        "ArgumentError S123: fuse takes two or more neighbouring axes, not 1"
    )
    assert told(lambda: matmul.s.fuse("C", "i", "i")).startswith(
        "ArgumentError S120: fuse of C names an axis twice: i, i"
    )


def test_a_data_axis_with_a_reduction_axis(matmul, told):
    assert told(lambda: matmul.s.fuse("C", "j", "k")) == (
        "ArgumentError S123: fuse takes data axes or reduction axes of C, not both\n"
        '  here: fuse("C", "j", "k")\n'
        "  j walks elements, k walks the terms of each\n"
        "      for i\n"
        "        for j\n"
        "          for k   <-\n"
        "            C[i, j] = …"
    )


def test_a_stage_between_them(blur, told):
    s = blur.s.compute_at("bx", "by", "y")
    assert told(lambda: s.fuse("by", "y", "x")) == (
        "PlacementError S305: bx stands between the loops of by that would be fused\n"
        '  here: fuse("by", "y", "x")\n'
        "      for y   <- bx stands here\n"
        "        for x\n"
        "          by[y, x] = …\n"
        '  try: place it at "x", or fuse first and place it at the fused loop'
    )


def test_a_tile_promoted_between_them(matmul, told):
    s = matmul.s.promote("C", "i", name="tile")
    assert told(lambda: s.fuse("C", "i", "j")).startswith(
        "PlacementError S305: tile stands between the loops of C that would be fused"
    )


def test_what_stood_inside_the_inner_one_stands_inside(blur):
    s = blur.s.compute_at("bx", "by", "x").fuse("by", "y", "x", into="t")
    place = s.state.stage("bx").compute
    assert place is not None and place.loop == "t"
