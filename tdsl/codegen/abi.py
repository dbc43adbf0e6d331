"""The calling convention of kernels, version 1: what a kernel's caller passes, and a value that describes one kernel.

    typedef struct tdsl_env {
        int32_t version;              /* 1 */
        int32_t flags;                /* 0, or 1: every parallel loop to parallel_for */
        void   *pool_ctx;
        void  (*parallel_for)(void *pool_ctx, void (*task)(void *ctx, int64_t index), void *ctx, int64_t count);
        void *(*allocate)(void *arena_ctx, int64_t bytes);
        void  (*release)(void *arena_ctx, void *block);
        void   *arena_ctx;
        void   *error_slot;
    } tdsl_env;

    int32_t kernel(void *const *data, const int64_t *sizes_and_strides, const tdsl_env *env);

**data** holds one pointer an argument, in call order: inputs and scalars as the user passes them, then the outputs. An
array's pointer is the address of its element (0, …, 0); a scalar's is the address of its value in its own dtype,
aligned as that dtype asks. Where a size is 0 an array's pointer may be anything and is not followed.

**sizes_and_strides** holds the value of every size in the order of `KernelAbi.sizes`, then for each array argument, in
call order, its strides in *bytes*, one a dimension. A body that is built for contiguous arrays does not read strides,
but they are passed all the same, so that both bodies of a kernel have one caller.

**env** is read only, lives at least as long as the call and may serve many calls at once. `parallel_for` calls
`task(ctx, i)` once for each i in 0..count, in any order, on any threads, and returns when all have returned; it may
call them one after another itself, and does so when called from inside a task. A loop of little work is not handed to
it, but where bit 0 of `flags` (FLAG_ALWAYS_PARALLEL) is set; other bits are 0. `allocate` gives a block of at least
`bytes` bytes (0 is allowed) at an address that 64 divides, contents undefined, or null; `release` takes it back; both
may be called from several threads at once. `error_slot` is reserved: null, or 64 bytes that a later version may fill.
Threads that run tasks are in the default floating environment (semantics D4); the kernel's entry sets it for its own
thread and restores it (codegen/float_environment.py).

**Result**: 0 done; 1 a scratch allocation failed, and outputs may be partly written; 2 the CPU has not the instructions
that a saved file's versions need, and nothing was done. Other values are reserved; a caller treats them as a failure.
A kernel never raises, prints, or keeps anything between calls.

Pointers and int64 are 8 bytes, little endian, in the platform's C convention; nothing else is promised. A change of any
of this is a new ABI_VERSION. Counterparts: TVM's packed function (typed by tags at run time), Halide's halide_buffer_t
with JITUserContext; here types are fixed when the kernel is built, so that the entry checks nothing.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import IntEnum
from typing import Literal, cast

from tdsl.errors import InternalError
from tdsl.records import dataclass

ABI_VERSION = 1
CACHE_LINE_BYTES = 64
"""What `allocate` aligns to: a cache line of every first-class platform, and the widest vector register."""

# Offsets in bytes of the fields of tdsl_env; pointers are 8 bytes on every supported platform.
ENV_VERSION = 0
ENV_FLAGS = 4
ENV_POOL_CTX = 8
ENV_PARALLEL_FOR = 16
ENV_ALLOCATE = 24
ENV_RELEASE = 32
ENV_ARENA_CTX = 40
ENV_ERROR_SLOT = 48
ENV_BYTES = 56
FLAG_ALWAYS_PARALLEL = 1

ArgumentKind = Literal["array", "scalar"]
ArgumentRole = Literal["input", "output"]


class Status(IntEnum):
    """What a kernel returns."""

    DONE = 0
    OUT_OF_MEMORY = 1
    UNSUPPORTED_CPU = 2


@dataclass(frozen=True, slots=True)
class ArgumentSpec:
    """One argument as the ABI sees it.

    Args:
        name: what the user called it.
        kind: an array passed by its first element, or a scalar passed by address.
        dtype: the dtype's name, `float32`.
        ndim: number of dimensions; 0 for a scalar (an array may have 0 too).
        role: scalars are inputs.
    """

    name: str
    kind: ArgumentKind
    dtype: str
    ndim: int
    role: ArgumentRole

    def __post_init__(self) -> None:
        _check(self.kind in ("array", "scalar"), f"argument {self.name}: kind {self.kind!r}")
        _check(self.role in ("input", "output"), f"argument {self.name}: role {self.role!r}")
        _check(self.ndim >= 0, f"argument {self.name}: ndim {self.ndim}")
        _check(
            self.kind == "array" or (self.ndim == 0 and self.role == "input"),
            f"scalar {self.name}: ndim {self.ndim}, role {self.role}",
        )


@dataclass(frozen=True, slots=True)
class KernelAbi:
    """The signature of one kernel: where each size, stride and pointer stands in the two arrays of a call.

    Args:
        sizes: names of the size symbols, in the order of their values.
        arguments: in call order: inputs and scalars, then outputs.
        format: the ABI's version.
    """

    sizes: tuple[str, ...]
    arguments: tuple[ArgumentSpec, ...]
    format: int = ABI_VERSION

    def __post_init__(self) -> None:
        names = [argument.name for argument in self.arguments]
        roles = [argument.role for argument in self.arguments]
        _check(len(set(self.sizes)) == len(self.sizes), f"a size stands twice in {self.sizes}")
        _check(len(set(names)) == len(names), f"an argument stands twice in {names}")
        _check(roles == sorted(roles), f"an output stands before an input in {names}")

    @property
    def arrays(self) -> tuple[ArgumentSpec, ...]:
        """The array arguments, in call order."""
        return tuple(argument for argument in self.arguments if argument.kind == "array")

    @property
    def integers(self) -> int:
        """How many int64 `sizes_and_strides` holds."""
        return len(self.sizes) + sum(argument.ndim for argument in self.arguments)

    def data_index(self, name: str) -> int:
        """Where the pointer of argument `name` stands in `data`."""
        for index, argument in enumerate(self.arguments):
            if argument.name == name:
                return index
        raise InternalError(f"no argument {name} in {self.arguments}", pass_name="codegen.abi")

    def size_index(self, name: str) -> int:
        """Where the value of size `name` stands in `sizes_and_strides`."""
        _check(name in self.sizes, f"no size {name} in {self.sizes}")
        return self.sizes.index(name)

    def stride_index(self, name: str, dimension: int = 0) -> int:
        """Where the byte stride of a dimension of array `name` stands in `sizes_and_strides`."""
        at = self.data_index(name)
        _check(0 <= dimension < self.arguments[at].ndim, f"{name} has no dimension {dimension}")
        before = sum(argument.ndim for argument in self.arguments[:at])
        return len(self.sizes) + before + dimension

    def to_json(self) -> str:
        """One line of JSON; `from_json` gives an equal value."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> KernelAbi:
        """The value that `to_json` wrote; refuses any other ABI version."""
        record = cast("dict[str, object]", json.loads(text))
        version = record["format"]
        _check(version == ABI_VERSION, f"ABI version {version}, this tdsl reads {ABI_VERSION}")
        arguments = cast("list[dict[str, str | int]]", record["arguments"])
        return KernelAbi(
            tuple(cast("list[str]", record["sizes"])),
            tuple(_argument_from(fields) for fields in arguments),
            ABI_VERSION,
        )


def _argument_from(fields: dict[str, str | int]) -> ArgumentSpec:
    return ArgumentSpec(
        str(fields["name"]),
        cast("ArgumentKind", fields["kind"]),
        str(fields["dtype"]),
        int(fields["ndim"]),
        cast("ArgumentRole", fields["role"]),
    )


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise InternalError(message, pass_name="codegen.abi")
