"""The calling convention: where sizes, strides and pointers stand, JSON, and that a C compiler agrees on the struct."""

import json
import re
import shutil
import subprocess

import pytest

from tdsl.codegen import abi
from tdsl.codegen.abi import ArgumentSpec, KernelAbi
from tdsl.errors import InternalError


def array(name, ndim, role="input", dtype="float32"):
    return ArgumentSpec(name, "array", dtype, ndim, role)


MATMUL = KernelAbi(
    ("m", "n", "k"),
    (
        array("A", 2),
        ArgumentSpec("alpha", "scalar", "float64", 0, "input"),
        array("B", 2),
        array("C", 3, "output"),
    ),
)


def test_pointers_stand_in_call_order():
    assert [MATMUL.data_index(name) for name in ("A", "alpha", "B", "C")] == [0, 1, 2, 3]
    assert [argument.name for argument in MATMUL.arrays] == ["A", "B", "C"]


def test_sizes_come_before_strides_and_scalars_have_none():
    assert [MATMUL.size_index(name) for name in ("m", "n", "k")] == [0, 1, 2]
    assert [MATMUL.stride_index("A", dim) for dim in (0, 1)] == [3, 4]
    assert [MATMUL.stride_index("B", dim) for dim in (0, 1)] == [5, 6]
    assert [MATMUL.stride_index("C", dim) for dim in (0, 1, 2)] == [7, 8, 9]
    assert MATMUL.integers == 10


@pytest.mark.parametrize(
    "ask",
    [
        lambda: MATMUL.data_index("D"),
        lambda: MATMUL.size_index("q"),
        lambda: MATMUL.stride_index("A", 2),
        lambda: MATMUL.stride_index("alpha", 0),
        lambda: ArgumentSpec("s", "scalar", "float32", 1, "input"),
        lambda: ArgumentSpec("s", "scalar", "float32", 0, "output"),
        lambda: ArgumentSpec("s", "array", "float32", -1, "input"),
        lambda: ArgumentSpec("s", "tensor", "float32", 1, "input"),
        lambda: ArgumentSpec("s", "array", "float32", 1, "inout"),
        lambda: KernelAbi(("n", "n"), ()),
        lambda: KernelAbi((), (array("A", 1), array("A", 1))),
        lambda: KernelAbi((), (array("C", 1, "output"), array("A", 1))),
    ],
)
def test_what_cannot_be_is_a_bug_of_ours(ask):
    with pytest.raises(InternalError, match=r"codegen\.abi"):
        ask()


def test_json_round_trip_and_its_fixture():
    text = MATMUL.to_json()
    assert KernelAbi.from_json(text) == MATMUL
    small = KernelAbi(("n",), (array("x", 1), array("y", 1, "output", "int8")))
    fixture = (
        '{"sizes":["n"],"arguments":[{"name":"x","kind":"array","dtype":"float32","ndim":1,"role":"input"},'
        '{"name":"y","kind":"array","dtype":"int8","ndim":1,"role":"output"}],"format":1}'
    )
    assert small.to_json() == fixture and KernelAbi.from_json(fixture) == small


def test_another_version_is_refused():
    record = json.loads(MATMUL.to_json()) | {"format": 2}
    with pytest.raises(InternalError, match="ABI version 2, this tdsl reads 1"):
        KernelAbi.from_json(json.dumps(record))


OFFSETS = {
    "version": abi.ENV_VERSION,
    "flags": abi.ENV_FLAGS,
    "pool_ctx": abi.ENV_POOL_CTX,
    "parallel_for": abi.ENV_PARALLEL_FOR,
    "allocate": abi.ENV_ALLOCATE,
    "release": abi.ENV_RELEASE,
    "arena_ctx": abi.ENV_ARENA_CTX,
    "error_slot": abi.ENV_ERROR_SLOT,
}


def declarations():
    """The C text of the module's docstring."""
    found = re.search(r"    typedef struct.*?\n\n", abi.__doc__, re.DOTALL)
    assert found
    return found.group(0)


def test_offsets_follow_from_the_written_struct():
    place, offsets = 0, {}
    for line in declarations().splitlines()[1:-2]:
        code = line.split(";")[0]
        name = re.search(r"\(\*(\w+)\)|\*?(\w+)$", code)
        width = 4 if code.split()[0] == "int32_t" else 8
        assert place % width == 0
        offsets[name.group(1) or name.group(2)] = place
        place += width
    assert offsets == OFFSETS and place == abi.ENV_BYTES


@pytest.mark.needs_compiler
def test_a_c_compiler_agrees(tmp_path):
    program = "#include <stdint.h>\n#include <stddef.h>\n" + declarations()
    program += "".join(
        f'_Static_assert(offsetof(tdsl_env, {field}) == {offset}, "{field}");\n'
        for field, offset in OFFSETS.items()
    )
    program += f'_Static_assert(sizeof(tdsl_env) == {abi.ENV_BYTES}, "size");\n'
    (tmp_path / "env.c").write_text(program)
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    assert compiler
    done = subprocess.run(
        [compiler, "-std=c11", "-fsyntax-only", str(tmp_path / "env.c")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
