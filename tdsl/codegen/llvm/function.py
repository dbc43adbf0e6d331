"""A function of LLVM IR as it is written: operations in, text out; equal operations once, each as far out as it may.

The text is a stack of scopes: the function, bodies of loops, arms of branches. A pure operation goes to the end of the
outermost scope that knows its operands and stands right before a loop, which is that loop's preheader, and otherwise
to the current scope. Each operation is remembered until its scope closes, so that the same one is not written twice
(value numbering). Operations with effects stay where they are asked for. What nobody used is left out at the end.

Operands are text: `%v12` or a constant. Names are unique in a module, so a name that is not the function's own belongs
to the function around it and becomes a parameter (`capture`). Source of the placement rule: loop-invariant code motion
by scope depth, Click, "Global code motion, global value numbering", PLDI 1995 ("schedule early").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from tdsl.codegen.llvm.types import symbol_text

ScopeKind = Literal["function", "loop", "branch"]
Line = list[str]
"""One line of text in a list of its own, so that it can be filled in or emptied later."""


@dataclass(slots=True)
class Module:
    """What the functions of one module share: names, declarations, facts about values.

    Fields:
        spans: least and greatest value of i64 names that are indices: sizes, loop variables, what is made of them.
        texts: functions that were written by hand, by name.
        pointers: parameter attributes of a pointer name (`noalias readonly`).
    """

    counter: int = 0
    declarations: dict[str, None] = field(default_factory=dict[str, None])
    spans: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    pointers: dict[str, str] = field(default_factory=dict[str, str])
    texts: dict[str, str] = field(default_factory=dict[str, str])
    functions: list[Function] = field(default_factory=list["Function"])

    def number(self) -> int:
        """A number that no other name of the module has."""
        self.counter += 1
        return self.counter


@dataclass(slots=True)
class Scope:
    """A piece of the function that is still open.

    `targets[d]` is the depth of the scope that takes a pure operation whose deepest operand lives at depth d.
    """

    kind: ScopeKind
    number: int
    targets: list[int]
    lines: list[Line] = field(default_factory=list[Line])
    keys: list[tuple[object, ...]] = field(default_factory=list[tuple[object, ...]])


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function: its type and attributes, its name inside, what the function around passes."""

    type: str
    name: str
    outer: str


class Function:
    """One function under construction. `result` is its return type; `parent` the function it is outlined from."""

    def __init__(
        self, module: Module, name: str, result: str, attributes: str, parent: Function | None = None
    ) -> None:
        self.module, self.name, self.result, self.attributes, self.parent = (
            module, name, result, attributes, parent,
        )  # fmt: skip
        self.block = "entry"
        self.scopes = [Scope("function", 0, [0])]
        self.parameters: list[Parameter] = []
        self.tail: list[str] = []
        self._first: list[Line] = []
        self._levels: dict[str, int] = {}
        self._types: dict[str, str] = {}
        self._known: dict[tuple[object, ...], str] = {}
        self._captured: dict[str, str] = {}
        self._uses: dict[str, int] = {}
        self._removable: dict[str, tuple[Line, tuple[str, ...]]] = {}
        module.functions.append(self)

    # names

    def level(self, operand: str) -> int:
        """The depth of the scope that an operand lives in; 0 for constants and what comes from outside."""
        return self._levels.get(operand, 0)

    def type_of(self, name: str) -> str:
        """The type of a name, the function's own or one of the functions around it."""
        return self._types[self.local(name)]

    def local(self, operand: str) -> str:
        """The operand as this function knows it: itself, or the parameter that brings it in."""
        if operand[0] != "%" or operand in self._levels:
            return operand
        return self._captured.get(operand) or self.capture(operand)

    def capture(self, name: str) -> str:
        """Make a name of the function around a parameter of this one."""
        assert self.parent is not None, f"{name} is not defined in {self.name}"
        own = self.fresh("p")
        type_ = self.parent.type_of(name)
        attributes = self.module.pointers.get(name, "")
        self.parameters.append(Parameter(f"{type_} {attributes}".rstrip(), own, self.parent.local(name)))
        self._captured[name] = own
        self.define(own, type_, 0)
        if name in self.module.spans:
            self.module.spans[own] = self.module.spans[name]
        if attributes:
            self.module.pointers[own] = attributes
        return own

    def parameter(self, type_: str, name: str) -> str:
        """A parameter that the caller fills in by hand."""
        own = f"%{name}"
        self.parameters.append(Parameter(type_, own, own))
        self.define(own, type_.split()[0], 0)
        return own

    def fresh(self, letter: str = "v") -> str:
        """A new name."""
        return f"%{letter}{self.module.number()}"

    def define(self, name: str, type_: str, level: int) -> None:
        """Say that a name exists, what type it has and in which scope it lives."""
        self._levels[name] = level
        self._types[name] = type_

    @property
    def depth(self) -> int:
        """The depth of the innermost open scope."""
        return len(self.scopes) - 1

    # operations

    def pure(self, type_: str, template: str, *operands: str) -> str:
        """The result of an operation without effects: `%s` in the template stand for the operands."""
        key = (template, *operands)
        known = self._known.get(key)
        if known is not None:
            return known
        levels, deepest = self._levels, 0
        for operand in operands:
            level = levels.get(operand)
            if level is None:
                if operand[0] == "%":
                    own = tuple(self.local(one) for one in operands)
                    return self._remember(key, self.pure(type_, template, *own), self.depth)
            elif level > deepest:
                deepest = level
        return self._write(type_, template, operands, key, self.scopes[-1].targets[deepest])

    def near(self, type_: str, template: str, *operands: str) -> str:
        """A pure operation that is written in the innermost scope, for values that are cheap there and dear to keep."""
        key = (self.scopes[-1].number, template, *operands)
        known = self._known.get(key)
        if known is not None:
            return known
        return self._write(type_, template, self._own(operands), key, self.depth)

    def load(self, type_: str, template: str, version: int, outermost: int, *operands: str) -> str:
        """A read of memory: equal ones of one `version` are one, placed at depth `outermost` or further in."""
        key = (version, template, *operands)
        known = self._known.get(key)
        if known is not None:
            return known
        own = self._own(operands)
        return self._write(type_, template, own, key, max(outermost, self._deepest(own)))

    def value(self, type_: str, template: str, *operands: str) -> str:
        """The result of an operation with effects."""
        name = self.fresh()
        own = self._own(operands)
        self.count(*own)
        self.scopes[-1].lines.append([f"  {name} = " + template % own])
        self.define(name, type_, self.depth)
        return name

    def effect(self, template: str, *operands: str) -> None:
        """An operation without a result."""
        own = self._own(operands)
        self.count(*own)
        self.scopes[-1].lines.append(["  " + template % own])

    def phi(self, type_: str, arms: Sequence[tuple[str, str]]) -> str:
        """The value that comes with control from one of several blocks: `arms` are (value, block)."""
        values = self._own(tuple(value for value, _ in arms))
        name = self.fresh()
        pairs = ", ".join(f"[ {value}, %{block} ]" for value, (_, block) in zip(values, arms, strict=True))
        line = [f"  {name} = phi {type_} {pairs}"]
        self.scopes[-1].lines.append(line)
        self.count(*values)
        self._removable[name] = (line, values)
        self.define(name, type_, self.depth)
        return name

    def first(self, type_: str, text: str) -> str:
        """A line at the very start of the function, where allocas belong."""
        name = self.fresh()
        line = [f"  {name} = {text}"]
        self._first.append(line)
        self._removable[name] = (line, ())
        self.define(name, type_, 0)
        return name

    def intrinsic(self, result: str, name: str, *arguments: tuple[str, str]) -> str:
        """A call of a pure intrinsic; arguments are (type, operand)."""
        types = tuple(type_ for type_, _ in arguments)
        return self.pure(result, self.call_template(result, name, types), *(value for _, value in arguments))

    def call_template(self, result: str, name: str, types: tuple[str, ...]) -> str:
        """The template of a call, with the function declared."""
        template, declaration = _call(result, name, types)
        self.module.declarations[declaration] = None
        return template

    def _write(
        self, type_: str, template: str, operands: tuple[str, ...], key: tuple[object, ...], depth: int
    ) -> str:
        self.module.counter += 1
        name = f"%v{self.module.counter}"
        line = [f"  {name} = " + template % operands]
        self.scopes[depth].lines.append(line)
        self._removable[name] = (line, operands)
        uses = self._uses
        for operand in operands:
            uses[operand] = uses.get(operand, 0) + 1
        self._levels[name] = depth
        self._types[name] = type_
        return self._remember(key, name, depth)

    def _remember(self, key: tuple[object, ...], name: str, depth: int) -> str:
        self._known[key] = name
        self.scopes[depth].keys.append(key)
        return name

    def _own(self, operands: tuple[str, ...]) -> tuple[str, ...]:
        levels = self._levels
        for operand in operands:
            if operand not in levels and operand[0] == "%":
                return tuple(self.local(operand) for operand in operands)
        return operands

    def _deepest(self, operands: tuple[str, ...]) -> int:
        levels, deepest = self._levels, 0
        for operand in operands:
            level = levels.get(operand, 0)
            if level > deepest:
                deepest = level
        return deepest

    def count(self, *operands: str) -> None:
        """Say that operands are used by text that was written elsewhere."""
        for operand in operands:
            self._uses[operand] = self._uses.get(operand, 0) + 1

    # control

    def open(self, kind: ScopeKind) -> None:
        """Begin a scope inside the current one."""
        depth = len(self.scopes)
        outer = self.scopes[-1].targets
        inner = (
            [*outer, depth] if kind == "loop" else [*(at if at < depth - 1 else depth for at in outer), depth]
        )
        self.scopes.append(Scope(kind, self.module.number(), inner))

    def close(self) -> None:
        """End the innermost scope: its text goes to the end of the one around it, its operations are forgotten."""
        scope = self.scopes.pop()
        for key in scope.keys:
            self._known.pop(key, None)
        self.scopes[-1].lines += scope.lines

    def keep(self, names: Sequence[str]) -> None:
        """Say that names of a closed scope live on in the current one, which they dominate."""
        for name in names:
            if name in self._levels:
                self._levels[name] = min(self._levels[name], self.depth)

    def label(self, name: str) -> None:
        """Begin a block in the current scope."""
        self.scopes[-1].lines.append([f"{name}:"])
        self.block = name

    def jump(self, block: str) -> None:
        """End the block."""
        self.scopes[-1].lines.append([f"  br label %{block}"])

    def at_end(self, lines: Sequence[str], operands: Sequence[str] = ()) -> None:
        """Blocks behind everything else, for what is rarely reached; their operands must dominate the jump there."""
        self.tail += lines
        self.count(*operands)

    def jump_if(self, condition: str, then: str, otherwise: str, weights: str = "") -> None:
        """End the block at one of two others; `weights` is metadata (`, !prof !0`) or empty."""
        self.effect(f"br i1 %s, label %%{then}, label %%{otherwise}{weights}", condition)

    # text

    def text(self, linkage: str = "internal ") -> str:
        """The whole function."""
        self._remove_unused()
        parameters = ", ".join(f"{parameter.type} {parameter.name}" for parameter in self.parameters)
        lines = [*self._first, *self.scopes[0].lines]
        body = "\n".join(line[0] for line in lines if line[0])
        tail = "".join("\n" + line for line in self.tail)
        head = f"define {linkage}{self.result} {symbol_text(self.name)}({parameters}) {self.attributes}"
        return f"{head} {{\nentry:\n{body}{tail}\n}}\n"

    def _remove_unused(self) -> None:
        waiting = [name for name in self._removable if not self._uses.get(name)]
        while waiting:
            name = waiting.pop()
            line, operands = self._removable[name]
            if not line[0]:
                continue
            line[0] = ""
            for operand in operands:
                self._uses[operand] -= 1
                if not self._uses[operand] and operand in self._removable:
                    waiting.append(operand)


@lru_cache(maxsize=1024)
def _call(result: str, name: str, types: tuple[str, ...]) -> tuple[str, str]:
    """The template of a call and the declaration of what it calls, which has no attributes such as `align 4`."""
    bare = ", ".join(type_.split(" align ")[0] for type_ in types)
    template = f"call {result} @{name}({', '.join(f'{type_} %s' for type_ in types)})"
    return template, f"declare {result} @{name}({bare})"
