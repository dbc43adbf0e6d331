"""`reorder`: permutation among the places held, `...`, lanes innermost."""


def test_the_loops_before_and_after(matmul, golden):
    golden(f"{matmul.s}\n\n{matmul.s.reorder(matmul.C, 'k', 'i', 'j')}")


def test_the_named_axes_change_places_among_themselves(matmul):
    assert matmul.s.reorder("C", "k", "i").axes("C") == ("k", "j", "i")


def test_dots_stand_for_the_rest(matmul):
    assert matmul.s.reorder("C", "k", ...).axes("C") == ("k", "i", "j")
    assert matmul.s.reorder("C", ..., "i").axes("C") == ("j", "k", "i")
    assert matmul.s.reorder("C", "j", ..., "i").axes("C") == ("j", "k", "i")


def test_dots_twice(matmul, told):
    assert told(lambda: matmul.s.reorder("C", ..., "i", ...)).startswith(
        "ArgumentError S120: reorder of C names ... twice"
    )


def test_lanes_stay_innermost(matmul, told):
    s = matmul.s.vectorize("C", "j", 8)
    assert told(lambda: s.reorder("C", "jv", "k")) == (
        "ArgumentError S122: jv holds the vector lanes of C, which stay innermost\n"
        '  here: reorder("C", "jv", "k")\n'
        "      for i\n"
        "        for j\n"
        "          vector jv   <-\n"
        "            for k\n"
        "              C[i, j] = …\n"
        "  try: reorder first, then vectorize\n"
        '   or: keep "jv" last'
    )


def test_a_fused_loop_moves_as_one(matmul):
    assert matmul.s.fuse("C", "i", "j").reorder("C", "k", "i_j").axes("C") == ("k", "i_j")
