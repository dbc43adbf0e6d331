"""Kernels called through emitted code: an Interface and its bodies in, a `Kernel` that CPython calls directly out.

The entry of an interface is compiled once (and kept on disk) and shared by all kernels of that interface; each kernel
has a context of its own. Where CPython or NumPy lie in memory otherwise than known, or the entry has no code for the
interface, there is no fast kernel and the caller uses the Python way.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from functools import lru_cache
from typing import cast

from tdsl.codegen.entry.layout import ENTRY, PYTHON_SYMBOLS, SHARED_FUNCTIONS, context_of
from tdsl.codegen.interface import Interface
from tdsl.errors import MissingTool
from tdsl.records import dataclass
from tdsl.runtime.entry_code import entry_object, nameless, support_object
from tdsl.runtime.fast_kernel import Context, attach, derive, vectorcall_offset
from tdsl.runtime.foreign_types import ways_to_read
from tdsl.runtime.jit import LoadedCode
from tdsl.runtime.kernel import Kernel, Origin
from tdsl.runtime.native_run import NativeRun
from tdsl.runtime.object_layout import layout_is_known
from tdsl.runtime.once import process_lock
from tdsl.runtime.slow_call import ArrayCall, FailedCall, ForeignCall


@dataclass(frozen=True, slots=True)
class ReadyEntry:
    """Objects made by this very source: an entry (empty: the interface has none) and the shared functions."""

    entry: bytes
    support: bytes


def fast_kernel(
    interface: Interface, run: NativeRun, origin: Origin, ready: ReadyEntry | None = None
) -> Kernel | None:
    """A kernel with a fast entry; None where there is none.

    Args:
        ready: objects that came with a saved kernel.
    """
    kind = _kernel_type()
    try:
        code = None if kind is None else _entry(nameless(interface), ready)
    except ImportError:  # neither kept nor brought along, and no LLVM to make it
        return None
    if kind is None or code is None:
        return None
    plain, failed = ArrayCall(interface, run), FailedCall(interface.name)
    layout = context_of(interface)
    try:
        inner = Context(layout, plain, failed)
    except MissingTool:  # a dtype that NumPy lacks: the slow path says so when it is called
        return None
    again = cast("Callable[..., object]", object.__new__(kind))
    attach(again, Kernel, code.address(ENTRY), inner)
    lessons = _Lessons(inner, ready)
    slow = ForeignCall(plain, again, lessons, code)
    outer = Context(layout, slow, failed)
    lessons.outer = weakref.ref(outer)
    for context in (inner, outer):
        run.tell(context)
    kernel = cast(Kernel, kind(interface, run, origin))
    kernel.hold(outer, code)
    attach(kernel, Kernel, code.address(ENTRY), outer)
    return kernel


class _Lessons:
    """What the contexts of a kernel learn from calls that were handed over.

    The first of them brings the functions that all entries share (strided outputs, other libraries' arrays, ranges); an
    array of another library brings its DLPack functions.
    """

    __slots__ = ("_inner", "_known", "_ready", "_shared", "outer")

    def __init__(self, inner: Context, ready: ReadyEntry | None) -> None:
        self.outer: Callable[[], Context | None] = lambda: None
        self._inner = inner
        self._ready = ready
        self._shared = False
        self._known: set[type] = set()

    def prepare(self) -> None:
        """Once: the shared functions."""
        if self._shared:
            return
        self._shared = True
        outer = self.outer()
        try:
            functions = _shared(self._ready)
        except ImportError:  # neither kept nor brought along, and no LLVM: such calls stay in Python
            return
        for context in (self._inner, outer):
            if context is not None:
                context.set_functions(functions)

    def learn(self, kind: type) -> None:
        """An array type was met."""
        context = self.outer()
        if context is None or kind in self._known:
            return
        self._known.add(kind)
        functions = ways_to_read(kind)
        if functions is not None:
            context.set_foreign(kind, functions)


@lru_cache(maxsize=1)
def _kernel_type() -> type | None:
    """The type of fast kernels; None where this Python or NumPy does not allow them."""
    if not layout_is_known():
        return None
    try:
        return derive(Kernel)
    except (SystemError, TypeError, ValueError, AttributeError):
        return None


_entries: weakref.WeakValueDictionary[Interface, LoadedCode] = weakref.WeakValueDictionary()


def context_offset() -> int:
    """Where a kernel object holds the pointer to its context."""
    return vectorcall_offset(Kernel) + 8


def _entry(interface: Interface, ready: ReadyEntry | None) -> LoadedCode | None:
    """The code of an entry, one for all kernels of the same interface but for its name; None where it has no code."""
    with process_lock():
        found = _entries.get(interface)
        if found is None:
            object_code = entry_object(interface, context_offset()) if ready is None else ready.entry
            if not object_code:
                return None
            found = LoadedCode(object_code, (ENTRY,), _python_symbols())
            _entries[interface] = found
    return found


@lru_cache(maxsize=1)
def _python_symbols() -> dict[str, int]:
    """Addresses of CPython's functions."""
    library = ctypes.pythonapi
    return {name: ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0 for name in PYTHON_SYMBOLS}


_shared_code: list[LoadedCode] = []


def _shared(ready: ReadyEntry | None) -> dict[str, int]:
    """Context slot -> address of the function that all entries share."""
    if not _shared_code:
        with process_lock():
            if not _shared_code:
                object_code = support_object() if ready is None else ready.support
                _shared_code.append(LoadedCode(object_code, SHARED_FUNCTIONS.values(), _python_symbols()))
    return {slot: _shared_code[0].address(function) for slot, function in SHARED_FUNCTIONS.items()}
