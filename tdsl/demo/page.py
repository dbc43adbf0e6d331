"""The page that `tdsl demo` writes: parts with schedules and numbers in, one HTML file that needs nothing else out."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tdsl.demo.picture import png

if TYPE_CHECKING:
    from tdsl.demo.run import Part

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; }
h1, h2, h3 { line-height: 1.2; } h3 { margin-bottom: .3rem; }
pre { background: #f5f6f8; padding: .8rem 1rem; overflow-x: auto; font-size: 13px; border-radius: 6px; }
table { border-collapse: collapse; } td { padding: .2rem .9rem; text-align: right; border-top: 1px solid #d9dde2; }
tr:first-child td { border: 0; color: #59636e; } td:first-child { text-align: left; }
.ok::before { content: "\\2713\\00a0"; color: #1a7f37; } .wrong::before { content: "\\2717\\00a0"; color: #cf222e; }
ul { list-style: none; padding: 0; } img { max-width: 100%; }
"""


def html(machine: str, parts: Sequence[Part], image: NDArray[np.uint8]) -> str:
    """One self-contained page.

    Args:
        machine: text about the processor.
        parts: the programs, in order.
        image: (height, width, 3) uint8, shown at the end.
    """
    data = base64.b64encode(png(image)).decode("ascii")
    body = "\n".join(_part(part) for part in parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>tdsl demo</title>'
        f"<style>{STYLE}</style></head><body>\n<h1>tdsl demo</h1>\n<pre>{escape(machine)}</pre>\n{body}\n"
        f'<h2>Before and after</h2>\n<img alt="the picture and its blur" src="data:image/png;base64,{data}">\n'
        "</body></html>\n"
    )


def _part(part: Part) -> str:
    nests = "\n".join(
        f"<h3>{escape(name)}</h3>\n{schedule._repr_html_()}"  # pyright: ignore[reportPrivateUsage]
        for name, schedule in part.schedules.items()
    )
    checks = "\n".join(
        f'<li class="{"ok" if held else "wrong"}">{escape(what)}</li>' for what, held in part.checks
    )
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in part.rows
    )
    notes = "".join(f"<p>{escape(note)}</p>" for note in part.notes)
    return f"<h2>{escape(part.title)}</h2>\n{nests}\n<ul>{checks}</ul>\n<table>{rows}</table>\n{notes}"
