"""Machine code of a GPU as counts: the disassembler's text in, instructions of a kernel and of its hot loop out.

The hot loop is the smallest loop (a branch back to a label) that holds at least half as much arithmetic as the richest
one; what counts is asked there, since prologues and edges run once. Instructions under `@!PT` never run (padding that
the assembler puts in) and are left out. Invariants are asked of counts, never exact text: it changes from one
assembler to the next.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_SECTION = re.compile(r"\s*\.section\s+\.text\.([^,\s]+)")
_LABEL = re.compile(r"(\.L_x_\d+):")
_TARGET = re.compile(r"`\((\.L_x_\d+)\)")
_INSTRUCTION = re.compile(r"\s*/\*[0-9a-f]{4,}\*/\s+(?:(@!?U?P[T0-9]+)\s+)?([A-Z][A-Z0-9_.a-z:]*)(.*?);")

ARITHMETIC = ("FFMA", "FADD", "FMUL", "FMNMX", "MUFU", "DFMA", "HMMA", "IMMA", "HGMMA")
"""What a loop is ranked by; FFMA2 (two at once) begins with FFMA."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """predicate: "@P0" or ""; name: opcode with its suffixes; operands: their text."""

    predicate: str
    name: str
    operands: str


@dataclass(frozen=True, slots=True)
class Code:
    """Of one kernel. loops: (first, behind the last) instruction of each loop."""

    kernel: str
    instructions: tuple[Instruction, ...]
    loops: tuple[tuple[int, int], ...]

    @property
    def hot_loop(self) -> tuple[Instruction, ...]:
        """The instructions of the hot loop; all of a kernel that has none."""
        parts = [self.instructions[first:end] for first, end in self.loops]
        if not parts:
            return self.instructions
        most = max(count(part, *ARITHMETIC) for part in parts)
        return min((part for part in parts if 2 * count(part, *ARITHMETIC) >= most), key=len)


def kernels(sass: str) -> dict[str, Code]:
    """The kernels of a disassembled image by name."""
    found: dict[str, Code] = {}
    name, code, labels = "", list[Instruction](), dict[str, int]()
    for line in [*sass.splitlines(), "\t.section .text.end,"]:
        if section := _SECTION.match(line):
            if name:
                found[name] = Code(name, *_cleaned(code, labels))
            name, code, labels = section[1], [], {}
        elif label := _LABEL.match(line):
            labels[label[1]] = len(code)
        elif instruction := _INSTRUCTION.match(line):
            code.append(Instruction(instruction[1] or "", instruction[2], instruction[3].strip()))
    return found


def _cleaned(
    code: Sequence[Instruction], labels: dict[str, int]
) -> tuple[tuple[Instruction, ...], tuple[tuple[int, int], ...]]:
    """(instructions that do something, loops as places among them); a branch to itself ends every kernel and is no loop."""
    runs = [one.predicate != "@!PT" and one.name != "NOP" for one in code]
    place = [sum(runs[:number]) for number in range(len(code) + 1)]
    loops: list[tuple[int, int]] = []
    for number, one in enumerate(code):
        target = _TARGET.search(one.operands)
        if one.name.startswith("BRA") and target and labels.get(target[1], number) < number:
            loops.append((place[labels[target[1]]], place[number + 1]))
    return tuple(one for one, run in zip(code, runs, strict=True) if run), tuple(loops)


def count(part: Sequence[Instruction], *names: str) -> int:
    """Instructions whose opcode, without suffixes, begins with one of the names (HFMA2.MMA is no HMMA)."""
    return sum(one.name.partition(".")[0].startswith(names) for one in part)


def summary(part: Sequence[Instruction]) -> Counter[str]:
    """Opcodes with the width of memory accesses: {"FFMA": 512, "LDS.128": 32, "LDG.32": 2, …}."""
    return Counter(_short(one.name) for one in part)


_MEMORY = {"LDG", "STG", "LDS", "STS", "LDL", "STL", "LD", "ST"}


def _short(name: str) -> str:
    kind, *suffixes = name.split(".")
    if kind not in _MEMORY:
        return kind
    width = next((one for one in suffixes if one in ("U8", "S8", "U16", "S16", "64", "128")), "32")
    return f"{kind}.{width}"
