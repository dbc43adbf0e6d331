"""Kernels that were built from loops: their texts, their bodies loaded when needed, how pickle and `save` take them.

In: loops and a target (codegen/loop_text.py), an Interface, perhaps the contiguous body's object from the disk cache.
Out: the `Origin` of a kernel, and the function that builds it again from what was pickled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from tdsl.codegen.artifact import BodyKind
from tdsl.codegen.interface import Interface
from tdsl.codegen.loop_text import LoopText
from tdsl.errors import FormatError, TargetError
from tdsl.runtime.fast_call import fast_kernel
from tdsl.runtime.jit import LoadedCode
from tdsl.runtime.kernel import Kernel, Source
from tdsl.runtime.kernel_cache import BodyCode, KeptKernel, KernelSlot
from tdsl.runtime.native_run import LoadedBody, NativeRun
from tdsl.runtime.object_cache import object_for
from tdsl.runtime.prepare import Prepared
from tdsl.target import Target

if TYPE_CHECKING:
    from pathlib import Path

Mark = Callable[[str], None]
"""Told the name of each step as it ends."""

PICKLE_FORMAT = 1


class Built:
    """The origin of a kernel made from loops.

    Args:
        loops: and their target.
        interface: of the kernel.
        ready: the contiguous body, where it is compiled already.
        mark: told the steps.
    """

    def __init__(
        self,
        loops: LoopText,
        interface: Interface,
        ready: BodyCode | None = None,
        mark: Mark = lambda step: None,
    ) -> None:
        self.loops = loops
        self.interface = interface
        self._ready = ready
        self._mark = mark

    @property
    def target_text(self) -> str:
        return str(self.loops.target.spelling)

    def object_code(self, kind: BodyKind) -> BodyCode:
        """A body, compiled."""
        if kind == "contiguous" and self._ready is not None:
            return self._ready
        text = self.loops.llvm(kind)
        self._mark("emit")
        code = object_for(text, self.loops.target, self.label(kind))
        self._mark("llvm")
        uses_environment = text.count("%env") > 1  # besides the parameter
        body = BodyCode(self.loops.symbol(kind), code, uses_environment)
        self._ready = body if kind == "contiguous" else self._ready
        return body

    def label(self, kind: BodyKind) -> str:
        """What `tdsl cache ls` shows."""
        return f"{self.interface.name}, {kind} body, {self.target_text}"

    def load(self, kind: BodyKind) -> LoadedBody:
        """A body in memory."""
        body = self.object_code(kind)
        loaded = LoadedCode(body.code, [body.symbol])
        self._ready = None  # its bytes are in memory now
        return LoadedBody(loaded.address(body.symbol), loaded, body.uses_environment)

    @property
    def parallel(self) -> bool:
        """Whether the kernel uses the pool."""
        return any(line.lstrip().startswith("parallel ") for line in self.loops.text.splitlines())

    def source(self, what: Source) -> str:
        """Loop IR, LLVM IR or assembly of the contiguous body."""
        if what == "loops":
            return self.loops.text
        if what not in ("llvm", "asm"):
            raise TargetError(
                "G108",
                f"a kernel for {self.target_text} has no {what} source",
                hint=['f.source("llvm") or "asm"'],
            )
        return self.loops.llvm("contiguous") if what == "llvm" else self.loops.assembly("contiguous")

    def reduce(self) -> tuple[object, ...]:
        """Loops, interface and target: built again where it is loaded, for that machine if the target is the host."""
        state = {
            "format": PICKLE_FORMAT,
            "loops": self.loops.text,
            "interface": self.interface.to_json(),
            "target": self.loops.target.to_data(),
        }
        return rebuilt, (state,)

    def save(self, path: Path, cpus: Sequence[str] | None) -> tuple[Path, ...]:
        from tdsl.runtime.save import save

        return save(self.loops, self.interface, path, cpus)


class Foreign:
    """Runs a kernel for another machine: says why it cannot."""

    def __init__(self, reason: TargetError) -> None:
        self._reason = reason

    def __call__(self, call: Prepared) -> None:
        raise self._reason


def built_kernel(
    loops: LoopText,
    interface: Interface,
    ready: BodyCode | None = None,
    mark: Mark = lambda step: None,
    slot: KernelSlot | None = None,
) -> Kernel:
    """A kernel of loops, its contiguous body loaded; one for another machine is made too, and refuses calls.

    Args:
        loops, interface, ready, mark: as for `Built`.
        slot: where the kernel is to be kept on disk.
    """
    origin = Built(loops, interface, ready, mark)
    try:
        _require_host(loops.target)
    except TargetError as reason:
        loops.llvm("contiguous")
        return Kernel(interface, Foreign(reason), origin)
    if slot is not None:
        body = origin.object_code("contiguous")
        slot.put(KeptKernel(loops.text, interface, body), origin.label("contiguous"))
        mark("keep")
    run = NativeRun(interface, origin.load)
    run.load("contiguous")
    mark("load")
    kernel = fast_kernel(interface, run, origin) or Kernel(interface, run, origin)
    mark("entry")
    return kernel


def _require_host(target: Target) -> None:
    if target.is_host and all(feature.startswith("-") for feature in target.features):
        return  # whatever this machine has: no need to ask LLVM
    from tdsl.codegen.machine import require_host

    require_host(target)


def rebuilt(state: dict[str, object]) -> Kernel:
    """The kernel of a pickle. Errors: C120 another format; what a build raises."""
    if state.get("format") != PICKLE_FORMAT:
        raise FormatError(
            "C120", f"a kernel pickled in format {state.get('format')!r}, tdsl reads {PICKLE_FORMAT}"
        )
    target = Target.from_data(cast("dict[str, object]", state["target"]))
    interface = Interface.from_json(str(state["interface"]))
    loops = LoopText(str(state["loops"]), target, shared=interface.shared)
    return built_kernel(loops, interface)
