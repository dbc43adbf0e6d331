"""N3: a size is its name; two different tensors of one name in one schedule are an error."""

import numpy as np
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


def test_facts_of_one_size_agree():
    A = td.placeholder("A", (td.size("n", min=1),))
    with pytest.raises(td.DuplicateNameError, match="E110") as caught:
        td.compute("C", (td.size("n"),), lambda i: A[i])
    assert 'td.size("n", min=1)' in str(caught.value)


def test_a_param_is_its_name():
    n = td.size("n")
    A, alpha, beta = td.placeholder("A", (n,)), td.param("alpha"), td.param("alpha")
    C = td.compute("C", (n,), lambda i: A[i] * alpha + beta)
    assert td.build(td.schedule(C))(np.float32([1, 2]), 3.0).tolist() == [6, 9]
    with pytest.raises(td.DuplicateNameError):
        td.schedule(
            td.compute("D", (n,), lambda i: A[i] * alpha + td.cast(td.param("alpha", "float64"), "float32"))
        )


def test_two_stages_of_one_users_name():
    A = td.placeholder("A", (4,))
    one = td.compute("C", (4,), lambda i: A[i] + 1)
    with pytest.raises(td.DuplicateNameError):
        td.schedule(td.compute("C", (4,), lambda i: one[i] * 2))


def test_an_array_a_size_and_a_param_are_three_names():
    n = td.size("n")
    A = td.placeholder("n", (n,))
    with pytest.raises(td.DuplicateNameError):
        td.schedule(td.compute("C", (n,), lambda i: A[i]))
