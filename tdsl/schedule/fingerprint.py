"""All that a kernel's loops depend on, as a digest: a schedule's state in, 64 hex digits out, the same in every
process.

Complete by construction: every field of every value that the state holds is written down, whatever fields there are,
but for those that are known to change nothing (`_LEFT_OUT`). A value of a kind that is not known here has no digest,
so that nothing is taken from a cache by a key that forgot something. (`identity.py` is the equality that users see:
narrower.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import cast

from tdsl.digest import Hasher, hasher
from tdsl.dtypes import DType
from tdsl.expr.node import Node
from tdsl.expr.reducers import REDUCERS
from tdsl.expr.rewrite import walk
from tdsl.expr.tensor import Reducer, Stage, Tensor
from tdsl.location import Location
from tdsl.schedule.state import State

_LEFT_OUT = frozenset({"where", "number", "steps", "typical", "keeps_bits"})
"""User lines, creation numbers (they order arguments, and that order is given), how the state came to be, hints."""


class NoFingerprint(Exception):
    """The state holds something that cannot be written down."""


def fingerprint(state: State, arguments: Iterable[str], name: str) -> str:
    """The digest of a state whose kernel has these arguments in this order and this name.

    Errors: NoFingerprint.
    """
    digest = hasher()
    writer = _Writer(digest)
    writer.write(tuple(arguments))
    writer.write(name)
    writer.write(state)
    return digest.hexdigest()


class _Writer:
    """Writes values as text without ambiguity: kinds and lengths stand before what they hold; repeats are numbers."""

    def __init__(self, digest: Hasher) -> None:
        self._digest = digest
        self._numbers: dict[object, int] = {}

    def write(self, value: object) -> None:
        match value:
            case None | bool() | int() | str() | float():
                self._say(f"{type(value).__name__} {value!r}")
            case tuple() | list() | frozenset():
                self._sequence(cast("Iterable[object]", value))
            case DType():
                self._say(f"dtype {value.name}")
            case Node():
                self._node(value)
            case Reducer():
                self._reducer(value)
            case Tensor() | Stage():
                self._shared(value)
            case Location():
                raise NoFingerprint("a user's line where none is expected")
            case _ if is_dataclass(value) and not isinstance(value, type):
                self._fields(value)
            case _:
                raise NoFingerprint(f"a {type(value).__name__}")

    def _say(self, text: str) -> None:
        self._digest.update(f"{len(text)}:{text}".encode())

    def _sequence(self, values: Iterable[object]) -> None:
        listed = sorted(values, key=repr) if isinstance(values, frozenset) else list(values)
        self._say(f"sequence {len(listed)}")
        for value in listed:
            self.write(value)

    def _fields(self, value: object) -> None:
        self._say(f"fields of {type(value).__qualname__}")
        for field in fields(value):  # pyright: ignore[reportArgumentType]
            if field.name not in _LEFT_OUT:
                self._say(field.name)
                self.write(getattr(value, field.name))

    def _node(self, root: Node) -> None:
        """Shared parts once, without recursion: an expression may be deep."""
        for node in walk(root, skip=self._numbers):
            self._say(f"node {type(node).__name__}")
            for name in type(node).__match_args__:
                self.write(getattr(node, name))  # operands have their numbers already
            self._numbers[node] = len(self._numbers)
        self._say(f"use {self._numbers[root]}")

    def _shared(self, value: Tensor | Stage) -> None:
        """A tensor or stage: fields once, then its number; the tensors of a stage point back to it."""
        if value in self._numbers:
            self._say(f"use {self._numbers[value]}")
            return
        self._numbers[value] = len(self._numbers)
        self._fields(value)

    def _reducer(self, reducer: Reducer) -> None:
        self._say(f"reducer {reducer.name} {reducer.exact}")
        if REDUCERS.get(reducer.name) is reducer:
            return
        if reducer.combination is None:
            raise NoFingerprint(f"the reducer {reducer.name}")
        self.write(reducer.combination)
