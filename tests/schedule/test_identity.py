"""Structural equality of declarations (P16)."""

import tdsl as td


def matmul(name="C", dtype="float32", order="AB", minimum=0):
    m, n, p = td.size("m", min=minimum), td.size("n"), td.size("p")
    A, B = td.placeholder("A", (m, p), dtype), td.placeholder("B", (p, n), dtype)
    k = td.reduce_axis("k", p)
    pick = (lambda i, j: A[i, k] * B[k, j]) if order == "AB" else (lambda i, j: B[k, j] * A[i, k])
    return td.schedule(td.compute(name, (m, n), lambda i, j: td.sum(pick(i, j), over=k)))


def test_declared_twice_is_the_same():
    assert matmul() == matmul()
    assert hash(matmul()) == hash(matmul())


def test_names_dtypes_expressions_and_facts_count():
    for other in (matmul("D"), matmul(dtype="float64"), matmul(order="BA"), matmul(minimum=1)):
        assert matmul() != other


def test_options_count():
    with td.options(contract=False):
        other = matmul()
    assert matmul() != other


def test_steps_count_and_lines_do_not():
    first = matmul().split("C", "i", 8)
    second = (
        matmul()
        .split("C", "i", 8)
    )  # fmt: skip
    assert first.steps[0].where != second.steps[0].where
    assert first == second
