"""Text back to Loop IR: what `printer.kernel_text` wrote gives an equal kernel; texts written by hand are checked.

In: the whole text. Out: a Kernel that the verifier accepts. Structure comes from indentation (two spaces a level);
expressions are read by `expr.parser`. Errors name the line, what was expected and what stands there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import cast

from tdsl.dtypes import DType, as_dtype
from tdsl.errors import FormatError, InternalError, TdslError
from tdsl.expr.intrinsic import Intrinsic, parsed
from tdsl.expr.node import INT64, Node, Var
from tdsl.expr.parser import Names, parse
from tdsl.expr.rewrite import substitute
from tdsl.lower.ir import (
    Allocate,
    ArrayArgument,
    Barrier,
    Block,
    For,
    If,
    Kernel,
    Lanes,
    Let,
    LoopKind,
    Prefetch,
    Role,
    ScalarArgument,
    Scope,
    Statement,
    Store,
    block,
)
from tdsl.lower.printer import FORMAT
from tdsl.lower.verifier import verify

_NAME = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_FOR = re.compile(
    rf"(serial|parallel|unroll|vector|(?:block|thread)\.[xyz]) ({_NAME}) in (.*) \.\. (.*?)(?: as (.*))?"
)
_IF = re.compile(r"if (.*?)(?: tail (\w+))?")
_LET = re.compile(rf"let ({_NAME}): (\w+) = (.*)")
_SHARE = re.compile(rf"share ({_NAME}): (\w+) = (.*)")
_LANES = re.compile(r"lanes (first|\d+) of (\d+) ")
_ALLOCATE = re.compile(
    rf"allocate ({_NAME}): (\w+)\[(.*)\] (heap|stack|register|shared|local)(?: padding (\d+))?"
)
_ARRAY = re.compile(rf"(input|output) ({_NAME}): (\w+)\[(.*?)\](?: in (.*) \.\. (.*))?")
_PARAM = re.compile(rf"param ({_NAME}): (\w+)")
_LINE = re.compile(rf'line ({_NAME}) "(.*)" (\d+)')
_SIZE = re.compile(rf"size ({_NAME})")

STATEMENT = "a loop, if, let, allocate, pass, barrier or BUFFER[…] = VALUE"


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    level: int
    text: str


def parse_kernel(text: str) -> Kernel:
    """The kernel a text stands for.

    Errors: L201 a line that cannot be read; L202 a name that is not declared; L203 statements that do not fit
    together; L204 text of another format.
    """
    kernel = _Reader(text).kernel()
    try:
        return verify(kernel, after="lower.parser")
    except InternalError as problem:
        raise FormatError(
            "L203", f"the loops are not well formed: {problem.what}", why=problem.why[1:]
        ) from None


@dataclass(slots=True)
class _Reader:
    source: str
    lines: list[_Line] = field(init=False)
    place: int = 0
    shared: dict[Node, Node] = field(init=False, default_factory=dict[Node, Node])
    """What the names of the `share` lines before the current statement stand for."""

    def __post_init__(self) -> None:
        self.lines = []
        for number, raw in enumerate(self.source.splitlines(), 1):
            body = raw.lstrip(" ")
            if not body:
                continue
            level, odd = divmod(len(raw) - len(body), 2)
            self.lines.append(_Line(number, level, body.rstrip()))
            if odd:
                self.place = len(self.lines) - 1
                raise self.error("an even number of spaces")

    def error(self, expected: str, code: str = "L201", *details: str) -> FormatError:
        if self.place >= len(self.lines):
            return FormatError(code, "the loops end too early", why=[f"expected {expected}"])
        line = self.lines[self.place]
        why = [f"expected {expected}", *(details or (line.text,))]
        return FormatError(code, f"line {line.number} of the loops is not readable", why=why)

    def wrong(self, expected: str, code: str = "L201", *details: str) -> FormatError:
        """An error at the line that was taken last."""
        self.place -= 1
        return self.error(expected, code, *details)

    def next(self, expected: str) -> str:
        if self.place >= len(self.lines):
            raise self.error(expected)
        self.place += 1
        return self.lines[self.place - 1].text

    def dtype(self, name: str) -> DType:
        try:
            return as_dtype(name)
        except TdslError as reason:
            raise self.wrong(f"a dtype ({reason.what})") from None

    # ------------------------------------------------------------ the whole
    def kernel(self) -> Kernel:
        first = f"loops {FORMAT}"
        if self.next(first) != first:
            raise self.wrong(f"{first}, the format this version reads", "L204")
        header = self.next("kernel NAME")
        if not header.startswith("kernel "):
            raise self.wrong("kernel NAME")
        kernel, names = self.header(Kernel(header[7:], (), (), Block(())))
        body = self.body(1, names)
        if self.place < len(self.lines):
            raise self.error("the end")
        return replace(kernel, body=body)

    def header(self, kernel: Kernel) -> tuple[Kernel, Names]:
        """Sizes, arguments and assumptions, up to `begin`."""
        names = Names()
        while (line := self.next("begin")) != "begin":
            if found := _SIZE.fullmatch(line):
                kernel = replace(kernel, sizes=(*kernel.sizes, found[1]))
                names = _with_variable(names, Var(found[1], INT64, "size"))
            elif found := _PARAM.fullmatch(line):
                scalar = ScalarArgument(found[1], self.dtype(found[2]))
                kernel = replace(kernel, arguments=(*kernel.arguments, scalar))
                names = _with_variable(names, Var(scalar.name, scalar.dtype, "param"))
            elif found := _ARRAY.fullmatch(line):
                array = self.array(found, names)
                kernel = replace(kernel, arguments=(*kernel.arguments, array))
                names = _with_buffer(names, array.name, array.dtype)
            elif found := _LINE.fullmatch(line):
                kernel = replace(kernel, lines=(*kernel.lines, (found[1], found[2], int(found[3]))))
            elif line.startswith("assume "):
                kernel = replace(kernel, assumptions=(*kernel.assumptions, self.node(line[7:], names)))
            else:
                raise self.wrong("size, param, input, output, assume, line or begin")
        return kernel, names

    def array(self, found: re.Match[str], names: Names) -> ArrayArgument:
        limits = None
        if found[5] is not None:
            limits = self.node(found[5], names), self.node(found[6], names)
        extents = self.nodes(found[4], names)
        return ArrayArgument(found[2], self.dtype(found[3]), extents, cast(Role, found[1]), limits)

    # ------------------------------------------------------------ statements
    def body(self, level: int, names: Names) -> Statement:
        """The statements of one level."""
        parts: list[Statement] = []
        while self.place < len(self.lines) and self.lines[self.place].level >= level:
            if self.lines[self.place].level > level:
                raise self.error(f"{2 * level} spaces")
            if self.lines[self.place].text == "else":
                break
            parts.append(self.statement(level, names))
        if not parts:
            raise self.error("a statement, indented")
        return block(parts)

    def statement(self, level: int, names: Names) -> Statement:
        own = self.shares(names)
        line = self.next(STATEMENT)
        if line == "pass":
            return Block(())
        if line.startswith("prefetch "):
            return self.prefetch(line.removeprefix("prefetch "), own)
        if line == "barrier":
            return Barrier()
        if found := _FOR.fullmatch(line):
            low, high = self.node(found[3], own), self.node(found[4], own)
            inner = _with_variable(names, Var(found[2], INT64, "local"))
            kind, made = cast(LoopKind, found[1]), self.intrinsic(found[5])
            return For(found[2], low, high, kind, self.body(level + 1, inner), made)
        if line.startswith("if ") and (found := _IF.fullmatch(line)):
            return self.branch(found, self.node(found[1], own), level, names)
        if found := _LET.fullmatch(line):
            dtype = self.dtype(found[2])
            value = self.node(found[3], own, dtype)
            inner = _with_variable(names, Var(found[1], dtype, "local"))
            return Let(found[1], value, self.body(level + 1, inner))
        if found := _ALLOCATE.fullmatch(line):
            dtype = self.dtype(found[2])
            inner = _with_buffer(names, found[1], dtype)
            extents = self.nodes(found[3], own)
            body = self.body(level + 1, inner)
            return Allocate(found[1], dtype, extents, cast(Scope, found[4]), body, int(found[5] or 0))
        return self.store(line, own)

    def shares(self, names: Names) -> Names:
        """The `share` lines before a statement: names for its expressions alone."""
        self.shared = {}
        while self.place < len(self.lines) and (found := _SHARE.fullmatch(self.lines[self.place].text)):
            self.place += 1
            dtype = self.dtype(found[2])
            value = self.node(found[3], names, dtype)
            var = Var(found[1], dtype, "local")
            names = _with_variable(names, var)
            self.shared[var] = value
        return names

    def branch(self, found: re.Match[str], cond: Node, level: int, names: Names) -> If:
        then = self.body(level + 1, names)
        other: Statement | None = None
        if self.place < len(self.lines):
            line = self.lines[self.place]
            if line.level == level and line.text == "else":
                self.place += 1
                other = self.body(level + 1, names)
        return If(cond, then, other, found[2])

    def intrinsic(self, line: str | None) -> Intrinsic | None:
        """What a loop may be computed with: the text after `as`."""
        made = None if line is None else parsed(line)
        if line is not None and made is None:
            raise self.wrong("an intrinsic after `as`")
        return made

    def prefetch(self, line: str, names: Names) -> Prefetch:
        """`buffer[index]`."""
        opening = line.find("[")
        buffer = line[:opening]
        if opening < 0 or _closing(line, opening) != len(line) - 1:
            raise self.wrong(STATEMENT)
        if buffer not in names.buffers:
            raise self.wrong(f"a buffer, and {buffer} is not declared", "L202")
        inside = line[opening + 1 : -1]
        return Prefetch(buffer, () if inside == "()" else self.nodes(inside, names))

    def store(self, line: str, names: Names) -> Store:
        """`buffer[index] = value`: the bracket that closes the subscripts is found by counting."""
        atomic = line.startswith("atomic ")
        line = line.removeprefix("atomic ")
        stream = line.startswith("stream ")
        line = line.removeprefix("stream ")
        lanes: Lanes | None = None
        if found := _LANES.match(line):
            lanes = Lanes(0 if found[1] == "first" else int(found[1]), int(found[2]))
            line = line[found.end() :]
        opening = line.find("[")
        closing = _closing(line, opening)
        buffer = line[:opening]
        if opening < 0 or closing < 0 or not line[closing + 1 :].startswith(" = "):
            raise self.wrong(STATEMENT)
        if buffer not in names.buffers:
            raise self.wrong(f"a buffer, and {buffer} is not declared", "L202")
        inside = line[opening + 1 : closing]
        index = () if inside == "()" else self.nodes(inside, names)
        value = self.node(line[closing + 4 :], names, names.buffers[buffer])
        return Store(buffer, index, value, atomic, stream, lanes)

    # ------------------------------------------------------------ expressions
    def node(self, text: str, names: Names, dtype: DType | None = None) -> Node:
        try:
            return substitute(parse(text, names, dtype), self.shared)
        except TdslError as reason:
            code = "L202" if reason.what.endswith("is not declared") else reason.code
            raise self.wrong(f"an expression ({reason.what})", code, *reason.why) from None

    def nodes(self, text: str, names: Names) -> tuple[Node, ...]:
        return tuple(self.node(part, names, INT64) for part in _commas(text))


def _closing(text: str, opening: int) -> int:
    depth = 0
    for place in range(max(opening, 0), len(text)):
        depth += {"[": 1, "]": -1}.get(text[place], 0)
        if depth == 0:
            return place
    return -1


def _commas(text: str) -> list[str]:
    """Parts between the commas outside all brackets."""
    parts: list[str] = []
    depth = start = 0
    for place, sign in enumerate(text):
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    rest = text[start:].strip()
    return [*parts, rest] if rest else parts


def _with_variable(names: Names, var: Var) -> Names:
    return replace(names, variables={**names.variables, var.name: var})


def _with_buffer(names: Names, name: str, dtype: DType) -> Names:
    return replace(names, buffers={**names.buffers, name: dtype})
