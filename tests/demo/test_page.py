"""The page of the demo: self-contained, escaped, one section a program."""

import re

import numpy as np

from tdsl.demo import page
from tdsl.demo.run import Part


class Nest:
    """Stands where a schedule stands: only its HTML is asked for."""

    def _repr_html_(self) -> str:
        return "<pre>for i in 0..n</pre>"


def test_the_page_needs_nothing_else() -> None:
    part = Part("A <title> & more", {"plain": Nest()}, "GB/s")  # type: ignore[dict-item]
    part.rows.append(("", "GB/s"))
    part.rows.append(("plain", "12.0"))
    part.checks += [("right", True), ("also right", False)]
    text = page.html("a machine", [part], np.zeros((2, 3, 3), np.uint8))
    assert "<h2>A &lt;title&gt; &amp; more</h2>" in text
    assert "<pre>for i in 0..n</pre>" in text and "<td>12.0</td>" in text
    assert '<li class="ok">right</li>' in text and '<li class="wrong">also right</li>' in text
    assert not re.findall(r"""(?:src|href)=["'](?!data:)""", text)
    assert "<script" not in text and "@import" not in text
