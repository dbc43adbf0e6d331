"""`assume`: a fact about sizes, checked at every call; a condition in, the state with one more fact out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.errors import ArgumentError, ArgumentTypeError
from tdsl.expr.node import BOOL, Const, Node, Read, Reduce
from tdsl.expr.printer import text
from tdsl.expr.rewrite import variables, walk
from tdsl.records import dataclass
from tdsl.schedule.directive import Directive
from tdsl.schedule.placement import nodes_of
from tdsl.schedule.state import State
from tdsl.schedule.statements import sizes_named


@dataclass(frozen=True, slots=True)
class Assume(Directive):
    """States a condition on sizes and params that every later proof may use; the kernel checks it when it is called.

    Args:
        condition: a bool expression of sizes and params, such as ``n % 64 == 0``; `IllegalSchedule.condition` is one.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,)); C = td.compute("C", (n,), lambda i: A[i] + 1)
        >>> print(td.schedule(C).assume(n % 8 == 0).split(C, "i", 8).script())
        td.schedule(C).assume(td.size("n") % 8 == 0).split("C", "i", 8)

    Legal when: always.
    Errors: S128 no condition; S129 it has axes or elements in it, or a size that the schedule does not have; S130 it is
        false.
    Source: Halide's `assume`-like `require`; semantics P15.
    """

    primitive: ClassVar[str] = "assume"
    positional: ClassVar[tuple[str, ...]] = ("condition",)

    condition: object

    def apply(self, state: State) -> State:
        """The state with the condition among its facts."""
        given = condition_of(self, state, self.condition)
        self._refuse_floats(given)
        if isinstance(given, Const):
            if not given.value:
                raise self.refusal(
                    ArgumentError, "S130", "assume takes a condition that can hold, and this one is false"
                )
            return state
        self._refuse_contradiction(state, given)
        return replace(state, assumptions=(*state.assumptions, given))

    def _refuse_contradiction(self, state: State, condition: Node) -> None:
        """A condition that no call satisfies, given what is known and assumed, would allow everything and run nothing."""
        from tdsl.poly.satisfied import satisfied

        stages = [entry.stage for entry in state.live()]
        params = tuple(dict.fromkeys(param for stage in stages for param in stage.params))
        facts = tuple(dict.fromkeys(fact for stage in stages for fact in stage.facts))
        sizes = sizes_named(stages)
        if satisfied((condition,), sizes, params, (*facts, *state.assumptions)) is not None:
            return
        alone = satisfied((condition,), sizes, params, facts) is None
        earlier = next(
            (
                one
                for one in state.assumptions
                if satisfied((condition,), sizes, params, (*facts, one)) is None
            ),
            None,
        )
        against = (
            "what is declared"
            if alone
            else text(earlier)
            if earlier is not None
            else "what is assumed already"
        )
        raise self.refusal(
            ArgumentError,
            "S130",
            "assume takes a condition that can hold, and this one never does",
            why=(f"{text(condition)} contradicts {against}",),
        )

    def _refuse_floats(self, condition: Node) -> None:
        """What a call checks is evaluated in whole numbers."""
        found = [node for node in walk(condition) if node.dtype.is_float and not isinstance(node, Const)]
        if found:
            raise self.refusal(
                ArgumentError,
                "S129",
                f"assume is about whole numbers, and {text(found[0])} is {found[0].dtype}",
                why=("a call checks it before the kernel runs, and no proof uses a fact about floats",),
                hint=(f"specialize({text(condition)})",),
            )


def condition_of(step: Directive, state: State, given: object) -> Node:
    """A condition that a step was given, once it is sure that it is one on sizes and params.

    Errors: S128 no condition; S129 axes or elements in it, or a size that the schedule does not have.
    """
    if not isinstance(given, Node) or given.dtype is not BOOL:
        shown = given.dtype if isinstance(given, Node) else type(given).__name__
        raise step.refusal(
            ArgumentTypeError,
            "S128",
            f"{step.primitive} takes a condition, not {shown}",
            hint=(f"{step.primitive}(n % 64 == 0)",),
        )
    bad = next((node for node in walk(given) if isinstance(node, (Read, Reduce))), None)
    axes = [var.name for var in variables(given) if var.kind not in ("size", "param")]
    if bad is not None or axes:
        raise step.refusal(
            ArgumentError,
            "S129",
            f"{step.primitive} is about sizes and params, which are known when the kernel is called",
            why=(f"{axes[0]} is an axis" if axes else "an element of an array is not",),
            hint=("td.where in the expression, or range= of a placeholder",),
        )
    _check_names(step, state, given)
    return given


def _check_names(step: Directive, state: State, condition: Node) -> None:
    known = {
        var.name for entry in state.stages for var in variables(*nodes_of(entry.stage)) if var.kind != "axis"
    }
    for var in variables(condition):
        if var.name not in known:
            raise step.refusal(
                ArgumentError,
                "S129",
                f"this schedule has no {var.kind} {var.name}",
                why=(f"sizes and params: {', '.join(sorted(known))}",),
            )
