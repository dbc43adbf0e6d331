"""`tile`: splits in place, inner axes right after the innermost outer one."""


def test_the_loops_before_and_after(matmul, golden):
    golden(f"{matmul.s}\n\n{matmul.s.tile(matmul.C, {'i': 8, 'j': 16})}")


def test_inner_axes_follow_the_innermost_outer_one_in_the_order_given(matmul):
    assert matmul.s.tile("C", {"j": 16, "i": 8}).axes("C") == ("io", "jo", "ji", "ii", "k")
    s = matmul.s.reorder("C", "i", "k", "j")
    assert s.tile("C", {"i": 8, "j": 16}).axes("C") == ("io", "k", "jo", "ii", "ji")


def test_names_are_all_outer_ones_then_all_inner_ones(matmul):
    s = matmul.s.tile("C", {"i": 8, "j": 16}, into=("a", "b", "c", "d"))
    assert s.axes("C") == ("a", "b", "c", "d", "k")


def test_a_tile_is_one_step(matmul):
    s = matmul.s.tile("C", {"i": 8, "j": 16})
    assert [step.label for step in s.steps] == ['tile("C", {"i": 8, "j": 16})']
    assert dict(s.state.stage("C").retired) == {"i": 0, "j": 0}


def test_of_nothing(matmul, told):
    assert told(lambda: matmul.s.tile("C", {})) == (
        "ArgumentError S116: tile takes a factor for at least one axis\n"
        '  here: tile("C", {})\n'
        '  try: {"i": 32, "j": 32}'
    )


def test_as_many_names_as_axes(matmul, told):
    assert told(lambda: matmul.s.tile("C", {"i": 8, "j": 8}, into=("a", "b"))) == (
        "ArgumentError S119: tile makes 4 axes, and into= names 2\n"
        '  here: tile("C", {"i": 8, "j": 8}, into=("a", "b"))\n'
        "  try: all outer names, then all inner ones"
    )
