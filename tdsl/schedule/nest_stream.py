"""Which statements of a nest store past the caches: a state and items in, the items with them marked out."""

from __future__ import annotations

from dataclasses import replace

from tdsl.errors import LimitError
from tdsl.schedule.nest import (
    NestAllocate,
    NestBarrier,
    NestCompute,
    NestExchange,
    NestGuard,
    NestItem,
    NestLet,
    NestLoop,
)  # fmt: skip
from tdsl.schedule.state import State

Items = tuple[NestItem, ...]

FINISHED = ("assign", "finish", "tile_store")
"""Statements that store what nobody changes any more."""


def streamed(state: State, items: Items) -> Items:
    """`items` with the last stores of streamed stages marked. Errors: L116 a stage without whole vectors."""
    stages = {entry.name: entry.scope for entry in state.live() if entry.streamed}
    if not stages:
        return items
    found: set[str] = set()
    made = _marked(items, {name for name, scope in stages.items() if scope == "heap"}, False, found)
    for name in stages:
        if name not in found:
            raise LimitError(
                "L116",
                f"{name} is not stored in whole vectors, and nothing else can be streamed",
                why=["its last stores are single elements, change in place, or are not in memory"],
                hint=[f'vectorize("{name}", …)'],
            )
    return made


def _marked(items: Items, stages: set[str], lanes: bool, found: set[str]) -> Items:
    result: list[NestItem] = []
    for item in items:
        match item:
            case NestCompute() if (
                lanes and item.stage in stages and item.role in FINISHED and not item.atomic
            ):
                found.add(item.stage)
                result.append(replace(item, stream=True))
            case NestLoop():
                inside = _marked(item.body, stages, lanes or item.kind == "vector", found)
                result.append(replace(item, body=inside))
            case NestGuard():
                other = _marked(item.otherwise, stages, lanes, found)
                result.append(replace(item, body=_marked(item.body, stages, lanes, found), otherwise=other))
            case NestLet() | NestAllocate():
                result.append(replace(item, body=_marked(item.body, stages, lanes, found)))
            case NestCompute() | NestBarrier() | NestExchange():
                result.append(item)
    return tuple(result)
