"""The table of a workload: alignment, ratios against the fastest peer, remarks."""

import re

from benchmarks import record, table


def lines() -> list[record.Line]:
    return [
        record.row("w", "8", "tdsl fast", seconds=[0.5], work=1e9, unit="FLOP", share=0.5, bits_equal=True),
        record.row("w", "8", "tdsl wrong", seconds=[2.0], work=1e9, unit="FLOP", bits_equal=False),
        record.row("w", "8", "slow peer", seconds=[4.0], work=1e9, unit="FLOP", peer=True),
        record.row("w", "8", "fast peer", seconds=[1.0], work=1e9, unit="FLOP", peer=True),
        record.missing("w", "8", "Halide", "not installed"),
    ]


def test_a_table_reads_like_this(golden) -> None:
    golden(table.text("w, 1 thread", lines()))


def test_ratios_are_against_the_fastest_peer_of_the_case() -> None:
    other = record.row("w", "9", "fast peer", seconds=[0.001], work=1e9, unit="FLOP", peer=True)
    shown = [re.split(r"  +", row) for row in table.text("w", [*lines(), other]).splitlines()]
    ratios = {cells[1]: cells[5] for cells in shown if len(cells) > 5}
    assert (ratios["tdsl fast"], ratios["tdsl wrong"], ratios["slow peer"]) == ("2.00", "0.50", "-")
