"""What code generation hands to the runtime: machine code, its text, its calling convention, as one frozen value.

A kernel has up to two bodies of one signature: "contiguous" for arrays that lie row-major and element-aligned, and
"general" for any strides and byte addresses; the caller chooses (semantics C7). The general one may be added later.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Literal

from tdsl.codegen.abi import KernelAbi
from tdsl.digest import digest as digest_of
from tdsl.errors import InternalError
from tdsl.records import dataclass
from tdsl.target import Target

BodyKind = Literal["contiguous", "general"]


@dataclass(frozen=True, slots=True)
class Body:
    """One version of a kernel.

    Args:
        kind: what arrays it takes.
        entry: name of the function in the object, as abi.py describes it.
        llvm_text: the module that the object was made from.
        object_code: bytes of the object file; relies on nothing but the C library's memory functions and `tdsl_env`.
    """

    kind: BodyKind
    entry: str
    llvm_text: str
    object_code: bytes


@dataclass(frozen=True, slots=True)
class Artifact:
    """A kernel for one machine, ready to load.

    Args:
        name: of the kernel, as the user knows it.
        abi: the signature that all bodies share.
        target: with every field filled in.
        bodies: one or two, each kind once.
    """

    name: str
    abi: KernelAbi
    target: Target
    bodies: tuple[Body, ...]

    def __post_init__(self) -> None:
        kinds = [body.kind for body in self.bodies]
        if not kinds or len(set(kinds)) != len(kinds):
            raise InternalError(f"kernel {self.name} with bodies {kinds}", pass_name="codegen.artifact")

    def body(self, kind: BodyKind) -> Body | None:
        """The body of a kind, if it was built."""
        return next((body for body in self.bodies if body.kind == kind), None)

    def with_body(self, body: Body) -> Artifact:
        """The same kernel with one more body."""
        return replace(self, bodies=(*self.bodies, body))

    @property
    def entry_names(self) -> tuple[str, ...]:
        """The entries of all bodies."""
        return tuple(body.entry for body in self.bodies)

    @property
    def hash(self) -> str:
        """64 hex digits that tell one kernel from another: signature, target, text, LLVM; the same in every process."""
        return artifact_hash(self.abi, self.target, [(body.kind, body.llvm_text) for body in self.bodies])


def artifact_hash(abi: KernelAbi, target: Target, texts: list[tuple[BodyKind, str]]) -> str:
    """The hash of an artifact that is not compiled yet: the key under which its objects can be kept."""
    from tdsl.codegen.llvm_library import LLVM_VERSION  # the one thing here that loads LLVM

    parts = [abi.to_json(), target.resolved().to_data(), [list(text) for text in texts], LLVM_VERSION]
    return digest_of(json.dumps(parts, sort_keys=True).encode())
