"""One page of the error reference: what a code means, code that fails with it, and the same code repaired."""

from __future__ import annotations

from dataclasses import dataclass

from tdsl.errors import TdslError


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """The page of one code.

    Fields:
        code: such as ``"S203"``.
        cls: the exception class; an error of this code is an instance of it (or of a subclass).
        title: what is wrong, in a few words.
        explanation: why it is refused and what the rule is, one paragraph.
        failing: a program that raises it, after ``import tdsl as td`` and ``import numpy as np``; empty where no
            program can (a missing tool, a bug of ours).
        repaired: the same program as it should be; empty where `failing` is.
    """

    code: str
    cls: type[TdslError]
    title: str
    explanation: str
    failing: str = ""
    repaired: str = ""
