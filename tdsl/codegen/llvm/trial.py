"""Instructions of the user's own, tried before they are used: an intrinsic and a target in, what is wrong in words out.

LLVM ends the process where it cannot select an instruction, so the trial is a process of its own. There the intrinsic
is compiled for the target; where this machine has what it needs, it also runs on operands that show what saturates,
and its results are compared with what was declared (as E6 tries reducers).
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from functools import lru_cache
from importlib import import_module
from itertools import product

from tdsl.codegen.llvm.types import element_type, widened
from tdsl.expr.intrinsic import Intrinsic, TileOperand
from tdsl.target import Target

_RUN = """
import ctypes, json, sys
import llvmlite.binding as llvm
llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()
asked = json.load(sys.stdin)
module = llvm.parse_assembly(asked["text"])
module.triple = asked["triple"]
module.verify()
family = llvm.Target.from_triple(asked["triple"])
machine = family.create_target_machine(cpu=asked["cpu"], features=asked["features"])
machine.emit_object(module)
results = []
if asked["samples"]:
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_char_p] * 3)(engine.get_function_address("trial"))
    for sample in asked["samples"]:
        given = [ctypes.create_string_buffer(bytes.fromhex(one), len(one) // 2) for one in sample]
        function(*[ctypes.cast(one, ctypes.c_char_p) for one in given])
        results.append(given[0].raw.hex())
print(json.dumps(results))
"""

SAMPLES = 8
"""Random operands tried beside all combinations of the least and the greatest values."""


@lru_cache(maxsize=64)
def problem(intrinsic: Intrinsic, target: Target, here: bool) -> str:
    """What is wrong with an intrinsic on a target; empty where nothing is. here: whether this machine can run it."""
    samples = _samples(intrinsic) if here else []
    asked = {
        "text": _text(intrinsic),
        "triple": target.triple,
        "cpu": target.mcpu or "",
        "features": ",".join(name if name[0] == "-" else f"+{name}" for name in target.features),
        "samples": [[_bytes(values, operand).hex() for values, operand in zip(one, _operands(intrinsic), strict=True)]
                    for one in samples],
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", _RUN],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        cwd=f"{import_module('llvmlite').__path__[0]}/..",
    )
    if done.returncode:
        return f"LLVM has no {intrinsic.call} of these operands for it"
    for sample, found in zip(samples, json.loads(done.stdout), strict=True):
        if bytes.fromhex(found) != _bytes(meaning(intrinsic, *sample), intrinsic.result):
            return f"{intrinsic.call} computes something else than {intrinsic.meaning()}"
    return ""


def meaning(intrinsic: Intrinsic, result: list[int], first: list[int], second: list[int]) -> list[int]:
    """What an intrinsic is declared to compute, of row-major operands."""
    bits, signed = intrinsic.result.dtype.bits, intrinsic.result.dtype.is_signed
    found: list[int] = []
    for place, point in enumerate(product(*map(range, intrinsic.data))):
        total = result[place]
        for term in range(intrinsic.terms):
            one, other = (
                values[_place(operand, (*point, term))]
                for operand, values in zip(intrinsic.operands, (first, second), strict=True)
            )
            total += one * other
        total %= 1 << bits
        found.append(total - (1 << bits) if signed and total >> (bits - 1) else total)
    return found


def _place(operand: TileOperand, point: tuple[int, ...]) -> int:
    """The position of an element in a row-major operand."""
    found = 0
    for at, extent in zip(point, operand.shape, strict=True):
        found = found * extent + (at if extent > 1 else 0)
    return found


def _operands(intrinsic: Intrinsic) -> tuple[TileOperand, ...]:
    return (intrinsic.result, *intrinsic.operands)


def _samples(intrinsic: Intrinsic) -> list[tuple[list[int], list[int], list[int]]]:
    """Extremes in all combinations, then random values, the same each time."""
    dice = random.Random(0)
    ranges = [_range(one) for one in _operands(intrinsic)]
    counts = [one.count for one in _operands(intrinsic)]
    found = [
        [[value] * count for value, count in zip(values, counts, strict=True)] for values in product(*ranges)
    ]
    for _ in range(SAMPLES):
        found.append(
            [[dice.randint(*span) for _ in range(count)] for span, count in zip(ranges, counts, strict=True)]
        )
    return [(one[0], one[1], one[2]) for one in found]


def _range(operand: TileOperand) -> tuple[int, int]:
    bits = operand.dtype.bits
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if operand.dtype.is_signed else (0, (1 << bits) - 1)


def _bytes(values: list[int], operand: TileOperand) -> bytes:
    size, signed = operand.dtype.bytes, operand.dtype.is_signed
    return b"".join(value.to_bytes(size, sys.byteorder, signed=signed) for value in values)


def _text(intrinsic: Intrinsic) -> str:
    """A function that applies an intrinsic to operands in memory."""
    types = [widened(element_type(one.dtype), one.count) for one in _operands(intrinsic)]
    loads = "\n".join(
        f"  %v{place} = load {type_}, ptr %p{place}, align 1" for place, type_ in enumerate(types)
    )
    arguments = ", ".join(f"{type_} %v{place}" for place, type_ in enumerate(types))
    return (
        f"declare {types[0]} @{intrinsic.call}({', '.join(types)})\n"
        f"define void @trial(ptr %p0, ptr %p1, ptr %p2) {{\n{loads}\n"
        f"  %r = call {types[0]} @{intrinsic.call}({arguments})\n"
        f"  store {types[0]} %r, ptr %p0, align 1\n  ret void\n}}\n"
    )
