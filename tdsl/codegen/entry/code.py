"""Text of one function of the entry: operations and conditions in, numbered lines of LLVM IR out.

Conditions are gathered and tested together (`require`, then `settle`), so that checks cost few branches. Whatever fails
jumps to the label `slow`.
"""

from __future__ import annotations


class Code:
    """Lines of a function. `block` is the label that is being written, for phi nodes."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.block = "entry"
        self._number = 0
        self._pending = ""
        self.slow_label = "slow"

    def number(self) -> int:
        """The next unused number, for labels."""
        self._number += 1
        return self._number

    def op(self, text: str) -> str:
        """An operation with a result; its name."""
        name = f"%v{self.number()}"
        self.lines.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        """An operation without one."""
        self.lines.append(f"  {text}")

    def label(self, name: str) -> None:
        """Begin a block."""
        self.lines.append(f"{name}:")
        self.block = name

    def at(self, pointer: str, offset: int | str) -> str:
        """`offset` bytes behind a pointer."""
        return pointer if offset == 0 else self.op(f"getelementptr i8, ptr {pointer}, i64 {offset}")

    def load(self, type_: str, pointer: str, offset: int = 0) -> str:
        """A value of 4 or 8 bytes."""
        align = 4 if type_ == "i32" else 8
        return self.op(f"load {type_}, ptr {self.at(pointer, offset)}, align {align}")

    def store(self, type_: str, value: str | int, pointer: str, offset: int = 0) -> None:
        """Write a value of 1, 2, 4 or 8 bytes at an aligned place."""
        align = {"i8": 1, "i16": 2, "i32": 4, "float": 4}.get(type_, 8)
        self.do(f"store {type_} {value}, ptr {self.at(pointer, offset)}, align {align}")

    def phi(self, type_: str, *ways: tuple[str, str]) -> str:
        """The value that came from the block it is named with."""
        return self.op(f"phi {type_} " + ", ".join(f"[ {value}, %{label} ]" for value, label in ways))

    def both(self, first: str, second: str) -> str:
        """`first and second`; an empty name is true."""
        if not first or not second:
            return first or second
        return self.op(f"and i1 {first}, {second}")

    # ------------------------------------------------------------ conditions
    def require(self, condition: str) -> None:
        """The call is accepted only where this i1 holds; tested by the next `settle`."""
        self._pending = self.both(self._pending, condition)

    def settle(self) -> None:
        """Go on where all that was required holds, else to the slow path."""
        if not self._pending:
            return
        label = f"ok{self.number()}"
        self.do(f"br i1 {self._pending}, label %{label}, label %{self.slow_label}, !prof !0")
        self._pending = ""
        self.label(label)

    def branch(self, condition: str, stem: str, *, likely: bool | None = None) -> tuple[str, str]:
        """Fork: labels of the block where it holds (begun) and of the other one."""
        number = self.number()
        yes, no = f"{stem}{number}", f"{stem}{number}.not"
        weights = "" if likely is None else f", !prof !{0 if likely else 1}"
        self.do(f"br i1 {condition}, label %{yes}, label %{no}{weights}")
        self.label(yes)
        return yes, no

    def jump(self, label: str) -> str:
        """Leave the block for a label; the name of the block left."""
        left = self.block
        self.do(f"br label %{label}")
        return left


METADATA = '!0 = !{!"branch_weights", i32 100000, i32 1}\n!1 = !{!"branch_weights", i32 1, i32 100000}\n'
