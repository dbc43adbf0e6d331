"""Places in a compiled library as lines of the text it came from: offsets in, "file.py:12" out.

The emitted CUDA C says by `#line` which line of the user's schedule each statement comes from, the compiler keeps that,
and addr2line of the binutils reads it. Without addr2line places have no line.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

_PLACE = re.compile(r"(.*):(\d+)")


def lines_of(library: bytes, offsets: Sequence[int]) -> dict[int, str]:
    """The line of each instruction that has one; in an inlined function, of the kernel that calls it.

    Args:
        library: an ELF shared library with debug lines.
        offsets: return addresses in it, so each names what lies before.
    """
    program = shutil.which("addr2line") or shutil.which("llvm-addr2line")
    wanted = sorted(set(offsets) - {0})
    if program is None or not wanted:
        return {}
    with tempfile.TemporaryDirectory(prefix="tdsl-lines-") as name:
        file = Path(name, "kernel.so")
        file.write_bytes(library)
        addresses = "\n".join(hex(offset - 1) for offset in wanted)
        done = subprocess.run([program, "-a", "-i", "-e", str(file)], input=addresses, capture_output=True,
                              text=True, check=False)  # fmt: skip
    return _parsed(done.stdout)


def _parsed(text: str) -> dict[int, str]:
    """Each address is followed by its lines, the innermost first."""
    found: dict[int, str] = {}
    offset = 0
    for line in text.splitlines():
        if line.startswith("0x"):
            offset = int(line, 16) + 1
            continue
        place = _PLACE.match(line)
        if place is not None and place[1] != "??" and place[2] != "0":
            found[offset] = f"{Path(place[1]).name}:{place[2]}"
    return found
