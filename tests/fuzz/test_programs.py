"""The programs that are drawn hold what they should; the directives for an instruction are accepted, one after another."""

import random
import re

import tdsl as td
from tdsl.fuzzing.draw import applied
from tdsl.fuzzing.drawing import Drawing, instructions
from tdsl.fuzzing.plans import instructed
from tests.support.draw_programs import _Drawing

VNNI = td.Target("cpu", mcpu="x86-64-v4", features=("avx512vnni",))


def test_flat_rows_gathered_rows_and_narrow_products_are_drawn():
    drawings = [_Drawing(random.Random(seed)) for seed in range(2500)]
    sources = [one.program().source() for one in drawings if one.flat]
    narrow = [one.program().source() for one in drawings[:100] if one.narrow and not one.flat]
    found = {
        "rows by a size": sum(bool(re.search(r"\w\[\(?\w+\)? \* \(?[nm]\b", text)) for text in sources),
        "quotients and remainders by a size": sum("% n" in text or "% (n" in text for text in sources),
        "rows of a constant length": sum(
            bool(re.search(r'"\w+", \(\d+ \* \d+,\)', text)) for text in sources
        ),
        "rows taken through data": sum(bool(re.search(r"at=\(idx\[\w+\] \* ", text)) for text in sources),
        "narrow products": sum("r[" in text and '"int32") * td.cast(' in text for text in narrow),
    }
    assert all(found.values()), found


def test_the_directives_for_an_instruction_are_accepted():
    A, B = td.placeholder("A", (9, 11), "uint8"), td.placeholder("B", (20, 11), "int8")
    k = td.reduce_axis("k", 11)
    C = td.compute(
        "C", (9, 20), lambda i, j: td.sum(td.cast(A[i, k], "int32") * td.cast(B[j, k], "int32"), over=k)
    )
    start = td.schedule(C, target=VNNI)
    assert [one.name for one in instructions(start, "C")] == ["vpdpbusd"]
    used = 0
    for seed in range(8):
        schedule = start
        for step in instructed(Drawing(random.Random(seed)), schedule):
            schedule = applied(schedule, step, {"td": td})
        used += schedule.steps[-1].primitive == "tensorize"
    assert used == 8


def test_nothing_is_asked_of_wide_products():
    A = td.placeholder("A", (8, 8), "int32")
    k = td.reduce_axis("k", 8)
    C = td.compute("C", (8, 8), lambda i, j: td.sum(A[i, k] * A[j, k], over=k))
    schedule = td.schedule(C, target=VNNI)
    assert instructions(schedule, "C") == [] and not list(instructed(Drawing(random.Random(0)), schedule))
