"""P3: whatever loops a chain of stencils is computed and stored at, a buffer gets each of its elements once."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import tdsl as td
from tdsl.lower import interpreter

STENCILS = {"backwards": ((0, 2), (1, 1), (2, 0)), "rows": ((0, 0), (1, 0), (2, 0)),
            "cross": ((1, 0), (0, 1), (2, 1), (1, 2))}  # fmt: skip


class Writes:
    """Counts stores by buffer and element, from one allocation of the buffer to the next."""

    def __init__(self, monkeypatch):
        self.most = Counter()
        self.live = {}
        runner = next(
            kind
            for kind in vars(interpreter).values()
            if isinstance(kind, type) and "allocation" in vars(kind)
        )
        store, allocation = runner.store, runner.allocation

        def counted(machine, statement, names):
            step = store(machine, statement, names)
            index = [machine.expression(part, names).run for part in statement.index]

            def run():
                cells = self.live.setdefault(statement.buffer, Counter())
                cells[tuple(int(part()) for part in index)] += 1
                self.most[statement.buffer] = max(self.most[statement.buffer], *cells.values())
                step()

            return run

        def fresh(machine, statement, names, inside=None):
            step = allocation(machine, statement, names, inside)

            def run():
                self.live.pop(statement.buffer, None)
                step()

            return run

        monkeypatch.setattr(runner, "store", counted)
        monkeypatch.setattr(runner, "allocation", fresh)


def chain(taps):
    """c reads b reads a reads x, each through the same stencil."""
    made = [td.placeholder("x", (11, 10))]
    for place, name in enumerate("abc"):
        made.append(_stencil(name, (9 - 2 * place, 8 - 2 * place), made[-1], taps))
    return made


def _stencil(name, shape, read, taps):
    def value(y, x):
        first, *rest = (read[y + down, x + right] for down, right in taps)
        for one in rest:
            first = first + one
        return first

    return td.compute(name, shape, value)


def placements(c, b, base):
    """Schedules of the chain: b at any loop of c, a at any loop of c or b, each stored at any loop around."""
    for at in base.axes(c):
        for kept in ("root", *base.axes(c)):
            first = _placed(base, "b", c, at, (c, kept))
            hosts = [(host, loop) for host in (c, b) for loop in base.axes(host)] if first else []
            for host, loop in hosts:
                for keeper in (
                    ("root", "root"),
                    *((one, axis) for one in {c, host} for axis in base.axes(one)),
                ):
                    found = _placed(first, "a", host, loop, keeper)
                    if found is not None:
                        yield found


def _placed(s, stage, host, loop, keeper):
    """The schedule with a stage computed and stored so; None where it stands otherwise, or cannot."""
    try:
        s = s.compute_at(stage, host, loop)
        if keeper[1] == "root":
            s = s.store_root(stage)
        elif keeper != (host, loop):
            s = s.store_at(stage, *keeper)
    except td.TdslError:
        return None
    place = s.state.stage(stage).compute
    return s if place is not None and (place.stage, place.loop) == (host.name, loop) else None


@pytest.mark.parametrize("name", ["backwards", "cross"])
def test_P3_every_placement_of_a_chain_makes_each_element_once(name, monkeypatch):
    x, _, b, c = chain(STENCILS[name])
    data = np.arange(110, dtype=np.float32).reshape(11, 10)
    want = td.build(td.schedule(c))(data)
    writes, tried = Writes(monkeypatch), 0
    for s in placements(c, b, td.schedule(c)):
        writes.live.clear()
        writes.most.clear()
        assert np.array_equal(td.build(s, target="interpret")(data), want), s.script()
        assert max(writes.most["a"], writes.most["b"]) == 1, s.script()
        tried += 1
    assert tried >= 30


@pytest.mark.parametrize("factor", [2, 3])
def test_P3_tiles_make_each_element_once_a_buffer(factor, monkeypatch):
    _, _, b, c = chain(STENCILS["rows"])
    base = td.schedule(c).split(c, "y", factor)
    data = np.arange(110, dtype=np.float32).reshape(11, 10)
    want = td.build(td.schedule(c))(data)
    writes = Writes(monkeypatch)
    for outer, inner in (("yo", "yi"), ("yo", "x"), ("root", "yo"), ("root", "x")):
        s = _placed(_placed(base, "b", c, inner, (c, outer)), "a", c, inner, (c, outer))
        writes.live.clear()
        writes.most.clear()
        assert np.array_equal(td.build(s, target="interpret")(data), want)
        assert max(writes.most["a"], writes.most["b"]) == 1
