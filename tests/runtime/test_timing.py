"""Timing: medians and spreads of known samples, turns of several callables, limits, text."""

import gc
import time

import pytest

from tdsl.errors import ArgumentError
from tdsl.runtime import timing as module
from tdsl.runtime.timing import Timing, measure, measure_interleaved, seconds_text


def test_statistics_of_known_samples():
    timing = Timing.from_samples((5.0, 1.0, 2.0, 3.0, 4.0), calls=7)
    assert (timing.median_s, timing.best_s, timing.repeats, timing.calls) == (3.0, 1.0, 5, 7)
    assert timing.spread == pytest.approx((4.0 - 2.0) / 3.0)
    assert timing.samples_s == (5.0, 1.0, 2.0, 3.0, 4.0)
    assert Timing.from_samples((0.25,)).spread == 0


def test_a_sleep_takes_its_time():
    timing = measure(lambda: time.sleep(0.002), repeats=3, sample_s=0.004)
    assert 0.002 <= timing.best_s <= timing.median_s
    assert timing.repeats == 3 and timing.calls <= 2


def test_short_calls_are_batched(monkeypatch):
    clock = FakeClock(monkeypatch)
    timing = measure(clock.call(1e-6), repeats=5, sample_s=1e-3)
    assert timing.median_s == pytest.approx(1e-6) and 900 <= timing.calls <= 1100
    assert timing.repeats == 5


class FakeClock:
    """A clock that only calls move."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        self.log = []
        monkeypatch.setattr(module, "perf_counter", lambda: self.now)

    def call(self, seconds, name=""):
        def run():
            self.now += seconds
            self.log.append(name)

        return run


def test_turns_and_who_goes_first(monkeypatch):
    clock = FakeClock(monkeypatch)
    calls = {"a": clock.call(1.0, "a"), "b": clock.call(2.0, "b"), "c": clock.call(4.0, "c")}
    timings = measure_interleaved(calls, repeats=3, sample_s=0.5, budget_s=100)
    assert [timings[name].median_s for name in "abc"] == [1.0, 2.0, 4.0]
    assert "".join(clock.log) == "aabbcc" + "abc" + "bca" + "cab"


def test_the_budget_ends_it_but_there_is_always_a_sample(monkeypatch):
    clock = FakeClock(monkeypatch)
    assert measure(clock.call(10.0), repeats=50, budget_s=0).repeats == 1
    assert measure(clock.call(1.0), repeats=50, budget_s=7.5).repeats == 6


def test_what_is_called_may_raise_and_collection_comes_back():
    assert gc.isenabled()
    seen = []
    measure(lambda: seen.append(gc.isenabled()), repeats=1, sample_s=0)
    assert seen and not any(seen)

    def fail():
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        measure(fail)
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"repeats": 0}, "repeats is at least 1, not 0"),
        ({"sample_s": -0.1}, "sample_s is at least 0, not -0.1"),
        ({"budget_s": float("nan")}, "budget_s is at least 0, not nan"),
    ],
)
def test_arguments(arguments, said):
    with pytest.raises(ArgumentError, match=f"C117: {said}"):
        measure(lambda: None, **arguments)


def test_no_callables():
    assert measure_interleaved({}) == {}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2.5, "2.5 s"),
        (1.0, "1 s"),
        (0.00125, "1.25 ms"),
        (3.456e-5, "34.6 µs"),
        (2e-8, "20 ns"),
        (0.0, "0 ns"),
    ],
)
def test_units(seconds, text):
    assert seconds_text(seconds) == text


def test_text_of_a_timing():
    timing = Timing.from_samples((1.0e-3, 1.1e-3, 1.2e-3), calls=16)
    assert str(timing) == "1.1 ms ± 4.5 % (3 × 16 calls, best 1 ms)"
