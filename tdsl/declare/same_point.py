"""Several tensors made at one point, one from another: reads at the very point are what the other's value is.

In: the bodies of a recurrence of several tensors, the tensors they read themselves by, and the axes. Out: the bodies in
which a read of another tensor at the very point is that tensor's value, as long as this leads round no circle. The
values are contracted before (semantics D5): what was a stored element stays rounded as it is stored. Reads that lead in
a circle stay, and no order of the points serves them (S207).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tdsl.expr.node import Node, Read
from tdsl.expr.rewrite import reads, rewrite
from tdsl.expr.tensor import Tensor


def resolved(bodies: Sequence[Node], own: Sequence[Tensor], axes: tuple[Node, ...]) -> tuple[Node, ...]:
    """The bodies, each from elements of other points only where that is possible.

    Rewrite::

        a = x[i]; b = a[i] + b[i - 1]      a = x[i]; b = x[i] + b[i - 1]
    """
    if len(own) < 2:
        return tuple(bodies)
    places: dict[Node, int] = {Read(tensor, axes): place for place, tensor in enumerate(own)}
    found: dict[int, Node] = {}
    for place in _order(bodies, places):
        known = {read: found[other] for read, other in places.items() if other in found}
        found[place] = rewrite(bodies[place], lambda node, known=known: known.get(node, node))
    return tuple(found.get(place, body) for place, body in enumerate(bodies))


def _order(bodies: Sequence[Node], places: dict[Node, int]) -> Iterator[int]:
    """Those tensors whose value is made of finished ones and of other points, in an order that respects this."""
    needs = [{places[node] for node in _reads(body, places)} for body in bodies]
    done: set[int] = set()
    while ready := [place for place, need in enumerate(needs) if place not in done and need <= done]:
        yield from ready
        done.update(ready)


def _reads(body: Node, places: dict[Node, int]) -> Iterator[Node]:
    return (read for read in reads(body) if read in places)
