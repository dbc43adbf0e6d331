"""Stages that share the loops of another one (semantics P4): what is matched with what, and what that leaves to each.

In: a state. Out: pairs of names, the state with places and storage of joined stages following their leaders, or an
error of the step after which loops that are shared would not be the same. Poly asks the same questions of arrangements
(`poly/joins.py`); here are the answers in the users' names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tdsl.errors import PlacementError
from tdsl.expr.reduction_groups import reduction_groups
from tdsl.poly.model import Fuse, Join, Place, Shift, Skew, Split
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.loops import children, parents
from tdsl.schedule.state import StageState, State

Lineage = tuple[object, ...]
"""How a loop came of axes: ("axis", name), or (kind, factor or amount, which child, lineages of the parents)."""


def matched(entry: StageState, join: Join, leader: StageState) -> dict[str, str]:
    """Axis of the leader -> axis of the stage that joins it: by name, through the pairs of `align` where names differ."""
    theirs = {axis.name for axis in (*leader.stage.axes, *leader.stage.reduce_axes)}
    named = dict(join.align)
    pairs = (
        (named.get(axis.name, axis.name), axis.name) for axis in (*entry.stage.axes, *entry.stage.reduce_axes)
    )
    return {other: axis for other, axis in pairs if other in theirs}


def borne(entry: StageState) -> dict[str, frozenset[str]]:
    """Of every loop as it now stands: the axes of the declaration that its value is made of."""
    axes = (*entry.stage.axes, *entry.stage.reduce_axes)
    table = {axis.name: frozenset({axis.name}) for axis in axes}
    for relation in entry.relations:
        roots = frozenset[str]().union(*(table.pop(parent) for parent in parents(relation)))
        if isinstance(relation, Skew):
            roots |= table.get(relation.by, frozenset())
        table |= dict.fromkeys(children(relation), roots)
    return table


def lineages(entry: StageState, names: Mapping[str, str]) -> dict[str, Lineage]:
    """Of every loop as it now stands, how it came of axes; `names`: axis -> what it is called here."""
    axes = (*entry.stage.axes, *entry.stage.reduce_axes)
    table: dict[str, Lineage] = {axis.name: ("axis", names.get(axis.name, axis.name)) for axis in axes}
    for relation in entry.relations:
        made = tuple(table.pop(parent) for parent in parents(relation))
        match relation:
            case Split():
                amount: object = relation.factor
            case Skew():
                amount = relation.factor, table.get(relation.by)
            case Fuse():
                amount = None
            case _:
                amount = getattr(relation, "by", None)
        if isinstance(relation, Shift) and made[0][0] == "axis":
            table[relation.into] = made[0]  # the same loop under other values
            continue
        for place, child in enumerate(children(relation)):
            table[child] = (type(relation).__name__, amount, place, made)
    return table


def offsets(entry: StageState) -> dict[str, int]:
    """Of every axis, what `shift` has added to it before it was split or fused."""
    table = {axis.name: axis.name for axis in (*entry.stage.axes, *entry.stage.reduce_axes)}
    found = dict.fromkeys(table, 0)
    for relation in entry.relations:
        roots = [table.pop(parent, None) for parent in parents(relation)]
        if isinstance(relation, Shift) and roots[0] is not None:
            table[relation.into] = roots[0]
            found[roots[0]] += relation.by
    return found


def leader_of(state: State, entry: StageState) -> StageState:
    """The stage whose loops a joined stage shares."""
    assert entry.joined is not None
    return state.stage(entry.joined.stage)


def settled_axes(state: State, entry: StageState) -> frozenset[str]:
    """The axes of a joined stage whose values the loops that it shares give."""
    assert entry.joined is not None
    leader = leader_of(state, entry)
    match = matched(entry, entry.joined, leader)
    until = leader.axes.index(entry.joined.loop) + 1
    table = borne(leader)
    given = frozenset[str]().union(*(table[loop] for loop in leader.axes[:until]))
    if leader.joined is not None:
        given |= settled_axes(state, leader)
    left = frozenset[str]().union(*(table[loop] for loop in leader.axes[until:]))
    while more := [
        table[loop] for loop in leader.axes[:until] if table[loop] & left and not table[loop] <= left
    ]:
        left = left.union(*more)  # of a skewed loop, each axis as far as the others are known
    return frozenset(match[axis] for axis in given - left if axis in match)


def shared_loops(state: State, entry: StageState) -> dict[str, Place | None]:
    """The loops of a stage that it shares, each with the leader's loop that it is; None where that has another form."""
    if entry.joined is None:
        return {}
    settled, leader = settled_axes(state, entry), leader_of(state, entry)
    match = matched(entry, entry.joined, leader)
    theirs = lineages(leader, match)
    until = leader.axes.index(entry.joined.loop) + 1
    known = {theirs[loop]: loop for loop in leader.axes[:until]}
    through = shared_loops(state, leader)
    mine, carried = lineages(entry, {}), borne(entry)
    found: dict[str, Place | None] = {}
    for loop in entry.axes:
        if carried[loop] <= settled:
            same = known.get(mine[loop])
            place = None if same is None else Place(leader.name, same)
            found[loop] = through.get(same, place) if same is not None else None
    return found


def resolved(state: State, host: StageState, loop: str) -> tuple[StageState, str]:
    """A loop as the stage that runs it has it: the leader's, where the host shares it."""
    found = shared_loops(state, host).get(loop)
    return (host, loop) if found is None else (state.stage(found.stage), found.loop)


# after a step


def followed(state: State) -> State:
    """The state with every joined stage placed and stored where the stage is whose loops it shares."""
    changed: list[StageState] = []
    for entry in state.live():
        if entry.joined is None:
            continue
        leader = entry
        seen: set[str] = set()
        while leader.joined is not None and leader.name not in seen:
            seen.add(leader.name)
            leader = state.stage(leader.joined.stage)
        fresh = replace(entry, compute=leader.compute, store=leader.store)
        if fresh != entry:
            changed.append(fresh)
    return state.with_stages(*changed) if changed else state


def check_joins(step: Directive, state: State) -> None:
    """Checks that what is shared is the same loop to all that share it.

    Errors: S304 loops inside another stage's lanes; S340 a loop without a counterpart; S341 loops of another form, or
        otherwise marked; S343 a reduction that cannot run in a loop of another stage.
    """
    for entry in state.live():
        if entry.joined is not None:
            _check_leader(step, state, entry)
            _check_loops(step, state, entry)
            _check_reduction(step, state, entry)
            _check_lanes(step, state, entry)


def check_order(step: Directive, before: State, state: State) -> None:
    """Checks that a step did not shift loops of a stage, or put them in another order, that are another stage's.

    Errors: S341 it did: the step would have no effect on them.
    """
    if step.primitive not in ("reorder", "shift"):
        return
    for entry in state.live():
        old = None if entry.joined is None else before.find(entry.name)
        if entry.joined is None or old is None or old.joined is None:
            continue
        shared = shared_loops(state, entry)
        mine, was = ([loop for loop in one.axes if loop in shared] for one in (entry, old))
        settled = settled_axes(state, entry)
        moved = [axis for axis, by in offsets(entry).items() if axis in settled and by != offsets(old)[axis]]
        if (step.primitive == "reorder" and mine != was) or moved:
            raise step.refusal(
                PlacementError,
                "S341",
                f"{', '.join(moved or mine)} of {entry.name}: loops of {entry.joined.stage}, of which it has to be said",
                why=(f"{entry.name} is computed with {entry.joined.stage} down to {entry.joined.loop}",),
                hint=(f'{step.primitive}("{entry.joined.stage}", …)', f'compute_root("{entry.name}") first'),
            )


def _check_leader(step: Directive, state: State, entry: StageState) -> None:
    assert entry.joined is not None
    leader = leader_of(state, entry)
    if leader.inlined or entry.joined.loop not in leader.axes:
        raise step.refusal(
            PlacementError,
            "S340",
            f"{entry.name} is computed with {leader.name}, whose loop {entry.joined.loop} would be gone",
            hint=(f'compute_root("{entry.name}") first',),
        )
    match = matched(entry, entry.joined, leader)
    until = leader.axes.index(entry.joined.loop) + 1
    table = borne(leader)
    for loop in leader.axes[:until]:
        missing = sorted(table[loop] - match.keys())
        if missing:
            axes = ", ".join(axis.name for axis in (*entry.stage.axes, *entry.stage.reduce_axes))
            raise step.refusal(
                PlacementError,
                "S340",
                f"{entry.name} has no axis for loop {loop} of {leader.name}",
                why=(f"{loop} runs over {', '.join(missing)}; axes of {entry.name}: {axes}",),
                loops=loop_lines(leader, mark=loop),
                hint=(
                    f'align={{"…": "{missing[0]}"}} where the names differ',
                    "a loop further out, or reorder the leader's loops",
                ),
            )


def _check_loops(step: Directive, state: State, entry: StageState) -> None:
    """Shared loops run as the leader's do, and are made as the leader's are."""
    assert entry.joined is not None
    leader = leader_of(state, entry)
    declared = {axis.name for axis in (*entry.stage.axes, *entry.stage.reduce_axes)}
    plain = declared - {parent for relation in entry.relations for parent in parents(relation)}
    for loop, place in shared_loops(state, entry).items():
        mark = entry.loops[entry.axes.index(loop)].kind
        cut, tail = any(each.loop == loop for each in entry.cuts), dict(entry.tails).get(loop)
        if place is None and loop in plain and mark == "serial" and not cut:
            continue
        if place is not None and not cut:
            runner = state.stage(place.stage)
            theirs = runner.loops[runner.axes.index(place.loop)].kind
            if mark in ("serial", theirs) and tail in (None, dict(runner.tails).get(place.loop)):
                continue
        raise step.refusal(
            PlacementError,
            "S341",
            f"loop {loop} of {entry.name} is shared with {leader.name} and not the same there",
            why=(
                f"{entry.name} is computed with {leader.name} down to {entry.joined.loop}: one loop runs both",
            ),
            loops=loop_lines(leader, mark=entry.joined.loop),
            hint=(
                f"say it of the loops of {leader.name}",
                f"a loop of {leader.name} further out in compute_with",
            ),
        )


def _check_reduction(step: Directive, state: State, entry: StageState) -> None:
    """A reduction in a loop of another stage: one nest of its own, no lanes of the other's, no promoted tile."""
    assert entry.joined is not None
    leader = leader_of(state, entry)
    match = matched(entry, entry.joined, leader)
    table, until = borne(leader), leader.axes.index(entry.joined.loop) + 1
    for one, reduced in (
        (entry, {axis.name for axis in entry.stage.reduce_axes}),
        (leader, {match[axis.name] for axis in leader.stage.reduce_axes if axis.name in match}),
    ):
        over = [
            loop
            for loop in leader.loops[:until]
            if reduced & {match.get(axis, "") for axis in table[loop.name]}
        ]
        if not over:
            continue
        why = ""
        if len(reduction_groups(one.stage)) > 1:
            why = f"{one.name} has several reductions: declare each as a stage of its own"
        elif one.promotes:
            why = f"the accumulator of {one.name} is promoted"
        elif any(loop.kind == "vector" for loop in over):
            why = f"{over[-1].name} of {leader.name} is lanes: each stage needs lanes of its own, inside a shared loop"
        if why:
            raise step.refusal(
                PlacementError,
                "S343",
                f"the reduction of {one.name} cannot run in loop {over[-1].name}, which "
                f"{entry.name} and {leader.name} share",
                why=(why,),
                loops=loop_lines(leader, mark=over[-1].name),
            )


def _check_lanes(step: Directive, state: State, entry: StageState) -> None:
    """No loops of a stage stand inside the lanes of another, which run in lockstep, statement by statement."""
    assert entry.joined is not None
    leader, shared = leader_of(state, entry), shared_loops(state, entry)
    until = leader.axes.index(entry.joined.loop) + 1
    lanes = [loop.name for loop in leader.loops[:until] if loop.kind == "vector"]
    inside = [loop for loop in entry.axes if loop not in shared]
    if lanes and inside:
        raise step.refusal(
            PlacementError,
            "S304",
            f"{lanes[-1]} of {leader.name} is vector lanes: loop {inside[0]} of {entry.name} cannot stand inside them",
            loops=loop_lines(leader, mark=lanes[-1]),
            hint=("the loop outside, and lanes of its own",),
        )
