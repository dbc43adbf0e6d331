"""Whether a callable of the user's takes the arguments it will be given, asked before it is called.

In: a callable and arguments. Out: what is wrong, in Python's words, or None. So an error about the number of parameters is
ours, with a code and the user's line, and one that is raised inside of the callable stays what it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable


def wrong_parameters(function: Callable[..., object], *args: object, **keywords: object) -> str | None:
    """Why a callable cannot be called so, ``it takes (a, b, c): missing a required argument: 'c'``; None where it can.

    None also where Python cannot tell (some callables written in C).
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    try:
        signature.bind(*args, **keywords)
    except TypeError as error:
        return f"it takes {signature}: {error}"
    return None
