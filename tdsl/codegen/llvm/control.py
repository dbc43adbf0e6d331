"""Loops and branches of the function being written: bounds or a condition in, blocks and phi nodes out.

A loop is rotated: a guard where it may run zero times, then a body that ends with the one compare. What is hoisted out
of it goes before its first jump, inside the guard. Values that change in it come in and go out through phi nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tdsl.codegen.llvm.function import Function, Line


@dataclass(slots=True)
class OpenLoop:
    """A loop whose body is being written.

    Fields:
        variable: the loop variable, i64.
        carried: the carried values as the body sees them, in the order they were given.
    """

    variable: str
    carried: list[str]
    types: list[str]
    lower: str
    upper: str
    initial: list[str]
    guarded: bool
    before: str
    entering: str
    number: int
    head: Line

    def fill_head(self, f: Function, latch: str, step: str, following: Sequence[str]) -> None:
        """Write the phi nodes, now that both of their values are known."""
        rows = [(self.variable, "i64", self.lower, step)]
        rows += zip(self.carried, self.types, self.initial, following, strict=True)
        self.head[0] = "\n".join(
            f"  {name} = phi {type_} [ {start}, %{self.entering} ], [ {value}, %{latch} ]"
            for name, type_, start, value in rows
        )
        f.count(self.lower, *self.initial, *following)


def begin_loop(
    f: Function, lower: str, upper: str, carried: Sequence[tuple[str, str]], *, guarded: bool
) -> OpenLoop:
    """Open `for variable in lower..upper`; `carried` are (type, initial value); `guarded`: it may run zero times."""
    number = f.module.number()
    before = f.block
    lower, upper = f.local(lower), f.local(upper)
    if guarded:
        enter = f.pure("i1", "icmp slt i64 %s, %s", lower, upper)
        f.open("branch")
        f.jump_if(enter, f"enter{number}", f"done{number}")
        f.label(f"enter{number}")
    entering = f.block
    f.open("loop")
    f.jump(f"loop{number}")
    f.label(f"loop{number}")
    head: Line = [""]
    f.scopes[-1].lines.append(head)
    variable = f.fresh("i")
    f.define(variable, "i64", f.depth)
    names: list[str] = []
    for type_, _ in carried:
        name = f.fresh("c")
        f.define(name, type_, f.depth)
        names.append(name)
    return OpenLoop(
        variable, names, [type_ for type_, _ in carried], lower, upper,
        [f.local(value) for _, value in carried], guarded, before, entering, number, head,
    )  # fmt: skip


def end_loop(f: Function, loop: OpenLoop, following: Sequence[str]) -> list[str]:
    """Close the loop; `following` are the carried values at the end of the body. The values after the loop."""
    following = [f.local(value) for value in following]
    # variable < upper, so one more does not pass the greatest i64
    step = f.value("i64", "add nsw i64 %s, 1", loop.variable)
    again = f.value("i1", "icmp slt i64 %s, %s", step, loop.upper)
    latch = f.block
    f.jump_if(again, f"loop{loop.number}", f"done{loop.number}")
    loop.fill_head(f, latch, step, following)
    f.close()
    if loop.guarded:
        f.close()
    f.label(f"done{loop.number}")
    if not loop.guarded:
        f.keep(following)
        return list(following)
    return [
        f.phi(type_, ((initial, loop.before), (value, latch)))
        for type_, initial, value in zip(loop.types, loop.initial, following, strict=True)
    ]


@dataclass(slots=True)
class OpenBranch:
    """A two-armed branch whose arms are being written; `ends` collects the block each arm ends in."""

    number: int
    ends: list[str]


def begin_branch(f: Function, condition: str) -> OpenBranch:
    """Open the arm where `condition` holds."""
    number = f.module.number()
    f.open("branch")
    f.jump_if(condition, f"then{number}", f"else{number}")
    f.label(f"then{number}")
    return OpenBranch(number, [])


def otherwise(f: Function, branch: OpenBranch) -> None:
    """Close the first arm, open the other one."""
    _end_arm(f, branch)
    f.open("branch")
    f.label(f"else{branch.number}")


def end_branch(f: Function, branch: OpenBranch) -> None:
    """Close the second arm and go on where both meet."""
    _end_arm(f, branch)
    f.label(f"join{branch.number}")


def merged(f: Function, branch: OpenBranch, type_: str, values: Sequence[str]) -> str:
    """The value that the arms agree on, or the phi node of both; right after `end_branch`."""
    if values[0] == values[1]:
        return values[0]
    return f.phi(type_, tuple(zip(values, branch.ends, strict=True)))


def _end_arm(f: Function, branch: OpenBranch) -> None:
    branch.ends.append(f.block)
    f.jump(f"join{branch.number}")
    f.close()
