"""Loop IR as text, which `parser.py` reads back to an equal kernel; what `f.source("loops")` shows.

In: a Kernel. Out: lines, one a statement, two spaces a level. Expressions are written as `expr.printer` writes them; a
long one that uses parts of itself several times gets lines `share NAME = part` before its own, because written out it
could grow exponentially. The first line carries the format number. Counterpart: Halide's Stmt printer, TVMScript.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tdsl.expr.node import Node, Var
from tdsl.expr.printer import text
from tdsl.expr.rewrite import substitute, walk
from tdsl.lower.ir import (
    Allocate,
    ArrayArgument,
    Barrier,
    Block,
    For,
    If,
    Kernel,
    Let,
    Prefetch,
    ScalarArgument,
    Statement,
    Store,
)
from tdsl.lower.rewrite_statement import expressions, rebuild

FORMAT = 1
"""Version of the text form."""

LONGEST_UNSHARED = 200
"""Operations that one statement may write out before its repeated parts are shared."""

SHARED = "shared.part"
"""Shared parts are named so, with a number: no user's name has a dot, and no stage of ours a loop `part1`."""


def kernel_text(kernel: Kernel) -> str:
    """The whole kernel, with a newline at its end."""
    lines = [f"loops {FORMAT}", f"kernel {kernel.name}"]
    lines += [f"size {name}" for name in kernel.sizes]
    lines += [heading(argument) for argument in kernel.arguments]
    lines += [f"assume {text(node)}" for node in kernel.assumptions]
    lines += [f'line {name} "{file}" {number}' for name, file, number in kernel.lines]
    lines.append("begin")
    lines += ["  " * level + line for level, line in _lines(kernel.body, 1)]
    return "\n".join(lines) + "\n"


def statement_text(statement: Statement) -> str:
    """A statement on its own, for messages and tests."""
    return "\n".join("  " * level + line for level, line in _lines(statement, 0))


def heading(part: Statement | ArrayArgument | ScalarArgument) -> str:
    """The first line of a statement, without those inside it; the line of an argument."""
    match part:
        case ScalarArgument():
            return f"param {part.name}: {part.dtype}"
        case ArrayArgument():
            limits = ""
            if part.value_range is not None:
                limits = f" in {text(part.value_range[0])} .. {text(part.value_range[1])}"
            return f"{part.role} {part.name}: {part.dtype}[{_list(part.extents)}]{limits}"
        case For():
            intrinsic = "" if part.intrinsic is None else f" as {part.intrinsic.text()}"
            return f"{part.kind} {part.var} in {text(part.lower)} .. {text(part.upper)}{intrinsic}"
        case If():
            return f"if {text(part.cond)}" + (f" tail {part.tail}" if part.tail else "")
        case Let():
            return f"let {part.var}: {part.value.dtype} = {text(part.value)}"
        case Allocate():
            padding = f" padding {part.padding}" if part.padding else ""
            return f"allocate {part.buffer}: {part.dtype}[{_list(part.extents)}] {part.scope}{padding}"
        case Store():
            atomic = "atomic " if part.atomic else ""
            atomic += "stream " if part.stream else ""
            if part.lanes is not None:
                atomic = f"lanes {part.lanes.ahead or 'first'} of {part.lanes.width} "
            return f"{atomic}{part.buffer}[{_list(part.index) or '()'}] = {text(part.value)}"
        case Prefetch():
            return f"prefetch {part.buffer}[{_list(part.index) or '()'}]"
        case Block():
            return "pass"
        case Barrier():
            return "barrier"


def _list(nodes: Sequence[Node]) -> str:
    return ", ".join(text(node) for node in nodes)


def _lines(statement: Statement, level: int) -> Iterator[tuple[int, str]]:
    if isinstance(statement, Block):
        for one in statement.statements:
            yield from _lines(one, level)
        if not statement.statements:
            yield level, "pass"
        return
    shared = _shared(statement)
    for node, name, written in shared:
        yield level, f"share {name}: {node.dtype} = {text(written)}"
    if shared:
        table: dict[Node, Node] = {node: Var(name, node.dtype, "local") for node, name, _ in shared}
        statement = rebuild(statement, lambda one: one, lambda node: substitute(node, table))
    yield level, heading(statement)
    match statement:
        case For() | Let() | Allocate():
            yield from _lines(statement.body, level + 1)
        case If():
            yield from _lines(statement.then, level + 1)
            if statement.otherwise is not None:
                yield level, "else"
                yield from _lines(statement.otherwise, level + 1)
        case Store() | Prefetch() | Block() | Barrier():
            pass


# ------------------------------------------------------------ sharing
def _shared(statement: Statement) -> list[tuple[Node, str, Node]]:
    """(part, name, part written with the names before it) for what a long statement repeats, inner parts first."""
    roots = expressions(statement)
    nodes = list(walk(*roots))
    full: dict[Node, int] = {}
    uses = Counter(roots)
    for node in nodes:
        full[node] = 1 + sum(full[child] for child in node.children)
        uses.update(node.children)
    if sum(full[root] for root in roots) <= LONGEST_UNSHARED:
        return []
    names: list[tuple[Node, str, Node]] = []
    table: dict[Node, Node] = {}
    length: dict[Node, int] = {}
    for node in nodes:
        length[node] = 1 + sum(length[child] for child in node.children)
        if not node.children or (uses[node] < 2 and length[node] <= LONGEST_UNSHARED):
            continue
        name = f"{SHARED}{len(names) + 1}"
        names.append((node, name, substitute(node, table)))
        table[node] = Var(name, node.dtype, "local")
        length[node] = 1
    return names
