"""`td.parse`: text of `tensor.text()` back to a tensor, in any process; everything is checked as at its declaration.

In: lines of format 1 (`expr/program_text.py` writes them). Out: the tensor that the last line names, declared anew: the
reads of every stage are proved in bounds again, so text that was edited cannot make a kernel that reads elsewhere.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tdsl.declare.inputs import param, placeholder
from tdsl.declare.names import checked_name, shown
from tdsl.declare.size import gather_sizes, size, sizes_of
from tdsl.declare.stage import Draft, make_stage
from tdsl.dtypes import DType, as_dtype
from tdsl.errors import ArgumentTypeError, FormatError
from tdsl.expr.build import ZERO
from tdsl.expr.combination import Combination, operands, own_reducer
from tdsl.expr.handles import AxisHandle, AxisOrigin, Expr, Origin
from tdsl.expr.node import Node, Reduce, Var, axis_var, size_var
from tdsl.expr.parser import Names
from tdsl.expr.parser import parse as parse_expression
from tdsl.expr.program_text import FORMAT
from tdsl.expr.reducers import REDUCERS
from tdsl.expr.rewrite import reductions, substitute, variables, walk
from tdsl.expr.tensor import Axis, Reducer, Tensor
from tdsl.location import Location, here, hide_internal_frames
from tdsl.settings import Options


@hide_internal_frames
def parse(text: str) -> Tensor | tuple[Tensor, ...]:
    """The tensor that `tensor.text()` wrote, declared anew in this process; a tuple where it wrote several.

    Args: text: of format 1.

    Errors: E115 no text; E123 text that is no declared tensor, or of another format; and every error of the
    declarations in it. Source: as MLIR, whose programs are their text.
    """
    where = here()
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentTypeError("E115", f"td.parse takes text, not {shown(text)}", where=where)
    program = _Program(where)
    for block in _blocks(text, where):
        program.declare(block)
    if not program.outputs:
        raise FormatError(
            "E123", "this text names no output", where=where, hint=("output C, in the last line",)
        )
    return program.outputs[0] if len(program.outputs) == 1 else tuple(program.outputs)


@dataclass(frozen=True, slots=True)
class _Block:
    """A declaration: its first word, its name, what stands behind the colon, and the lines below it."""

    kind: str
    name: str
    rest: str
    below: tuple[tuple[str, str], ...]
    """(word, rest) a line."""


def _blocks(text: str, where: Location) -> list[_Block]:
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or lines[0].split() != ["tdsl", str(FORMAT)]:
        first = lines[0].strip() if lines else ""
        raise FormatError(
            "E123",
            f"this is no text of format {FORMAT}: it starts with {shown(first)}",
            where=where,
            why=(f"the first line says tdsl {FORMAT}",),
            hint=("tensor.text() of this version of tdsl",),
        )
    blocks: list[_Block] = []
    for line in lines[1:]:
        word, _, rest = line.strip().partition(" ")
        if not line.startswith(" "):
            name, _, more = rest.partition(":")
            blocks.append(_Block(word, name.strip(), more.strip(), ()))
        elif blocks:
            last = blocks.pop()
            blocks.append(_Block(last.kind, last.name, last.rest, (*last.below, (word, rest.strip()))))
    return blocks


@dataclass
class _Program:
    """What is declared so far, by name."""

    where: Location
    origins: dict[str, Origin] = field(default_factory=dict[str, Origin])
    variables: dict[str, Var] = field(default_factory=dict[str, Var])
    tensors: dict[str, Tensor] = field(default_factory=dict[str, Tensor])
    reducers: dict[str, Reducer] = field(default_factory=lambda: dict(REDUCERS))
    outputs: list[Tensor] = field(default_factory=list[Tensor])

    def declare(self, block: _Block) -> None:
        """Adds one declaration."""
        kinds: dict[str, Callable[[_Block], None]] = {
            "size": self._size,
            "input": self._input,
            "param": self._param,
            "reducer": self._reducer,
            "stage": self._stage,
            "output": self._output,
        }
        if block.kind not in kinds:
            raise self._error(f"there is no declaration {block.kind}", f"{block.kind} {block.name}")
        kinds[block.kind](block)

    def _error(self, what: str, line: str) -> FormatError:
        return FormatError("E123", f"this text declares no tensor: {what}", where=self.where, why=(line,))

    def _size(self, block: _Block) -> None:
        facts = {key: self._literal(value) for key, value in self._fields(block.rest).items()}
        unknown = next((key for key in facts if key not in ("min", "multiple_of", "typical")), None)
        if unknown is not None:
            raise self._error(f"a size has no {unknown}", f"{block.name}: {block.rest}")
        made = size(block.name, **facts)  # pyright: ignore[reportArgumentType]
        self.origins[made.name] = made.size
        self.variables[made.name] = size_var(made.name)

    def _input(self, block: _Block) -> None:
        dtype, _, rest = block.rest.partition(",")
        fields = self._fields(rest)
        shape = tuple(self._expr(part) for part in self._tuple(fields.pop("shape", "()")))
        strides = fields.pop("strides", None)
        align = fields.pop("align", None)
        self.tensors[block.name] = placeholder(
            block.name,
            shape,
            dtype.strip(),
            range=self._range(fields),
            strides=None if strides is None else self._literal(strides),  # pyright: ignore[reportArgumentType]
            align=None if align is None else self._literal(align),  # pyright: ignore[reportArgumentType]
        )

    def _param(self, block: _Block) -> None:
        dtype, _, rest = block.rest.partition(",")
        made = param(block.name, dtype.strip(), range=self._range(self._fields(rest)))
        self.origins[made.name] = made.param
        self.variables[made.name] = Var(made.name, made.dtype, "param")

    def _range(self, fields: dict[str, str]) -> tuple[object, object] | None:
        given = fields.pop("range", None)
        if fields:
            raise self._error(f"{next(iter(fields))}= has no meaning here", str(fields))
        if given is None:
            return None
        parts = [self._expr(part) for part in self._tuple(given)]
        if len(parts) != 2:
            raise self._error("a range is a pair", given)
        return parts[0], parts[1]

    def _reducer(self, block: _Block) -> None:
        dtypes = tuple(as_dtype(part, where=self.where) for part in _split(block.rest))
        left, right = operands(dtypes)
        scope = {var.name: var for var in (*left, *right)}
        lines = _Lines(self, block, scope)
        results = [lines.node(rest, dtype) for rest, dtype in zip(lines.all("step"), dtypes, strict=False)]
        starts = [
            self.node(rest, {}, dtype) for rest, dtype in zip(lines.all("identity"), dtypes, strict=False)
        ]
        got = tuple(node.dtype for node in (*results, *starts))
        if got != dtypes * 2:
            raise self._error("a reducer has a step and an identity of each dtype", f"reducer {block.name}")
        combination = Combination(left, right, tuple(results), tuple(starts))
        name = checked_name(block.name, "a reducer", self.where)
        self.reducers[name] = own_reducer(name, combination)

    def _output(self, block: _Block) -> None:
        if block.name not in self.tensors:
            raise self._error(f"{block.name} is not declared", f"output {block.name}")
        self.outputs.append(self.tensors[block.name])

    def _stage(self, block: _Block) -> None:
        axes: dict[str, AxisHandle] = {}
        lines = _Lines(self, block, {})
        for word in ("for", "over"):
            for rest in lines.all(word):
                handle = self._axis(rest, axes, reduced=word == "over")
                axes[handle.name] = handle
        lines.scope.update({name: axis_var(name) for name in axes})
        base, own = self._own(lines, tuple(axis for axis in axes.values() if not axis.origin.reduced))
        self.tensors.update({tensor.name: tensor for tensor in own})
        values = lines.values()
        for name, node, dtype in values:
            if node.dtype is not dtype:
                raise self._error(f"{name} is {dtype} and its value {node.dtype}", f"stage {block.name}")
            if base is not None and dtype is not base.dtype:
                raise self._error(f"{name} is no update of {base.name}", f"stage {block.name}")
        at = tuple(lines.node(rest) for rest in lines.all("at"))
        if reductions(*at):
            raise self._error("the subscripts of an update reduce nothing", f"stage {block.name}")
        domain = tuple(lines.node(rest) for rest in lines.all("where"))
        facts = tuple(lines.node(rest) for rest in lines.all("fact"))
        fills = tuple(
            lines.node(rest, value[2]) for rest, value in zip(lines.all("fill"), values, strict=False)
        )
        known = {**self.origins, **{name: axis.origin for name, axis in axes.items()}}
        tensors = make_stage(
            Draft(
                names=tuple(name for name, _, _ in values),
                axes=tuple(axis for axis in axes.values() if not axis.origin.reduced),
                values=tuple(Expr(node, _mentioned(node, known)) for _, node, _ in values),
                domain=domain,
                fill=tuple(Expr(node, _mentioned(node, known)) for node in fills) if domain else 0,
                facts=facts,
                origins=tuple(
                    origin for node in (*domain, *facts, *at) for origin in _mentioned(node, known)
                ),
                own=own,
                base=base,
                at=at,
                named_by_user=not lines.has("unnamed"),
                recorded=self._options(lines.all("options")),
                where=self.where,
            )
        )
        self.tensors.update({tensor.name: tensor for tensor in tensors})

    def _axis(self, line: str, axes: Mapping[str, AxisHandle], *, reduced: bool) -> AxisHandle:
        given, _, rest = line.partition(" in ")
        name = checked_name(given, "an axis", self.where)
        scope = {other: axis_var(other) for other in axes}
        bounds = [self.node(part, scope) for part in self._tuple(rest)]
        if len(bounds) != 2:
            raise self._error("an axis has two bounds", line)
        known = {**self.origins, **{other: handle.origin for other, handle in axes.items()}}
        origins = tuple(origin for bound in bounds for origin in _mentioned(bound, known))
        return AxisHandle(AxisOrigin(Axis(name, bounds[0], bounds[1]), reduced, origins, self.where))

    def _own(self, lines: _Lines, axes: Sequence[AxisHandle]) -> tuple[Tensor | None, tuple[Tensor, ...]]:
        """The base of an update, and the tensors by which a stage reads itself."""
        named = lines.all("base")
        if named:
            if named[0] not in self.tensors:
                raise self._error(f"{named[0]} is not declared", f"base {named[0]}")
            base = self.tensors[named[0]]
            return base, tuple(
                Tensor(name=name, extents=base.extents, dtype=dtype, sizes=sizes_of(base), where=self.where)
                for name, dtype, _ in lines.declared()
            )
        shifted = next((axis for axis in axes if axis.origin.axis.lower is not ZERO), None)
        if shifted is not None:
            raise self._error(f"the axis {shifted.name} does not start at 0", f"stage {lines.block.name}")
        if not lines.has("recurrence"):
            return None, ()
        extents = tuple(axis.origin.axis.upper for axis in axes)
        sizes = gather_sizes(
            [origin for axis in axes for origin in axis.origin.bounds], (), extents, self.where
        )
        return None, tuple(
            Tensor(name=name, extents=extents, dtype=dtype, component=place, sizes=sizes, where=self.where)
            for place, (name, dtype, _) in enumerate(lines.declared())
        )

    def _options(self, lines: Sequence[str]) -> Options:
        fields = {key: self._literal(value) for line in lines for key, value in self._fields(line).items()}
        return Options.from_data(fields)  # pyright: ignore[reportArgumentType]

    # pieces of lines

    def node(self, text: str, scope: Mapping[str, Var], dtype: DType | None = None) -> Node:
        """An expression over what is declared so far and the variables of `scope`."""
        names = Names({**self.variables, **scope}, self.tensors, {}, self.reducers)
        try:
            return parse_expression(text, names, dtype)
        except FormatError as error:
            raise FormatError("E123", error.what, where=self.where, why=error.why) from None

    def _expr(self, text: str) -> Expr:
        node = self.node(text, {})
        return Expr(node, _mentioned(node, self.origins))

    def _fields(self, text: str) -> dict[str, str]:
        """`a=1, b=(2, 3)` as texts by name."""
        fields: dict[str, str] = {}
        for part in _split(text):
            key, equals, value = part.partition("=")
            if not equals:
                raise self._error(f"{part} has no name", text)
            fields[key.strip()] = value.strip()
        return fields

    def _tuple(self, text: str) -> list[str]:
        if not (text.startswith("(") and text.endswith(")")):
            raise self._error(f"{text} is no tuple", text)
        return _split(text[1:-1])

    def _literal(self, text: str) -> object:
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError):
            raise self._error(f"{text} is no number", text) from None


class _Lines:
    """The lines of a block; what `let` lines name stands for its expression."""

    def __init__(self, program: _Program, block: _Block, scope: dict[str, Var]) -> None:
        self.program = program
        self.block = block
        self.scope = scope
        self._lets: dict[Node, Node] | None = None

    def all(self, word: str) -> list[str]:
        """What stands behind a word, line by line."""
        return [rest for first, rest in self.block.below if first == word]

    def has(self, word: str) -> bool:
        """Whether a line starts with a word."""
        return any(first == word for first, _ in self.block.below)

    def node(self, text: str, dtype: DType | None = None) -> Node:
        """The expression of a line."""
        lets = self._known()
        scope = {**self.scope, **{var.name: var for var in lets if isinstance(var, Var)}}
        return substitute(self.program.node(text, scope, dtype), lets)

    def _known(self) -> dict[Node, Node]:
        if self._lets is None:
            self._lets = {}
            for name, dtype, value in self._assignments(self.all("let")):
                node = self.node(value, dtype)
                self._lets[Var(name, node.dtype, "local")] = node
        return self._lets

    def values(self) -> list[tuple[str, Node, DType]]:
        """`y: float32 = …` lines: name, expression, dtype."""
        return [(name, self.node(value, dtype), dtype) for name, dtype, value in self.declared()]

    def declared(self) -> list[tuple[str, DType, str]]:
        """The same lines, the expression as text."""
        return self._assignments(f"{word} {rest}" for word, rest in self.block.below if word.endswith(":"))

    def _assignments(self, lines: Iterable[str]) -> list[tuple[str, DType, str]]:
        found: list[tuple[str, DType, str]] = []
        for line in lines:
            name, _, rest = line.partition(":")
            dtype, _, value = rest.partition("=")
            found.append((name.strip(), as_dtype(dtype.strip(), where=self.program.where), value.strip()))
        return found


def _mentioned(node: Node, known: Mapping[str, Origin]) -> tuple[Origin, ...]:
    """The declarations of the names in an expression, those of the axes that it reduces over too."""
    names = dict.fromkeys(var.name for var in variables(node))
    for part in walk(node):
        if isinstance(part, Reduce):
            names.update(dict.fromkeys(part.axes))
    return tuple(known[name] for name in names if name in known)


def _split(text: str) -> list[str]:
    """The parts between commas that stand in no parentheses."""
    parts, depth, start = list[str](), 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    last = text[start:].strip()
    return [*parts, last] if last else parts
