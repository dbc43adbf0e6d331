"""Which write a read of an updated tensor sees: the last one in the stated order, by isl's exact dataflow analysis.

In: the statements that touch one tensor written in place, with their relations. Out: per reader, access and writer the
map { reader's axes -> writer's axes }. Stated order: that of `stated.py`, reads before the write of the same instance.
Source: Feautrier 1991; isl's `compute_flow`.
"""

from __future__ import annotations

from collections.abc import Sequence

from tdsl.poly import library as isl
from tdsl.poly.isl import IN, OUT, SET, basic_map, map_space
from tdsl.poly.stated import Turn

Sources = dict[tuple[str, int, str], "isl.Map"]
"""(reader, number of the access among its reads, writer) -> { reader's axes -> writer's axes }"""


def last_writes(
    writes: Sequence[tuple[str, Turn, isl.Map]], reads: Sequence[tuple[str, int, Turn, isl.Map]]
) -> Sources:
    """The value flow of one tensor.

    Args:
        writes: (statement, its turn in the stated order, { axes -> element }).
        reads: (statement, number of the access, its turn, { axes -> element }).
    """
    depth = max(relation.dim(IN) for *_, relation in (*writes, *reads))
    names = {f"w{number}": writer for number, (writer, _, _) in enumerate(writes)}
    sinks = {f"r{number}": (reader, access) for number, (reader, access, _, _) in enumerate(reads)}
    order: list[isl.UnionMap] = []
    made: list[isl.UnionMap] = []
    seen: list[isl.UnionMap] = []
    for name, (_, turn, relation) in zip(names, writes, strict=True):
        made.append(_named(relation, name))
        order.append(_time(relation.domain(), name, turn, depth, last=1))
    for name, (_, _, turn, relation) in zip(sinks, reads, strict=True):
        seen.append(_named(relation, name))
        order.append(_time(relation.domain(), name, turn, depth, last=0))
    flow = (
        isl.UnionAccessInfo.from_sink(_union(seen))
        .set_must_source(_union(made))
        .set_schedule_map(_union(order))
        .compute_flow()
        .get_must_dependence()
    )
    found: Sources = {}

    def keep(dependence: isl.Map) -> None:
        reader, access = sinks[dependence.get_tuple_name(OUT) or ""]
        writer = names[dependence.get_tuple_name(IN) or ""]
        found[reader, access, writer] = dependence.reset_tuple_id(IN).reset_tuple_id(OUT).reverse()

    flow.foreach_map(keep)
    return found


def _named(relation: isl.Map, name: str) -> isl.UnionMap:
    return isl.UnionMap.from_map(relation.set_tuple_name(IN, name).set_tuple_name(OUT, "element"))


def _time(domain: isl.Set, name: str, turn: Turn, depth: int, last: int) -> isl.UnionMap:
    """{ name[axes] -> [place, axes taken in turns…, part, other axes…, 0…, last] }"""
    rank, params = domain.dim(SET), domain.get_space().params()
    width = 1 + params.dim(isl.dim_type.param)
    values: list[int | None] = [None] * rank  # an axis, else a constant
    values[turn.points : turn.points] = [turn.part]
    values = [turn.place, *values, *([0] * (depth - rank)), last]
    axis = 0
    rows: list[list[int]] = []
    for column, value in enumerate(values):
        row = [0] * (width + rank + depth + 3)
        row[width + rank + column] = -1
        if value is None:
            row[width + axis] = 1
            axis += 1
        else:
            row[0] = value
        rows.append(row)
    times = basic_map(map_space(params, rank, depth + 3), rows, ()).intersect_domain(domain)
    return isl.UnionMap.from_map(times.set_tuple_name(IN, name))


def _union(parts: Sequence[isl.UnionMap]) -> isl.UnionMap:
    total = parts[0]
    for part in parts[1:]:
        total = total.union(part)
    return total
