"""Whether two declarations are the same program: tensors in, a value that is equal exactly where they are (P16).

Names, shapes, dtypes, expressions, facts and options count; object identity, creation numbers and user lines do not.
Shared nodes are numbered, so the value is as long as the graph, not as the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tdsl.expr.node import (
    Binary,
    Bitcast,
    Call,
    Cast,
    Compare,
    Const,
    Fma,
    Load,
    Node,
    Read,
    Reduce,
    Unary,
    Var,
)
from tdsl.expr.rewrite import walk
from tdsl.expr.tensor import Axis, Reducer, Stage, Tensor

Signature = tuple[object, ...]


def signature(outputs: Sequence[Tensor], stages: Iterable[Stage]) -> Signature:
    """The identity of a program: outputs by name, its stages in topological order."""
    numbering = _Numbering()
    described = tuple(numbering.stage(stage) for stage in stages)
    return (tuple(tensor.name for tensor in outputs), described, tuple(numbering.entries), numbering.inputs())


class _Numbering:
    """Nodes by number: entry k describes node k by its operator, its fields and the numbers of its operands."""

    def __init__(self) -> None:
        self.numbers: dict[Node, int] = {}
        self.entries: list[tuple[object, ...]] = []
        self.tensors: dict[Tensor, None] = {}
        self.own: set[Tensor] = set()
        self.known: dict[tuple[object, ...], int] = {}

    def stage(self, stage: Stage) -> Signature:
        """Everything that a stage computes and under which names."""
        return (
            stage.name,
            stage.tensor_names,
            tuple(dtype.name for dtype in stage.dtypes),
            tuple(map(self._axis, stage.axes)),
            tuple(map(self._axis, stage.reduce_axes)),
            self._nodes(stage.body),
            self._nodes(stage.domain),
            self._nodes(stage.fill),
            self._base(stage),
            self._nodes(stage.facts),
            tuple(sorted((size.name, size.minimum, size.multiple_of) for size in stage.sizes)),
            stage.options,
        )

    def _base(self, stage: Stage) -> Signature:
        """What an update starts from and writes."""
        self.own.update(stage.own)
        if stage.base is None:
            return ()
        self.tensors[stage.base] = None
        return stage.base.name, *self._nodes(stage.at)

    def inputs(self) -> Signature:
        """The arrays that nobody computes, in order of first occurrence."""
        return tuple(
            (
                tensor.name,
                tensor.dtype.name,
                self._nodes(tensor.extents),
                self._nodes(tensor.value_range or ()),
                tensor.strides,
                tensor.align,
            )
            for tensor in tuple(self.tensors)
            if tensor.producer is None and tensor not in self.own
        )

    def _axis(self, axis: Axis) -> Signature:
        return axis.name, *self._nodes((axis.lower, axis.upper))

    def _nodes(self, nodes: Iterable[Node]) -> tuple[int, ...]:
        return tuple(self._number(node) for node in nodes)

    def _number(self, root: Node) -> int:
        for node in walk(root):
            if node not in self.numbers:
                entry = (
                    type(node).__name__,
                    *self._fields(node),
                    *(self.numbers[child] for child in node.children),
                )
                self.numbers[node] = self._entered(entry)
        return self.numbers[root]

    def _entered(self, entry: tuple[object, ...]) -> int:
        """The number of an entry; equal entries (the same node over unpickled tensors) are one."""
        if entry not in self.known:
            self.known[entry] = len(self.entries)
            self.entries.append(entry)
        return self.known[entry]

    def _fields(self, node: Node) -> tuple[object, ...]:
        match node:
            case Const():
                return node.of.name, node.bits
            case Var():
                return node.name, node.of.name, node.kind
            case Unary() | Binary() | Compare():
                return (node.op,)
            case Cast() | Bitcast():
                return (node.to.name,)
            case Call():
                return (node.name,)
            case Fma():
                return (node.contracted,)
            case Read():
                self.tensors[node.tensor] = None
                return (node.tensor.name,)
            case Load():
                return (node.buffer,)
            case Reduce():
                return self._reducer(node.reducer), node.axes, node.component, node.fused
            case _:
                return ()

    def _reducer(self, reducer: Reducer) -> Signature:
        """A built-in reducer is its name; one of the user's own, what it computes."""
        made = reducer.combination
        own = () if made is None else (self._nodes(made.results), self._nodes(made.starts))
        return reducer.name, reducer.exact, *own
