"""The text of entries: deterministic, whole for odd interfaces, and bare of addresses and unknown symbols."""

import os
import subprocess
import sys

import pytest

import tdsl as td
from tdsl.codegen.entry.emit import emit_entry
from tdsl.codegen.entry.layout import PYTHON_SYMBOLS, SHARED_FUNCTIONS, ContextLayout, context_of
from tdsl.codegen.entry.support import support_text
from tdsl.codegen.interface import ArrayInterface, Formula, Interface, ScalarInterface, SizeInterface
from tdsl.codegen.machine import compile_object
from tdsl.codegen.object_symbols import KERNEL_SYMBOLS, read_symbols


def array(name, *extents, dtype="float32", role="input", **more):
    formulas = tuple(
        Formula(text, ((text, 1),)) if text.isidentifier() else Formula(text, (), int(text))
        for text in extents
    )
    return ArrayInterface(name, dtype, formulas, role, **more)


def interface(*arguments, sizes=("n",), **more):
    return Interface("f", tuple(SizeInterface(name) for name in sizes), arguments, **more)


X, Y = array("x", "n"), array("y", "n", role="output")
PLAIN = interface(X, Y)
DTYPES = ("bool", "int8", "uint16", "float16", "float64", "bfloat16", "float8_e5m2")
SCALARS = ("bool", "int8", "uint64", "int64", "float32", "float64")
BELOW_N = (Formula("0", ()), Formula("n", (("n", 1),)))
ODD = {
    "plain": PLAIN,
    "no input": interface(array("y", "3", role="output"), sizes=()),
    "no size": interface(array("x"), array("y", role="output"), sizes=()),
    "keywords": interface(array("x", "n"), array("y", "n", "k", role="output"), sizes=("n", "k")),
    "only keywords": interface(array("y", "n", "k", role="output"), sizes=("n", "k")),
    "eight outputs": interface(array("x", "n"), *(array(f"y{i}", "n", role="output") for i in range(8))),
    "every dtype": interface(*(array(f"x{dtype}", "n", dtype=dtype) for dtype in DTYPES), Y),
    "every scalar": interface(*(ScalarInterface(f"s{dtype}", dtype) for dtype in SCALARS), Y),
    "names": interface(array("größe", "n"), array("ndarray", "n", "n"), array("%x", "n", role="output")),
    "ranges": interface(array("x", "n", dtype="uint8", value_range=BELOW_N), Y),
    "rank": interface(array("x", *["n"] * 32), array("y", "n", role="output")),
    "declared": interface(array("x", "n", strides=(1,), align=64), array("y", "n", role="output")),
    "in place": interface(array("x", "n"), array("y", "n", role="output"), inplace=(("x", "y"),)),
    "operations": interface(array("x", "n"), array("y", "n", role="output"), operations=Formula("n * n * n")),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("cpu", ["x86-64", "neoverse-n1"])
def test_objects(name, cpu):
    text = emit_entry(ODD[name], 72)
    code = compile_object(text, td.Target("cpu", mcpu=cpu), 0, allowed=PYTHON_SYMBOLS | KERNEL_SYMBOLS)
    assert read_symbols(code).defined == ("tdsl_entry",)


@pytest.mark.parametrize("cpu", ["x86-64", "neoverse-n1"])
def test_the_shared_functions(cpu):
    code = compile_object(
        support_text(), td.Target("cpu", mcpu=cpu), 0, allowed=PYTHON_SYMBOLS | KERNEL_SYMBOLS
    )
    assert set(read_symbols(code).defined) >= set(SHARED_FUNCTIONS.values())


def test_interfaces_without_an_entry():
    half = interface(ScalarInterface("s", "float16"), array("y", "n", role="output"))
    assert emit_entry(half, 72) is None
    by_size = interface(
        array("x", "n"), ArrayInterface("y", "float32", (Formula("n // k"),), "output"), sizes=("n", "k")
    )
    assert emit_entry(by_size, 72) is None


def test_they_are_called_all_the_same():
    import numpy as np

    s = td.param("s", "float16")
    y = td.compute("y", (td.size("n"),), lambda i: td.cast(s, "float32"))
    assert td.build(td.schedule(y))(0.1, n=3).tolist() == [float(np.float16(0.1))] * 3


def test_slots_of_the_context():
    context = context_of(ODD["every dtype"])
    assert len(set(context.slots)) == len(context.slots) and context.offset("slow") == 0
    assert context.offset("descr float64") == 8 * context.slots.index("descr float64")
    # What the shared functions read stands at the same place in every context.
    for slot in ContextLayout().slots:
        assert context.offset(slot) == ContextLayout().offset(slot)
    assert context_of(ODD["keywords"]).keywords == ("k",) and context_of(ODD["ranges"]).ranges == ("uint8",)


def test_the_same_text_in_every_process():
    program = (
        "import hashlib; from tests.codegen.entry.test_emit import ODD; from tdsl.codegen.entry.emit import emit_entry\n"
        "print(hashlib.sha256(''.join(emit_entry(one, 72) for one in ODD.values()).encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    shown = set()
    for seed in ("0", "5"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**environment, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        shown.add(done.stdout)
    assert len(shown) == 1


def test_no_address_is_baked_in():
    assert "inttoptr" not in emit_entry(PLAIN, 72)
