"""Measured rows as text: lines of one workload in, an aligned table with ratios out."""

from __future__ import annotations

from benchmarks.record import Line

SCALES = {"FLOP/s": ("GFLOP/s", 1e9), "B/s": ("GB/s", 1e9)}
EXTRA = ("share", "bits_equal", "right", "note")


def heading(machine: Line) -> str:
    """Machine and versions, two lines."""
    versions = machine["versions"]
    assert isinstance(versions, dict)
    found = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    return f"{machine['machine']}, {machine['cores']} cores, Python {machine['python']}\n{found}"


def text(title: str, lines: list[Line]) -> str:
    """One table; `x peer` is the peer's median over this row's (above 1: faster than the peer).

    The peer of a case is the row that says `peer: true`; where several do, the fastest of them.
    """
    rows = [["case", "", "rate", "median", "spread", "x peer", "remarks"]]
    rows += [_cells(line, _peer_median(lines, line["case"])) for line in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    shown = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([f"== {title}", *shown])


def _peer_median(lines: list[Line], case: object) -> float | None:
    medians = [
        line["median_s"] for line in lines if line["case"] == case and line.get("peer") and "median_s" in line
    ]
    return min((float(str(median)) for median in medians), default=None)


def _cells(line: Line, peer: float | None) -> list[str]:
    remarks = "; ".join(_remark(name, line[name]) for name in EXTRA if name in line)
    if "median_s" not in line:
        return [str(line["case"]), str(line["who"]), "-", "-", "-", "-", remarks]
    median, low, high = (float(str(line[name])) for name in ("median_s", "min_s", "max_s"))
    ratio = f"{peer / median:.2f}" if peer and not line.get("peer") else "-"
    spread = f"{low * 1e3:.4g} .. {high * 1e3:.4g}"
    return [
        str(line["case"]),
        str(line["who"]),
        _rate(line),
        f"{median * 1e3:.4g} ms",
        spread,
        ratio,
        remarks,
    ]


def _rate(line: Line) -> str:
    if "rate" not in line:
        return ""
    name, scale = SCALES.get(str(line["unit"]), ("G/s", 1e9))
    return f"{float(str(line['rate'])) / scale:.4g} {name}"


def _remark(name: str, value: object) -> str:
    if name == "share":
        return f"{float(str(value)):.0%} of the peak beside it"
    if name == "bits_equal":
        return "bits of plain" if value else "BITS DIFFER FROM PLAIN"
    if name == "right":
        return "right" if value else "WRONG RESULT"
    return str(value)
