"""Names of loop variables: the user's own where unambiguous, deterministic otherwise."""

from tdsl.schedule.nest_names import variable_names


def test_unique_loops_keep_their_names():
    assert variable_names([("C", "i"), ("C", "j")], ()) == {("C", "i"): "i", ("C", "j"): "j"}


def test_shared_and_taken_names_carry_the_stage():
    names = variable_names([("A", "i"), ("B", "i"), ("B", "n")], ["n"])
    assert names == {("A", "i"): "A.i", ("B", "i"): "B.i", ("B", "n"): "B.n"}


def test_a_collision_of_the_long_name_is_resolved():
    names = variable_names([("A", "i"), ("B", "i")], ["A.i"])
    assert names["A", "i"] == "A.i_"
