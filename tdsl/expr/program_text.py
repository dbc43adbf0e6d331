"""A declared tensor with all it depends on as text: one declaration a line, which `td.parse` reads back (format 1).

In: tensors. Out: lines such as ``input A: float32, shape=(m, k)`` and ``C: float32 = sum(A[i, k], over=(k))``;
arguments and stages stand in order of creation. An expression that is shared and long is written once, under a name
with a dot, which no user's name has; so the text is as long as the graph. User lines are not kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tdsl.errors import DuplicateNameError
from tdsl.expr.combination import own_reducer
from tdsl.expr.node import Node, Read, Reduce, Var
from tdsl.expr.printer import shape_text, text
from tdsl.expr.rewrite import reads, rewrite, walk
from tdsl.expr.tensor import Axis, Param, Reducer, Size, Stage, Tensor, tensors_of

FORMAT = 1
"""What the first line says; it changes when the meaning of a line does."""

LONG = 60
"""Characters from which a shared expression is written once."""


def program_text(*outputs: Tensor) -> str:
    """The declarations that `outputs` need, and which tensors they are.

    Errors: E105 two tensors of one name that are not an operator's.
    """
    stages, inputs = _collected(outputs)
    names = _Names(stages, inputs)
    params = {param.name: param for stage in stages for param in stage.params}
    sizes: dict[str, Size] = {}
    for owner in (*inputs, *stages):
        for size in owner.sizes:
            known = sizes.get(size.name)
            sizes[size.name] = size if known is None or known.typical is None else known
    lines = [f"tdsl {FORMAT}", *map(_size, sizes.values())]
    lines += [line for reducer in names.reducers.values() for line in _reducer(reducer)]
    for one in sorted((*inputs, *params.values(), *stages), key=lambda declared: declared.number):
        if isinstance(one, Stage):
            lines += _stage(one, names)
        else:
            lines.append(_argument(one))
    return "\n".join([*lines, *(f"output {names.tensors[output].name}" for output in outputs), ""])


def _collected(outputs: Sequence[Tensor]) -> tuple[list[Stage], list[Tensor]]:
    """Stages in order of declaration, which is a topological order, and the inputs."""
    stages: dict[Stage, None] = {}
    inputs: dict[Tensor, None] = {}
    stack = list(outputs)
    while stack:
        tensor = stack.pop()
        if tensor.producer is None:
            inputs[tensor] = None
        elif tensor.producer not in stages:
            stages[tensor.producer] = None
            stack += _read(tensor.producer)
    return sorted(stages, key=lambda stage: stage.number), sorted(inputs, key=lambda one: one.number)


def _read(stage: Stage) -> list[Tensor]:
    """The tensors of others that a stage needs."""
    bounds = (bound for axis in (*stage.axes, *stage.reduce_axes) for bound in (axis.lower, axis.upper))
    nodes = (*stage.body, *stage.at, *stage.domain, *stage.fill, *bounds)
    found = [read.tensor for read in reads(*nodes) if read.tensor not in stage.own]
    return found if stage.base is None else [*found, stage.base]


@dataclass
class _Names:
    """Tensors and reducers under the names they have in the text, each name once, made unique as semantics N4 says."""

    stages: Sequence[Stage]
    inputs: Sequence[Tensor]
    tensors: dict[Tensor, Tensor] = field(default_factory=dict[Tensor, Tensor])
    reducers: dict[Reducer, Reducer] = field(default_factory=dict[Reducer, Reducer])
    memo: dict[Node, Node] = field(default_factory=dict[Node, Node])

    def __post_init__(self) -> None:
        named = [tensor for stage in self.stages if stage.named_by_user for tensor in tensors_of(stage)]
        taken: dict[str, Tensor] = {}
        for tensor in (*self.inputs, *named):
            other = taken.setdefault(tensor.name, tensor)
            if other is not tensor:
                raise DuplicateNameError(
                    "E105",
                    f"two tensors of one program are called {tensor.name}",
                    why=tuple(f"declared at {one.where.brief()}" for one in (other, tensor) if one.where),
                    hint=("another name for one of them",),
                )
            self.tensors[tensor] = tensor
        for tensor in (tensor for stage in self.stages for tensor in tensors_of(stage)):
            if tensor not in self.tensors:
                name = _free(tensor.name, taken)
                taken[name] = tensor
                self.tensors[tensor] = tensor if name == tensor.name else replace(tensor, name=name)
        for stage in self.stages:
            for own, tensor in zip(stage.own, tensors_of(stage), strict=False):
                self.tensors[own] = self.tensors[tensor]
        used: dict[str, Reducer] = {}
        for node in walk(*(node for stage in self.stages for node in stage.body)):
            made = node.reducer.combination if isinstance(node, Reduce) else None
            if isinstance(node, Reduce) and made is not None and node.reducer not in self.reducers:
                name = _free(node.reducer.name, used)
                used[name] = self.reducers[node.reducer] = own_reducer(name, made)

    def applied(self, node: Node) -> Node:
        """An expression with the names of the text."""
        return rewrite(node, self._rule, self.memo)

    def _rule(self, node: Node) -> Node:
        if isinstance(node, Read):
            return Read(self.tensors[node.tensor], node.index)
        if isinstance(node, Reduce) and node.reducer in self.reducers:
            reducer = self.reducers[node.reducer]
            return Reduce(reducer, node.axes, node.operands, node.component, node.fused)
        return node


def _free(name: str, taken: Mapping[str, object]) -> str:
    found, count = name, 0
    while found in taken:
        count += 1
        found = f"{name}_{count}"
    return found


# lines


def _size(size: Size) -> str:
    facts = [f"min={size.minimum}"] if size.minimum else []
    facts += [f"multiple_of={size.multiple_of}"] if size.multiple_of != 1 else []
    facts += [f"typical={size.typical}"] if size.typical is not None else []
    return f"size {size.name}: {', '.join(facts)}".rstrip(": ")


def _argument(one: Tensor | Param) -> str:
    ranges = "" if one.value_range is None else f", range={shape_text(one.value_range)}"
    if isinstance(one, Param):
        return f"param {one.name}: {one.dtype}{ranges}"
    strides = "" if one.strides is None else f", strides={one.strides!r}"
    align = "" if one.align is None else f", align={one.align}"
    return f"input {one.name}: {one.dtype}, shape={shape_text(one.extents)}{ranges}{strides}{align}"


def _reducer(reducer: Reducer) -> Iterator[str]:
    made = reducer.combination
    assert made is not None
    yield f"reducer {reducer.name}: {', '.join(map(str, made.dtypes))}"
    lets, results = _shared(made.results)
    yield from (f"  let {line}" for line in lets)
    yield from (f"  step {text(result)}" for result in results)
    yield from (f"  identity {text(start)}" for start in made.starts)


def _stage(stage: Stage, names: _Names) -> Iterator[str]:
    tensors = [names.tensors[tensor] for tensor in tensors_of(stage)]
    name = stage.name if stage.named_by_user or len(tensors) > 1 else tensors[0].name
    yield f"stage {name}"
    yield from (f"  for {_loop(axis, names)}" for axis in stage.axes)
    yield from (f"  over {_loop(axis, names)}" for axis in stage.reduce_axes)
    if not stage.named_by_user:
        yield "  unnamed"
    options = stage.options.text()
    if options:
        yield f"  options {options}"
    if stage.base is not None:
        yield f"  base {names.tensors[stage.base].name}"
    elif stage.own:
        yield "  recurrence"
    nodes = tuple(map(names.applied, (*stage.at, *stage.domain, *stage.facts, *stage.body, *stage.fill)))
    lets, written = _shared(nodes)
    yield from (f"  let {line}" for line in lets)
    parts = iter(written)
    yield from (f"  at {text(next(parts))}" for _ in stage.at)
    yield from (f"  where {text(next(parts))}" for _ in stage.domain)
    yield from (f"  fact {text(next(parts))}" for _ in stage.facts)
    yield from (f"  {tensor.name}: {tensor.dtype} = {text(next(parts))}" for tensor in tensors)
    yield from (f"  fill {text(next(parts))}" for _ in stage.fill)


def _loop(axis: Axis, names: _Names) -> str:
    return f"{axis.name} in {shape_text([names.applied(axis.lower), names.applied(axis.upper)])}"


def _shared(roots: Sequence[Node]) -> tuple[list[str], list[Node]]:
    """Lines ``shared.s0: float32 = …`` for what is used more than once and long, and the expressions that use them."""
    uses = Counter(child for node in walk(*roots) for child in node.children)
    table: dict[Node, Node] = {}
    lines: list[str] = []
    done: dict[Node, Node] = {}
    for node in walk(*roots):
        done[node] = short = node.rebuilt(tuple(done[child] for child in node.children))
        if uses[node] < 2 or isinstance(node, Var) or not node.children:
            continue
        written = text(short)
        if len(written) >= LONG:
            var = Var(f"shared.s{len(table)}", node.dtype, "local")
            lines.append(f"{var.name}: {node.dtype} = {written}")
            table[node] = done[node] = var
    return lines, [done[root] for root in roots]
