"""Interleaved timing: every candidate gets its rounds, in alternating order; medians lie between the extremes."""

from tdsl.demo.measure import interleaved


def test_rounds_alternate_between_candidates() -> None:
    called: list[str] = []
    timings = interleaved(
        {"a": lambda: called.append("a"), "b": lambda: called.append("b")}, rounds=3, seconds=0.0
    )
    # each runs twice to learn its length, then a b | b a | a b
    assert "".join(called) == "aabb" + "ab" + "ba" + "ab"
    assert list(timings) == ["a", "b"]


def test_medians_lie_between_the_extremes() -> None:
    timings = interleaved({"sum": lambda: sum(range(100))}, rounds=5, seconds=0.001)
    assert 0 < timings["sum"].fastest <= timings["sum"].median <= timings["sum"].slowest
