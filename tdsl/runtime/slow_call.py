"""Calls in Python: arguments in, results out, with every check and the full message; what the fast entry falls back to.

`ArrayCall` takes everything. `ForeignCall` stands before it where there is a fast entry: arrays of other libraries
become NumPy views and go through the entry again, and their results go back into their library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from tdsl.codegen.interface import ArrayInterface, Interface
from tdsl.errors import CallError
from tdsl.location import hide_internal_frames
from tdsl.runtime.foreign import give_back, gives_array, view
from tdsl.runtime.native_run import failure
from tdsl.runtime.prepare import Prepared, prepare

if TYPE_CHECKING:
    from numpy.typing import NDArray

Results = tuple[object, ...]

KINDS = 64
"""Types of arguments that a kernel remembers as arrays or not."""


class ArrayCall:
    """A call, checked and run.

    Args:
        interface: of the kernel.
        run: runs a prepared call (machine code, or an interpreter).
    """

    __slots__ = ("interface", "run")

    def __init__(self, interface: Interface, run: Callable[[Prepared], None]) -> None:
        self.interface = interface
        self.run = run

    @hide_internal_frames
    def __call__(self, /, *args: object, out: object = None, **sizes: object) -> object:
        """Run the kernel; returns one array, or a tuple for several outputs."""
        call = prepare(self.interface, args, out, sizes)
        self.run(call)
        if out is not None:
            return out
        like = first_array(self.interface, args)
        results = tuple(array if like is None else give_back(array, like) for array in call.outputs)
        return results[0] if len(results) == 1 else results


def first_array(interface: Interface, args: Sequence[object]) -> object | None:
    """The first array argument, whose type the results get (semantics C3)."""
    for argument, value in zip(interface.inputs, args, strict=False):
        if isinstance(argument, ArrayInterface):
            return value
    return None


class FailedCall:
    """Raises the error of a status; called by the entry."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    @hide_internal_frames
    def __call__(self, status: int) -> None:
        """Errors: C115 no scratch memory; I999 anything else."""
        raise failure(self._name, status)


class Lessons(Protocol):
    """What an entry's contexts take from calls that were handed over."""

    def prepare(self) -> None: ...
    def learn(self, kind: type) -> None: ...


class ForeignCall:
    """What the entry hands over: arrays of other libraries as NumPy views through `again`, all else to `plain`.

    Args:
        plain: takes everything.
        again: the same entry, whose own slow path is `plain`.
        lessons: told of each call and of the type of each foreign array.
        code: what `again` runs.
    """

    __slots__ = ("_again", "_code", "_inputs", "_kinds", "_lessons", "_outputs", "_plain")

    def __init__(
        self, plain: ArrayCall, again: Callable[..., object], lessons: Lessons, code: object
    ) -> None:
        self._plain = plain
        self._again = again
        self._lessons = lessons
        self._code = code
        self._inputs = plain.interface.inputs
        self._outputs = plain.interface.outputs
        self._kinds: dict[type, bool] = {np.ndarray: False}

    @hide_internal_frames
    def __call__(self, /, *args: object, out: object = None, **sizes: object) -> object:
        """Run the kernel."""
        self._lessons.prepare()
        if len(args) != len(self._inputs) or not any(map(self._is_foreign, args)):
            return self._plain(*args, out=out, **sizes)
        try:
            arrays = [
                self._view(value, argument) if isinstance(argument, ArrayInterface) else value
                for argument, value in zip(self._inputs, args, strict=True)
            ]
            given = None if out is None else self._views_of(out)
        except CallError:  # said again below, by the checks in their usual order
            return self._plain(*args, out=out, **sizes)
        if out is not None:
            self._again(*arrays, out=given, **sizes)
            return out
        like = first_array(self._plain.interface, args)
        results = self._again(*arrays, **sizes)
        if isinstance(results, tuple):
            return tuple(give_back(cast("NDArray[np.generic]", one), like) for one in cast(Results, results))
        return give_back(cast("NDArray[np.generic]", results), like)

    def _view(self, value: object, argument: ArrayInterface) -> object:
        kind = type(value)
        if kind is np.ndarray or issubclass(kind, np.generic):
            return value
        return view(value, argument.name, argument.dtype)

    def _views_of(self, out: object) -> object:
        if len(self._outputs) == 1 and not isinstance(out, tuple | list):
            return self._view(out, self._outputs[0])
        given = tuple(cast("Sequence[object]", out)) if isinstance(out, tuple | list) else (out,)
        views = tuple(self._view(one, argument) for one, argument in zip(given, self._outputs, strict=False))
        return views if len(given) == len(self._outputs) else given

    def _is_foreign(self, value: object) -> bool:
        kind = type(value)
        known = self._kinds.get(kind)
        if known is None:
            if len(self._kinds) > KINDS:
                self._kinds.clear()  # classes made at every call
            known = self._kinds[kind] = gives_array(value)
            self._lessons.learn(kind)
        return known
