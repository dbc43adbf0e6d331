"""What code generation wants to know about a machine: a `Target` in, a few yes-or-no answers out, taken once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tdsl.codegen.float_environment import Architecture
from tdsl.errors import TargetError
from tdsl.target import Target


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Facts of a target that choose between two ways to write the same thing.

    Fields:
        architecture: "x86_64" or "aarch64".
        vector_bits: of the widest register; becomes "prefer-vector-width".
        fma: a multiply-add with one rounding.
        rounding: instructions for floor, ceil, trunc and round to even.
        minmax: `llvm.minimum` and `llvm.maximum` are one instruction.
        mask_registers: `<w x i1>` lives in registers of its own; elsewhere a mask is compared where it is used.
        gather: gathers and scatters of 4 and 8 byte elements.
        masked_bytes: the smallest element whose neighbours load and store under a mask; 16 where none do.
        half_conversion: instructions between float16 and float32.
        half_arithmetic: instructions that compute in float16.
    """

    architecture: Architecture
    vector_bits: int
    fma: bool
    rounding: bool
    minmax: bool
    mask_registers: bool
    gather: bool
    masked_bytes: int
    half_conversion: bool
    half_arithmetic: bool


@lru_cache(maxsize=64)
def capabilities(target: Target) -> Capabilities:
    """The facts of a target.

    Errors: G122 an architecture without a code generator.
    """
    architecture = target.architecture
    if target.kind != "cpu" or architecture not in ("x86_64", "aarch64"):
        raise TargetError(
            "G122",
            f"no CPU code for {architecture}",
            why=("code is generated for x86-64 and AArch64",),
            hint=('td.build(s, target="interpret")',),
        )
    features = target.feature_set
    arm = architecture == "aarch64"
    wide = "avx512f" in features and "avx512bw" in features and "avx512vl" in features
    return Capabilities(
        architecture="aarch64" if arm else "x86_64",
        vector_bits=target.vector_bits,
        fma=target.has_fma,
        rounding=arm or "sse4.1" in features,
        minmax=arm,
        mask_registers=wide,
        gather=wide,
        masked_bytes=1 if wide else 4 if "avx" in features else 16,
        half_conversion=arm or "f16c" in features,
        half_arithmetic="fullfp16" in features or "avx512fp16" in features,
    )
