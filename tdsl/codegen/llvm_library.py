"""Gets llvmlite ready: the targets asked for initialised once, its lock safe across forks.

In: the triple that code is wanted for. Out: nothing; afterwards `llvmlite.binding` can be used for that triple.

llvmlite guards all of LLVM by one process-wide lock. A fork while another thread compiles would leave the child with a
lock that nobody ever releases, so this lock is taken around every fork: the fork waits for the compile (at most some
100 ms), and parent and child both go on with LLVM in a consistent state. Costs, measured on one Zen 4 core: import of
llvmlite 35-110 ms, the host's target 1 ms, all targets 5 ms.
"""

from __future__ import annotations

import os

import llvmlite.binding as llvm

from tdsl.target import host_architecture

LLVM_VERSION = ".".join(str(part) for part in llvm.llvm_version_info)
"""The version of LLVM that compiles, part of every kernel's identity."""

_ready: set[str] = set()


def llvm_lock() -> llvm.ffi.LLVMLock:
    """The lock around LLVM, to hold while something is made once a process: reentrant, and released after a fork."""
    return llvm.ffi.lib._lock  # llvmlite has no public name for it


def prepare_inline_assembly() -> None:
    """Make LLVM ready for inline assembly of the host; it ends the process where it meets some unready."""
    with llvm_lock():
        llvm.initialize_native_asmparser()


def prepare_llvm(triple: str) -> None:
    """Initialise the host's target, or all targets for a triple of another architecture."""
    wanted = "native" if triple.split("-")[0] == host_architecture() else "all"
    if wanted in _ready:
        return
    with llvm_lock():
        if wanted == "native":
            llvm.initialize_native_target()
            llvm.initialize_native_asmprinter()
        else:
            llvm.initialize_all_targets()
            llvm.initialize_all_asmprinters()
        _ready.add(wanted)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=llvm_lock().__enter__,
        after_in_parent=llvm_lock().__exit__,
        after_in_child=llvm_lock().__exit__,
    )
