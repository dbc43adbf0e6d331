"""Random small programs as values that print as Python text: sizes, inputs, stages, outputs.

In: a `random.Random`. Out: a `Program`; `source()` is what a user would have written. `declare` runs it. The drawing
itself is in `draw_stage.py`; this file holds what a program is, prints it and makes smaller ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import tdsl as td
from tests.support.terms import COMPANION, Term, simpler


@dataclass(frozen=True, slots=True)
class SizeDecl:
    """``n = td.size("n")`` with facts."""

    name: str
    minimum: int = 0
    multiple_of: int = 1

    def text(self) -> str:
        facts = "".join(
            f", {key}={value}" for key, value, plain in
            (("min", self.minimum, 0), ("multiple_of", self.multiple_of, 1)) if value != plain
        )  # fmt: skip
        return f'{self.name} = td.size("{self.name}"{facts})'


@dataclass(frozen=True, slots=True)
class InputDecl:
    """A placeholder; or a scalar where shape is None. values: half-open range of the values, as text."""

    name: str
    dtype: str
    shape: tuple[str, ...] | None
    values: tuple[str, str] | None = None

    def text(self) -> str:
        if self.shape is None:
            return f'{self.name} = td.param("{self.name}", "{self.dtype}")'
        limits = "" if self.values is None else f", range=({', '.join(self.values)})"
        return (
            f'{self.name} = td.placeholder("{self.name}", {tuple_text(self.shape)}, "{self.dtype}"{limits})'
        )


@dataclass(frozen=True, slots=True)
class StageDecl:
    """A stage of one or several tensors, or a right-hand side given whole as `call`.

    Fields:
        names: of its tensors.
        dtypes: of its tensors.
        shape, axes: of its array, as text.
        lines: statements inside the callable: its reduction axes.
        body: a term a tensor.
        where, fill: of `td.compute`, as text.
        call: a whole right-hand side instead, over `sources`.
        companion: the right-hand side of the companion (see terms.py) for a `call`.
        verb: compute, recurrence or update; of an update, `axes` and `lines` are those of `over=`, `sources` its base and
            `at` what is written.
    """

    names: tuple[str, ...]
    dtypes: tuple[str, ...]
    shape: tuple[str, ...]
    axes: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    body: tuple[Term, ...] = ()
    where: str = ""
    fill: str = ""
    call: str = ""
    companion: str = ""
    sources: tuple[str, ...] = ()
    verb: str = "compute"
    at: str = ""

    def reads(self) -> set[str]:
        """Names of the tensors it reads."""
        return {*self.sources, *(name for term in self.body for name in term.reads())}

    def text(self) -> str:
        if self.call:
            return f"{self.names[0]} = {self.call}"
        return self._compute([term.text() for term in self.body], "", "")

    def size_text(self) -> str:
        """The declaration of the companions; "" where a bound is missing."""
        if self.call:
            return f"{self.names[0]}{COMPANION} = {self.companion}" if self.companion else ""
        bounds = [term.size() for term in self.body]
        return "" if "" in bounds else self._compute(bounds, COMPANION, "float64")

    def _compute(self, values: list[str], suffix: str, dtype: str) -> str:
        names = [name + suffix for name in self.names]
        shown = f'"{names[0]}"' if len(names) == 1 else "(" + ", ".join(f'"{name}"' for name in names) + ")"
        value = values[0] if len(values) == 1 else f"({', '.join(values)})"
        axes = ", ".join(self.axes)
        options = "".join(
            f", {key}={text}" for key, text in
            (("where", self.where and f"lambda {axes}: {self.where}"), ("fill", self.fill),
             ("dtype", dtype and f'"{dtype}"')) if text
        )  # fmt: skip
        target = ", ".join(names)
        if self.verb == "update":
            over = tuple_text(self.axes)
            base = self.sources[0] + suffix
            call = (
                f"td.update({shown}, {base}, over={over}, at=({self.at},), value=lambda {names[0]}: {value})"
            )
            return "\n".join([*self.lines, f"{target} = {call}"])
        if self.verb == "recurrence":
            parameters = ", ".join([*names, *self.axes])
            dtype = dtype or self.dtypes[0]
            function, lines = f"lambda {parameters}: {value}", list[str]()
            if self.lines:
                function = f"{names[0]}_at"
                inside = (f"    {line}" for line in self.lines)
                lines = [f"def {function}({parameters}):", *inside, f"    return {value}"]
            call = f'td.recurrence({shown}, {tuple_text(self.shape)}, {function}, dtype="{dtype}")'
            return "\n".join([*lines, f"{target} = {call}"])
        if not self.lines:
            return (
                f"{target} = td.compute({shown}, {tuple_text(self.shape)}, lambda {axes}: {value}{options})"
            )
        function = f"{names[0]}_at"
        lines = [f"def {function}({axes}):", *(f"    {line}" for line in self.lines), f"    return {value}"]
        return "\n".join(
            [*lines, f"{target} = td.compute({shown}, {tuple_text(self.shape)}, {function}{options})"]
        )


def tuple_text(parts: tuple[str, ...]) -> str:
    """A Python tuple."""
    return f"({', '.join(parts)}{',' * (len(parts) == 1)})"


@dataclass(frozen=True, slots=True)
class Program:
    """Declarations in order, and the tensors that a schedule is made of."""

    sizes: tuple[SizeDecl, ...]
    inputs: tuple[InputDecl, ...]
    stages: tuple[StageDecl, ...]
    outputs: tuple[str, ...]

    def source(self) -> str:
        """Python text; `td` must be in scope."""
        return "\n".join(part.text() for part in (*self.sizes, *self.inputs, *self.stages))

    def companion_source(self) -> str:
        """Text that declares float64 bounds of all tensors beside them; "" where a stage has none."""
        lines: list[str] = []
        for one in self.inputs:
            if one.shape is not None:
                lines.append(replace(one, name=one.name + COMPANION, dtype="float64", values=None).text())
        for stage in self.stages:
            text = stage.size_text()
            if not text:
                return ""
            lines.append(text)
        return "\n".join(lines)

    def is_exact(self) -> bool:
        """Whether whole numbers in give whole numbers out (see `Term.exact`)."""
        return all(term.is_exact() for stage in self.stages for term in stage.body)

    def trimmed(self) -> Program:
        """The same program without what the outputs do not need."""
        needed, stages = set(self.outputs), list[StageDecl]()
        for stage in reversed(self.stages):
            if needed & set(stage.names):
                stages.append(stage)
                needed |= stage.reads()
        stages.reverse()
        rest = "\n".join(stage.text() for stage in stages)
        arrays = [one for one in self.inputs if one.name in needed or _mentions(rest, one.name)]
        rest += "\n".join(one.text() for one in arrays)
        sizes = [size for size in self.sizes if _mentions(rest, size.name)]
        return Program(tuple(sizes), tuple(arrays), tuple(stages), self.outputs)


def _mentions(text: str, name: str) -> bool:
    import re

    return re.search(rf"\b{name}\b", text) is not None


def declare(source: str) -> dict[str, object]:
    """Runs declarations: names to tensors."""
    names: dict[str, object] = {"td": td}
    exec(compile(source, "<program>", "exec"), names)  # the text is ours
    return names


def sample_sizes(program: Program, values: Mapping[str, int]) -> dict[str, int]:
    """Sizes that keep the facts of the program, near those given."""
    result: dict[str, int] = {}
    for size in program.sizes:
        value = max(values.get(size.name, 0), size.minimum)
        result[size.name] = -(-value // size.multiple_of) * size.multiple_of
    return result


def smaller(program: Program) -> Iterator[Program]:
    """Programs one step smaller: fewer outputs, simpler terms, no domain."""
    if len(program.outputs) > 1:
        for name in program.outputs:
            yield replace(
                program, outputs=tuple(other for other in program.outputs if other != name)
            ).trimmed()
    for place, stage in enumerate(program.stages):
        for other in _smaller_stages(stage):
            stages = (*program.stages[:place], other, *program.stages[place + 1 :])
            yield replace(program, stages=stages).trimmed()


def _smaller_stages(stage: StageDecl) -> Iterator[StageDecl]:
    if stage.where:
        yield replace(stage, where="", fill="")
    for place, term in enumerate(stage.body):
        for other in simpler(term):
            yield replace(stage, body=(*stage.body[:place], other, *stage.body[place + 1 :]))
