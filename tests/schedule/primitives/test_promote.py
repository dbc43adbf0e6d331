"""`promote`: a reduction's tile held for one iteration of a loop; exact."""


def test_the_loops_before_and_after(matmul, golden):
    s = (
        matmul.s.tile("C", {"i": 4, "j": 8}).split("C", "k", 16)
        .reorder("C", "io", "jo", "ko", "ki", "ii", "ji").unroll("C", "ii").vectorize("C", "ji")
    )  # fmt: skip
    golden(f"{s}\n\n{s.promote('C', 'jo', name='tile')}")


def test_it_moves_with_a_split_of_its_loop(matmul):
    s = matmul.s.promote("C", "i", name="tile", scope="stack").split("C", "i", 4)
    assert [promote.loop for promote in s.state.stage("C").promotes] == ["ii"]


def test_a_pure_stage(blur, told):
    assert told(lambda: blur.s.promote("by", "y")) == (
        "PlacementError S311: by is no reduction: it has no accumulator to promote\n"
        '  here: promote("by", "y")\n'
        '  try: cache_write("by", scope="register") and compute_at of the copy'
    )


def test_no_reduction_inside(matmul, told):
    assert told(lambda: matmul.s.promote("C", "k")) == (
        "PlacementError S312: no reduction loop of C stands inside k: each element would be touched once\n"
        '  here: promote("C", "k")\n'
        "      for i\n"
        "        for j\n"
        "          for k   <-\n"
        "            C[i, j] = …\n"
        "  try: a loop outside a reduction loop"
    )


def test_a_second_tile(matmul, told):
    s = matmul.s.promote("C", "i", name="tile")
    assert told(lambda: s.promote("C", "j", name="again")) == (
        "PlacementError S313: C has a promoted tile already: tile, at i\n"
        '  here: promote("C", "j", name="again")\n'
        f'  by promote("C", "i", name="tile") at {s.steps[0].where.brief()}\n'
        "  try: one tile a stage, at the innermost loop that carries the sum on"
    )


def test_the_name_is_taken(matmul, told):
    assert told(lambda: matmul.s.promote("C", "i", name="A")).startswith(
        "ArgumentError S113: promote cannot make a stage called 'A': an input has that name"
    )
