"""Loops with bounds from data: narrowed to whole axes or blocks of them, guarded elsewhere, never out of the range."""

import pytest

import tdsl as td

n, nnz = td.size("n"), td.size("nnz")
ptr = td.placeholder("ptr", (n + 1,), "int64", range=(0, nnz + 1))
val = td.placeholder("val", (nnz,))


def rows():
    def body(i):
        k = td.reduce_axis("k", (ptr[i], ptr[i + 1]))
        return td.sum(val[k], over=k)

    return td.compute("y", (n,), body)


def lines(schedule):
    return [line.strip() for line in str(schedule).splitlines()]


def test_a_whole_axis_has_no_guard():
    found = lines(td.schedule(rows()))
    assert "for k in max(0, ptr[i]) .. min(nnz, ptr[i + 1]):" in found
    assert not any(line.startswith("if") for line in found)


def test_blocks_are_narrowed_and_guarded():
    found = lines(td.schedule(rows()).split("y", "k", 8))
    assert "for ko in max(0, ptr[i] // 8) .. min((nnz + 7) // 8, (ptr[i + 1] - 1) // 8 + 1):" in found
    assert found.count("if ko * 8 + ki >= ptr[i]:") == 1 and found.count("if ko * 8 + ki < ptr[i + 1]:") == 1


def test_outside_of_what_the_data_depends_on_the_range_is_run_over():
    found = lines(td.schedule(rows()).reorder("y", "k", "i"))
    assert "for k in 0 .. nnz:" in found and "if k < ptr[i + 1]:" in found


def test_params():
    p = td.param("p", "int32", range=(0, nnz + 1))
    y = td.compute("y", (), lambda: td.sum(val[k := td.reduce_axis("k", (0, p))], over=k))
    assert "for k in 0 .. min(nnz, int64(p)):" in lines(td.schedule(y))


def test_rfactor_needs_a_number_of_parts():
    with pytest.raises(td.PlacementError, match="S317"):
        td.schedule(rows()).rfactor("y", "k", name="part")
