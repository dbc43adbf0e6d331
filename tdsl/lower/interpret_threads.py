"""The threads of a block in the interpreter: each runs until the next barrier, then waits for the others.

In: what one thread does as a generator that stops at barriers, and the machine whose names and private buffers change
from thread to thread. Out: the block has run; an `InternalError` where not all threads reach a barrier. Threads run one
after the other between barriers, in a shuffled order if asked, so that a missing barrier shows as a wrong value.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from tdsl.errors import InternalError
from tdsl.lower.interpret_buffer import PASS, Buffer
from tdsl.lower.interpret_expression import Machine
from tdsl.lower.ir import Barrier, For, Lanes, Statement, Store
from tdsl.lower.rewrite_statement import walk_statements

Resumable = Callable[[], Iterator[None]]


def waits(statement: Statement) -> bool:
    """Whether threads meet inside: at a barrier, or to take what another one has."""
    return any(map(meets, walk_statements(statement)))


def meets(statement: Statement) -> bool:
    """Whether a statement itself is one at which threads meet."""
    return isinstance(statement, Barrier) or (isinstance(statement, Store) and statement.lanes is not None)


class Offers:
    """What the threads of a block hold out to each other, and take at the next meeting.

    current: number of the thread that runs, x fastest. There are two rounds, as a thread may be a meeting ahead.
    """

    def __init__(self) -> None:
        self.current = 0
        self.rounds: tuple[dict[int, Any], dict[int, Any]] = ({}, {})
        self.meetings: dict[int, int] = {}

    def start(self) -> None:
        """Forgets the block before."""
        self.rounds = ({}, {})
        self.meetings = {}

    def hold_out(self, value: Any) -> None:
        """What the current thread holds out."""
        meeting = self.meetings.get(self.current, 0)
        self.rounds[meeting % 2][self.current] = value

    def take(self, lanes: Lanes) -> Any:
        """What another thread held out at this meeting; the current one's own where there is none."""
        meeting = self.meetings.get(self.current, 0)
        self.meetings[self.current] = meeting + 1
        offered = self.rounds[meeting % 2]
        first = self.current // lanes.width * lanes.width  # the width divides a warp
        source = first if lanes.ahead == 0 else self.current + lanes.ahead
        there = source < first + lanes.width and source in offered
        return offered[source if there else self.current]


def thread_loops(loop: For) -> tuple[tuple[For, ...], Statement]:
    """The thread loops that start here, outermost first, and what each thread does."""
    found = [loop]
    while isinstance(found[-1].body, For) and found[-1].body.kind.startswith("thread"):
        found.append(found[-1].body)
    return tuple(found), found[-1].body


@dataclass(slots=True)
class _Thread:
    """A thread between two barriers: what its names and its own buffers hold."""

    steps: Iterator[None]
    values: dict[str, Any]
    undefined: dict[str, Any]
    buffers: list[tuple[Any, Any]]
    number: int


def run_block(
    machine: Machine,
    places: Mapping[str, int],
    private: Sequence[Buffer],
    body: Resumable,
    offers: Offers,
    shuffled: random.Random | None,
) -> None:
    """Runs all threads of a block. places: variable of each thread loop -> its extent, outermost first."""
    values, undefined = dict(machine.values), dict(machine.undefined)
    threads = [
        _Thread(
            body(),
            {**values, **dict(zip(places, place, strict=True))},
            dict(undefined),
            _held(private),
            number,
        )
        for number, place in enumerate(product(*map(range, places.values())))
    ]
    offers.start()
    while threads:
        order = threads if shuffled is None else shuffled.sample(threads, len(threads))
        going = [thread for thread in order if _resumed(machine, private, offers, thread)]
        if going and len(going) < len(threads):
            at = ", ".join(f"{name}={going[0].values[name]}" for name in places)
            raise InternalError(
                f"{len(going)} of {len(threads)} threads wait at a barrier, the others are done",
                pass_name=PASS,
                why=[f"the thread at {at} waits"],
            )
        threads = [thread for thread in threads if any(thread is one for one in going)]
    machine.values.clear()
    machine.values.update(values)
    machine.undefined.clear()
    machine.undefined.update(undefined)


def _held(private: Sequence[Buffer]) -> list[tuple[Any, Any]]:
    return [(buffer.data, buffer.defined) for buffer in private]


def _resumed(machine: Machine, private: Sequence[Buffer], offers: Offers, thread: _Thread) -> bool:
    """Runs a thread up to its next barrier; whether there is one."""
    machine.values.clear()
    machine.values.update(thread.values)
    machine.undefined.clear()
    machine.undefined.update(thread.undefined)
    for buffer, (data, defined) in zip(private, thread.buffers, strict=True):
        buffer.data, buffer.defined = data, defined
    offers.current = thread.number
    going = next(thread.steps, thread) is None
    thread.values, thread.undefined = dict(machine.values), dict(machine.undefined)
    thread.buffers = _held(private)
    return going
