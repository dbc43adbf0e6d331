"""Elements of a recurrence that need each other in a cycle, found by listing what each element reads at small sizes.

In: a stage that reads itself, sizes to begin with. Out: the shortest cycle as elements, each made from the next, with the
sizes it was found at; None where there is none at those sizes, or data decides. Where elements need each other in a cycle,
no order of any kind serves (Karp, Miller, Winograd 1967).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tdsl.expr.node import Select, Var, axis_var, size_var
from tdsl.expr.rewrite import reads, variables, walk
from tdsl.expr.tensor import Axis, Stage
from tdsl.poly.evaluate import value_at
from tdsl.poly.model import Access
from tdsl.records import dataclass
from tdsl.schedule.statements import possible_axis, statements_of

GROWN = 3
"""Sizes tried: those to begin with, and some larger, as a cycle may be longer than the two iterations that collide."""
ELEMENTS = 400
"""Elements listed at most, and terms an element: some hundredths of a second."""

Element = tuple[str, tuple[int, ...]]
"""(tensor, subscripts)"""


@dataclass(frozen=True, slots=True)
class Circle:
    """Elements that need each other: each one the next, the last one the first. surely: no condition on data decides it."""

    elements: tuple[Element, ...]
    sizes: tuple[tuple[str, int], ...]
    surely: bool

    def text(self) -> str:
        """``a[0] needs b[0], b[0] needs a[0]   (n=1)``."""
        shown = [f"{tensor}[{', '.join(map(str, index))}]" for tensor, index in self.elements]
        verb = "needs" if self.surely else "may need"
        steps = [f"{one} {verb} {other}" for one, other in zip(shown, [*shown[1:], shown[0]], strict=True)]
        middle = [*steps[:2], f"… {len(steps) - 4} more", *steps[-2:]] if len(steps) > 5 else steps
        sizes = ", ".join(f"{name}={value}" for name, value in self.sizes)
        return ", ".join(middle) + (f"   ({sizes})" if sizes else "")


class _Undecided(Exception):
    """What an element needs is decided by data, or there is too much of it."""


def circle(stage: Stage, sizes: Mapping[str, int]) -> Circle | None:
    """The shortest cycle at those sizes, or at slightly larger ones.

    sizes: values of params among them: they stay.
    """
    params = {param.name: sizes[param.name] for param in stage.params if param.name in sizes}
    for more in range(GROWN):
        grown = {
            size.name: sizes.get(size.name, size.minimum) + more * size.multiple_of for size in stage.sizes
        }
        known = {size_var(name): value for name, value in grown.items()}
        for param in stage.params:
            if param.name in params:
                known[Var(param.name, param.dtype, "param")] = params[param.name]
        try:
            if not all(value_at(fact, known) for fact in stage.facts):
                continue
            found = _shortest(_needs(stage, known))
        except (KeyError, TypeError, _Undecided):  # a param without a value, or a value that is no affine one
            return None
        if found:
            return Circle(found, tuple(sorted({**grown, **params}.items())), surely=not _asks_data(stage))
        if not stage.sizes:
            return None
    return None


def _asks_data(stage: Stage) -> bool:
    """Whether a condition around some value is about elements, or about params: proofs may know of neither."""
    asked = [node.cond for node in walk(*stage.body) if isinstance(node, Select)]
    return any(reads(*asked)) or any(var.kind == "param" for var in variables(*asked))


def _needs(stage: Stage, sizes: Mapping[Var, int]) -> dict[Element, list[Element]]:
    """What each element is made from, directly."""
    own = {tensor.name for tensor in stage.own}
    table: dict[Element, list[Element]] = {}
    for place, name in enumerate(stage.tensor_names):
        alone = replace(
            stage, body=(stage.body[place],), dtypes=(stage.dtypes[place],), tensor_names=(name,), tensors=[],
            fill=stage.fill[place : place + 1],
        )  # fmt: skip
        for statement in statements_of(alone):
            accesses = [access for access in statement.reads if access.tensor in own]
            reducing = [axis for axis in stage.reduce_axes if axis.name in statement.axes]
            for at in _points(stage, (*stage.axes, *reducing), dict(sizes)):
                if len(table) > ELEMENTS:
                    raise _Undecided
                made = name, tuple(at[axis_var(axis.name)] for axis in stage.axes)
                needed = table.setdefault(made, [])
                if all(value_at(condition, at) for condition in statement.domain):
                    needed += (read for access in accesses for read in _read(access, at))
                if len(needed) > ELEMENTS:
                    raise _Undecided
    return table


def _points(stage: Stage, axes: Sequence[Axis], at: dict[Var, int]) -> Iterator[dict[Var, int]]:
    """The points of axes, the bounds of each seeing those before it."""
    if not axes:
        yield at
        return
    axis = possible_axis(stage, axes[0])
    for value in range(value_at(axis.lower, at), value_at(axis.upper, at)):
        yield from _points(stage, axes[1:], {**at, axis_var(axis.name): value})


def _read(access: Access, at: Mapping[Var, int]) -> Iterator[Element]:
    """The element that an access reads at a point, if it does; one that data decides is left out."""
    index = [node for node in access.index if node is not None]
    if len(index) == len(access.index) and all(value_at(condition, at) for condition in access.guard):
        yield access.tensor, tuple(value_at(node, at) for node in index)


def _shortest(needs: Mapping[Element, Sequence[Element]]) -> tuple[Element, ...]:
    """The shortest cycle, of several the one through the first element; empty where there is none."""
    best: tuple[Element, ...] = ()
    for start in needs:
        before: dict[Element, Element | None] = {start: None}
        waiting = deque([start])
        while waiting:
            one = waiting.popleft()
            path = _path(before, one)
            if best and len(path) >= len(best):
                break
            if start in needs[one]:
                best = path
                break
            for other in needs[one]:
                if other not in before and other in needs:
                    before[other] = one
                    waiting.append(other)
    return best


def _path(before: Mapping[Element, Element | None], last: Element) -> tuple[Element, ...]:
    found: list[Element] = []
    one: Element | None = last
    while one is not None:
        found.append(one)
        one = before[one]
    return tuple(reversed(found))
