"""Digests of schedules: equal where the loops are, different wherever anything differs, the same in every process."""

import dataclasses
import os
import pickle
import subprocess
import sys
from fractions import Fraction

import pytest

import tdsl as td
from tdsl.schedule.fingerprint import NoFingerprint, fingerprint


def digest(s, arguments=("A", "B"), name="C"):
    return fingerprint(s.state, arguments, name)


def declared(factor=1.0, dtype="float32", minimum=0, over=None, where=None, contract=True):
    m, n, p = td.size("m", min=minimum), td.size("n"), td.size("p")
    A, B = td.placeholder("A", (m, p), dtype), td.placeholder("B", (p, n), dtype)
    k = td.reduce_axis("k", p if over is None else over)
    with td.options(contract=contract):
        return td.compute("C", (m, n), lambda i, j: td.sum(A[i, k] * B[k, j], over=k) * factor, where=where)


def test_equal_declarations_have_one_digest():
    one, other = declared(), declared()
    assert digest(td.schedule(one)) == digest(td.schedule(other))
    s = td.schedule(one).tile(one, {"i": 8, "j": 8}).vectorize(one, "ji").parallel(one, "io")
    t = td.schedule(other).tile(other, {"i": 8, "j": 8}).vectorize(other, "ji").parallel(other, "io")
    assert digest(s) == digest(t) == digest(pickle.loads(pickle.dumps(s)))


def variants():
    yield from (
        declared(),
        declared(2.0),
        declared(-0.0),
        declared(0.0),
        declared(dtype="float64"),
        declared(minimum=1),
    )
    yield declared(over=td.size("p") // 2)
    yield declared(where=lambda i, j: j <= i)
    yield declared(contract=False)


def test_other_declarations_have_others():
    found = [digest(td.schedule(C)) for C in variants()]
    assert len(set(found)) == len(found)


def test_directives_count():
    C = declared()
    s = td.schedule(C)
    found = [
        digest(one)
        for one in (
            s, s.split(C, "i", 8), s.split(C, "i", 4), s.split(C, "i", 8, tail="peel"), s.split(C, "i", 8, into=("a", "b")),
            s.vectorize(C, "j", 8), s.unroll(C, "j", 8), s.parallel(C, "i"), s.reorder(C, "j", "i", "k"),
            s.cache_read("A", C, name="Ap"), s.cache_read("A", C, name="Aq"), s.cache_write(C, name="acc"),
            s.assume(td.size("m") % 4 == 0),
        )
    ]  # fmt: skip
    assert len(set(found)) == len(found)


def test_arguments_and_names_count():
    s = td.schedule(declared())
    assert len({digest(s), digest(s, ("B", "A")), digest(s, name="D"), digest(s, ("AB",))}) == 4


def test_user_lines_and_creation_numbers_do_not():
    C = declared()
    for _ in range(3):
        td.placeholder("other", (4,))
    assert digest(td.schedule(C)) == digest(td.schedule(declared()))


def test_reducers_count_by_what_they_compute():
    x = td.placeholder("x", (td.size("n"),), "int32")
    k = td.reduce_axis("k", td.size("n"))

    def with_step(step, start=0):
        own = td.reducer(step, lambda dtype: start)
        return digest(td.schedule(td.compute("y", (1,), lambda i: own(x[k], over=k))))

    either = with_step(lambda a, b: a | b)
    assert with_step(lambda a, b: a | b) == either
    assert len({either, with_step(lambda a, b: a ^ b), with_step(lambda a, b: a & b, -1)}) == 3


def test_what_is_not_known_has_no_digest():
    state = td.schedule(declared()).state
    for strange in (Fraction(1, 2), len, {"a": 1}, object(), type):
        with pytest.raises(NoFingerprint):
            fingerprint(dataclasses.replace(state, assumptions=(strange,)), (), "C")


PROGRAM = """
import tdsl as td
from tests.schedule.test_fingerprint import declared, digest
C = declared()
print(digest(td.schedule(C).tile(C, {"i": 8, "j": 8}).cache_read("A", C, name="Ap")))
"""


def test_the_same_in_every_process():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    shown = {
        subprocess.run([sys.executable, "-c", PROGRAM], env={**environment, "PYTHONHASHSEED": seed}, capture_output=True,
                       text=True, check=True).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(shown) == 1
