"""`specialize`: a version of the kernel for calls that satisfy a condition; a condition and steps in, the state with it out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, NoReturn

from tdsl.errors import ArgumentError, PlacementError
from tdsl.expr.build import logical_and, logical_not
from tdsl.expr.node import Const, Node
from tdsl.expr.printer import text
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.primitives.assume import condition_of
from tdsl.schedule.state import State, Version
from tdsl.schedule.statements import sizes_named

MOST_VERSIONS = 8
"""Versions beside the general one; each is a whole kernel's code."""


@dataclass(frozen=True, slots=True)
class Specialize(Directive):
    """Calls that satisfy `condition` run a version of their own: the schedule so far, the condition a fact, more steps.

    All other calls run the schedule as it goes on. Versions are chosen at the call by their conditions, which may not hold
    together: which one runs never depends on their order.

    Args:
        condition: a bool expression of sizes and params, such as ``n % 64 == 0``.
        steps: what the version has that the schedule has not; `Schedule.specialize` takes a function of a schedule.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,)); C = td.compute("C", (n,), lambda i: A[i] + 1)
        >>> print(td.schedule(C).specialize(n % 8 == 0, lambda s: s.vectorize(C, "i", 8)))
        if n % 8 == 0:
          for i in 0 .. n // 8:
            vector for iv in 0 .. 8:
              C[i] = A[i] + 1.0
        else:
          for i in 0 .. n:
            C[i] = A[i] + 1.0

    Legal when: every step of the version is, under the condition.
    Errors: S128 S129 no condition on sizes and params; S332 it never or always holds, or another version's may hold with
        it; S333 steps that a version cannot have; S115 too many versions; errors of the steps, on their lines.
    Source: Halide's `specialize`.
    """

    primitive: ClassVar[str] = "specialize"
    positional: ClassVar[tuple[str, ...]] = ("condition", "steps")

    condition: object
    steps: tuple[Directive, ...] = ()

    def arguments(self) -> tuple[tuple[object, ...], dict[str, object]]:
        """The condition, and the steps where there are any."""
        return (self.condition, self.steps) if self.steps else (self.condition,), {}

    def stages(self) -> tuple[str, ...]:
        """None: it is about the whole kernel."""
        return ()

    def apply(self, state: State) -> State:
        """The state with one more version."""
        condition = condition_of(self, state, self.condition)
        if isinstance(condition, Const):
            self._refuse(f"the condition is always {text(condition)}", "it decides nothing between calls")
        self._check_condition(state, condition)
        arguments.limit(
            self, "the number of versions", len(state.versions) + 1, MOST_VERSIONS, "each is a kernel's code"
        )
        assumed = replace(state, versions=(), assumptions=(*state.assumptions, condition))
        version = Version(condition, self._applied(assumed))
        return replace(state, versions=(*state.versions, version))

    def _applied(self, state: State) -> State:
        """The version's state, every step of it judged like the schedule's own."""
        from tdsl.schedule.schedule import after

        for step in self.steps:
            if step.primitive in ("assume", "specialize"):
                raise step.refusal(
                    PlacementError,
                    "S333",
                    f"{step.primitive} is no step of a version",
                    why=("what a version may assume is its condition",),
                    hint=("td.all(…) of both conditions",),
                )
            state = after(state, step, {})
        return state

    def _check_condition(self, state: State, condition: Node) -> None:
        if self._example(state, condition) is None:
            self._refuse(f"{text(condition)} never holds", "the version would never run")
        if self._example(state, logical_not(condition)) is None:
            self._refuse(
                f"{text(condition)} always holds", "the schedule would never run but as this version"
            )
        for other in state.versions:
            both = self._example(state, logical_and(condition, other.condition))
            if both is not None:
                self._refuse(
                    f"{text(condition)} {both} with {text(other.condition)} of an earlier version",
                    "which version runs would depend on their order",
                    self._apart(state, condition, other.condition),
                )

    def _apart(self, state: State, condition: Node, earlier: Node) -> str:
        """What keeps two versions apart; where all of one is in the other, the other is to leave it out."""
        if self._example(state, logical_and(condition, logical_not(earlier))) is not None:
            return f"td.all({text(condition)}, td.logical_not({text(earlier)}))"
        if self._example(state, logical_and(earlier, logical_not(condition))) is not None:
            return f"td.all({text(earlier)}, td.logical_not({text(condition)})) for the earlier version"
        return "one version for both"

    def _example(self, state: State, condition: Node) -> str | None:
        """Sizes at which the condition holds, in words; None where there are none."""
        from tdsl.poly.satisfied import satisfied

        stages = [entry.stage for entry in state.live()]
        params = dict.fromkeys(param for stage in stages for param in stage.params)
        facts = dict.fromkeys(fact for stage in stages for fact in stage.facts)
        found = satisfied((condition,), sizes_named(stages), tuple(params), (*facts, *state.assumptions))
        if found is None:
            return None
        if not found.certain or found.values is None:
            return "may hold together"
        if not found.values:
            return "holds together"
        return f"holds together at {', '.join(f'{name}={value}' for name, value in found.values)}"

    def _refuse(self, what: str, why: str, hint: str = "") -> NoReturn:
        raise self.refusal(ArgumentError, "S332", what, why=(why,), hint=(hint,) if hint else ())
