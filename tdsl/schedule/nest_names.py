"""Names of loop variables in nests and Loop IR: the user's own where they are unambiguous, else `stage.loop`.

In: a State and the leaf loops of every stage. Out: a table (owner, loop) -> name, deterministic (semantics N6).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


def variable_names(leaves: Iterable[tuple[str, str]], taken: Iterable[str]) -> dict[tuple[str, str], str]:
    """Names for (stage, loop) pairs; `taken`: sizes, params and buffers that must not be shadowed."""
    pairs = list(dict.fromkeys(leaves))
    uses = Counter(loop for _, loop in pairs)
    used = set(taken)
    names: dict[tuple[str, str], str] = {}
    for stage, loop in pairs:
        name = loop if uses[loop] == 1 and loop not in used else f"{stage}.{loop}"
        while name in used:
            name += "_"
        used.add(name)
        names[stage, loop] = name
    return names
