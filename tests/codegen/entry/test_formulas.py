"""Formulas as LLVM IR: the value of Python's exact integers, or the call is handed over; never a wrong one."""

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as draw

from tdsl.codegen.entry.code import METADATA, Code
from tdsl.codegen.entry.formulas import OVERFLOW_DECLARATIONS, NoCode, Whole, condition, integer
from tdsl.codegen.formula import Formula
from tdsl.codegen.machine import compile_object, host_target
from tdsl.runtime.jit import LoadedCode

LIMIT = (1 << 47) - 1
KNOWN = {"n": Whole("%n", 0, LIMIT), "m": Whole("%m", 0, LIMIT), "p": Whole("%p", -(1 << 63), (1 << 63) - 1)}


def compiled(text, of=integer):
    """(n, m, p) -> the value, or None where the entry hands over."""
    code = Code()
    code.label("entry")
    value = of(code, Formula(text), KNOWN)
    whole = value.text if isinstance(value, Whole) else code.op(f"zext i1 {value} to i64")
    code.settle()
    code.do(f"store i64 {whole}, ptr %out, align 8")
    code.do("ret i32 1")
    code.label("slow")
    code.do("ret i32 0")
    body = "\n".join(code.lines)
    module = (
        f"{OVERFLOW_DECLARATIONS}define i32 @f(i64 %n, i64 %m, i64 %p, ptr %out) {{\n{body}\n}}\n{METADATA}"
    )
    loaded = LoadedCode(compile_object(module, host_target()), ["f"])
    function = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_int64] * 3, ctypes.c_void_p)(loaded.address("f"))
    out = ctypes.c_int64()

    def run(n, m, p):
        assert loaded
        return out.value if function(n, m, p, ctypes.addressof(out)) else None

    return run, value


TEXTS = [
    "n", "3", "2 * n + 3 * m - 7", "n * m", "n * m * n", "n - m", "-n", "p + n", "p * p", "p - p", "n // 8", "n % 8",
    "(n - m) // 3", "(n - m) % 3", "p // 7", "p % 7", "min(n, m, p)", "max(n - m, p)", "abs(n - m)", "abs(p)",
    "where(n < m, n, p)", "where(n == m, 1, 0) + n", "(n + 1) // 2 * 2", "n * 1000000 * m", "9223372036854775807 - n",
    "-9223372036854775808 + n", "p // 9223372036854775807", "-p", "5 // 2 + 7 % 3", "where(True, n, m)",
]  # fmt: skip
CONDITIONS = [
    "n <= m",
    "n == 3 or m > 2 and p != 1",
    "not n >= m",
    "0 < n < m",
    "n % 2 == 0",
    "n",
    "n * m < p",
    "True",
]
sizes = draw.integers(0, LIMIT) | draw.sampled_from([0, 1, 2, 3, LIMIT, LIMIT - 1])
words = draw.integers(-(1 << 63), (1 << 63) - 1) | draw.sampled_from([0, 1, -1, -(1 << 63), (1 << 63) - 1])


@pytest.mark.parametrize("text", TEXTS + CONDITIONS)
def test_values(text):
    of = condition if text in CONDITIONS else integer
    run, value = compiled(text, of)

    @given(sizes, sizes, words)
    def check(n, m, p):
        wanted = int(Formula(text).value({"n": n, "m": m, "p": p}))
        if of is condition:
            wanted = int(bool(wanted))
        found = run(n, m, p)
        if found is None:
            # Only for want of 64 bits, in the result or on the way to it.
            assert any(sign in text for sign in ("*", "-", "+", "abs")) and max(n, m, abs(p)) >= 1 << 21
        else:
            assert found == wanted
            if isinstance(value, Whole):
                assert value.low <= found <= value.high

    check()


@pytest.mark.parametrize(
    "text", ["n // m", "n % m", "p // -3", "q", "123456789012345678901234567890", "n // 0"]
)
def test_what_has_no_code(text):
    with pytest.raises(NoCode):
        compiled(text)
