"""N3: a size is its name; two different tensors of one name in one schedule are an error."""

import pytest

import tdsl as td


def test_two_placeholders_of_one_name():
    n = td.size("n")
    first, second = td.placeholder("A", (n,)), td.placeholder("A", (n,))
    with pytest.raises(td.DuplicateNameError):
        td.schedule(td.compute("C", (n,), lambda i: first[i] + second[i]))


def test_one_size_written_twice():
    A = td.placeholder("A", (td.size("n"),))
    C = td.compute("C", (td.size("n"),), lambda i: A[i])
    assert td.schedule(C).stages() == ("C",)
