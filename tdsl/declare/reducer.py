"""`td.reducer`: a reduction of the user's own, over one value or tuples of values.

In: a step and an identity. Out: something callable with values and `over=`, as `td.sum` is. The step is traced for the
dtypes it meets; that it is a pure function, associative and commutative, and has that identity, is tried on samples
(semantics E6): what fails there is refused with the values that show it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tdsl.declare.laws import broken_law
from tdsl.declare.names import checked_name, entries, shown
from tdsl.declare.trace import same_tracing
from tdsl.dtypes import DType, as_dtype
from tdsl.errors import ArgumentError, ArgumentTypeError, DTypeError
from tdsl.expr.callables import wrong_parameters
from tdsl.expr.combination import Combination, operands, own_reducer
from tdsl.expr.functions.definition import ARITY
from tdsl.expr.handles import Expr, as_node
from tdsl.expr.node import Const, Node, Read, Reduce, Var
from tdsl.expr.printer import text
from tdsl.expr.reducers import REDUCERS
from tdsl.expr.reductions import Over, axes_of, operand_of, reduction_of
from tdsl.expr.rewrite import walk
from tdsl.expr.tensor import Reducer
from tdsl.location import Location, here, hide_internal_frames

_TAKEN = frozenset({*REDUCERS, *ARITY, "where", "fma", "contracted", "mean"})
"""Words that mean something else in the text of an expression."""


@hide_internal_frames
def reducer(combine: Callable[..., object], identity: object, *, name: str | None = None) -> OwnReducer:
    """A reduction made of a step and its identity.

    Args:
        combine: a pure function of two values, or of two tuples of values, that gives the one that stands for both;
            associative and commutative, by the author's promise. It is written with the operators and functions of
            elements (`td.maximum`, `td.exp`, `td.where`), and sees nothing but its operands.
        identity: what changes nothing: a value, a tuple of values, or a callable that is given one dtype a component
            and returns them.
        name: what prints and errors call it; the function's name where it has one.

    Returns: a callable: `r(x[i, k], over=k)`, or `r((x[i, k], y[k]), over=k)`, which gives a tuple.

    Errors, here: E108 name; E115 arguments. Where it is used: E118 a step that is no function of its operands or whose
    laws do not hold, E119 tracings that differ, E209 a step that changes dtypes.
    Source: TVM's `te.comm_reducer`; the laws are those of a commutative monoid.
    """
    where = here()
    if not callable(combine):
        raise ArgumentTypeError(
            "E115",
            f"td.reducer takes a function of two values, not {shown(combine)}",
            where=where,
            hint=("td.reducer(lambda a, b: a + b, identity=0.0)",),
        )
    wrong = wrong_parameters(combine, None, None)
    if wrong is not None:
        raise ArgumentTypeError(
            "E115",
            "td.reducer takes a function of two values, or of two tuples of values",
            where=where,
            why=(wrong,),
            hint=("lambda a, b: (a[0] + b[0], a[1] + b[1])",),
        )
    given = getattr(combine, "__name__", "") if name is None else name
    if name is None and (given == "<lambda>" or not isinstance(given, str) or not given.isidentifier()):
        given = "reducer"
    known = checked_name(given, "a reducer", where)
    if known in _TAKEN:
        if name is not None:
            raise ArgumentError(
                "E108",
                f"{known} cannot name a reducer: it is td.{known}",
                where=where,
                hint=(f'name="{known}_"',),
            )
        known += "_"
    return OwnReducer(known, combine, identity)


@dataclass(frozen=True, eq=False, slots=True)
class OwnReducer:
    """What `td.reducer` gives; called with values and `over=`."""

    name: str
    combine: Callable[..., object]
    identity: object

    @hide_internal_frames
    def __call__(
        self, value: object, *, over: Over | None = None, dtype: DType | str | type | None = None
    ) -> Expr | tuple[Expr, ...]:
        """The value that stands for all of `value` over the axes; a tuple where `value` is one.

        Args:
            value: an expression, or a tuple of them; their dtypes are the results'.
            over: one axis of `td.reduce_axis`, or a tuple, outermost first.
            dtype: converts every component first.

        Errors: E112 no reduction axis; E118, E119, E209 the step (see `td.reducer`); E208 a number without a dtype.
        """
        axes = axes_of(self.name, over)
        parts = entries(value)
        target = None if dtype is None else as_dtype(dtype, where=here())
        terms = tuple(operand_of(self.name, part, target) for part in ((value,) if parts is None else parts))
        if not terms:
            raise ArgumentError("E115", f"{self.name} of no values at all: ()", where=here())
        for term in terms:
            if not term.dtype.arithmetic and not term.dtype.is_bool:
                raise DTypeError(
                    "E207", f"{term.dtype} is for storage: load, store and cast only", where=here(),
                    hint=(f'{term}.astype("float32")',),
                )  # fmt: skip
        made = self._reducer(terms, several=parts is not None, where=here())
        results = reduction_of(made, terms, axes)
        return results[0] if parts is None else results

    def _reducer(self, terms: Sequence[Expr], *, several: bool, where: Location) -> Reducer:
        """The reducer for these terms, its laws tried."""
        dtypes = tuple(term.dtype for term in terms)
        left, right = operands(dtypes)
        results = self._traced(left, right, several, where)
        again = self._traced(left, right, several, where)
        if not same_tracing(results, again):
            raise ArgumentError(
                "E119",
                f"the step of {self.name} is no pure function: called twice, it gave two expressions",
                where=where,
                why=(f"{_tuple(results)}, then {_tuple(again)}",),
                hint=("a function of its operands alone",),
            )
        combination = Combination(left, right, results, self._starts(dtypes, several, where))
        broken = broken_law(combination, [term.node for term in terms])
        if broken is not None:
            raise ArgumentError(
                "E118", f"{self.name} {broken.what}", where=where, why=broken.why, hint=broken.hint
            )
        return own_reducer(self.name, combination)

    def _traced(
        self, left: Sequence[Var], right: Sequence[Var], several: bool, where: Location
    ) -> tuple[Node, ...]:
        a, b = (tuple(Expr(var) for var in side) for side in (left, right))
        value = self.combine(a, b) if several else self.combine(a[0], b[0])
        parts = entries(value) if several else (value,)
        if parts is None or len(parts) != len(left):
            raise ArgumentTypeError(
                "E111",
                f"the step of {self.name} takes tuples of {len(left)} and returns {shown(value)}",
                where=where,
                hint=("a tuple of as many values",),
            )
        return tuple(_result(self.name, part, var, where) for part, var in zip(parts, left, strict=True))

    def _starts(self, dtypes: tuple[DType, ...], several: bool, where: Location) -> tuple[Node, ...]:
        value = self.identity
        if callable(value):
            wrong = wrong_parameters(value, *dtypes)
            if wrong is not None:
                raise ArgumentTypeError(
                    "E115",
                    f"the identity of {self.name} is a callable of {len(dtypes)} dtype{'s' * (len(dtypes) != 1)}",
                    where=where,
                    why=(wrong,),
                    hint=(f"lambda {', '.join(f'd{place}' for place in range(len(dtypes)))}: …",),
                )
            value = value(*dtypes)
        parts = entries(value)
        parts = (value,) if parts is None else parts
        if len(parts) != len(dtypes):
            raise ArgumentError(
                "E115",
                f"the identity of {self.name} has {len(parts)} value{'s' * (len(parts) != 1)} for {len(dtypes)}",
                where=where,
                hint=(f"one a component: {', '.join(map(str, dtypes))}",),
            )
        return tuple(_start(self.name, part, dtype, where) for part, dtype in zip(parts, dtypes, strict=True))


def _result(name: str, value: object, var: Var, where: Location) -> Node:
    """One component of a step's result.

    Errors: E118 it depends on more than the operands; E209 it has another dtype than the component.
    """
    node = as_node(value, var.dtype)
    if node.dtype is not var.dtype:
        raise DTypeError(
            "E209",
            f"the step of {name} changes a value from {var.dtype} to {node.dtype}",
            where=where,
            why=("what it gives is combined again, so it has the dtype of its operands",),
            hint=(f'.astype("{var.dtype}") on what it returns',),
        )
    stranger = next((part for part in walk(node) if _is_foreign(part)), None)
    if stranger is not None:
        raise ArgumentError(
            "E118",
            f"the step of {name} uses {text(stranger)}, which is none of its operands",
            where=where,
            why=("it combines two values wherever they come from, so it can know nothing else",),
            hint=(f"{text(stranger)} in the value that is reduced",),
        )
    return node


def _is_foreign(node: Node) -> bool:
    return isinstance(node, (Read, Reduce)) or (isinstance(node, Var) and node.kind != "local")


def _start(name: str, value: object, dtype: DType, where: Location) -> Const:
    """One component of the identity. Errors: E118 it is no constant; E204, E209 it is of another dtype."""
    node = as_node(value, dtype)
    if node.dtype is not dtype:
        raise DTypeError(
            "E209",
            f"the identity of {name} is {node.dtype} where the value is {dtype}",
            where=where,
            hint=("identity=lambda dtype: td.cast(0, dtype), which is given the dtypes",),
        )
    if isinstance(node, Const):
        return node
    raise ArgumentError(
        "E118", f"the identity of {name} is no constant: {text(node)}", where=where, hint=("a number",)
    )


def _tuple(nodes: Sequence[Node]) -> str:
    parts = ", ".join(text(node) for node in nodes)
    return parts if len(nodes) == 1 else f"({parts})"
