"""N4: stages made by operators get unique names when the schedule is created; a tensor is always a valid handle."""

import tdsl as td


def test_names_are_made_unique_in_order():
    A = td.placeholder("A", (td.size("n"),))
    first = td.pad(A, 1, mode="edge")
    second = td.pad(first, 1, mode="edge")
    third = td.pad(second, 1, mode="edge")
    s = td.schedule(third)
    name = first.name
    assert s.stages() == (name, f"{name}_1", f"{name}_2")
    assert [s.axes(tensor) == s.axes(stage) for tensor, stage in zip((first, second, third), s.stages())] == [
        True
    ] * 3
    assert s.compute_at(second, third, s.axes(third)[0]).state.stage(f"{name}_1").compute is not None


def test_a_users_name_comes_first():
    A = td.placeholder("A", (td.size("n"),))
    unnamed = td.pad(A, 1, mode="edge")
    named = td.pad(unnamed, 1, mode="edge", name=unnamed.name)
    assert td.schedule(named).stages() == (f"{unnamed.name}_1", unnamed.name)
