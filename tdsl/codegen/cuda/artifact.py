"""What CUDA code generation hands to the runtime: texts, launches and their arguments as one frozen value.

A build has two bodies: "contiguous" for row-major arrays whose first element is 16-byte aligned and whose sizes fit
32-bit arithmetic, "general" for everything else; a call uses one of them for all its launches (semantics C7). Nothing
in here is compiled: NVRTC does that when images are asked for (codegen/cuda/nvrtc.py), or a C++ compiler for emulation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, cast

from tdsl.codegen.formula import Formula
from tdsl.errors import FormatError, InternalError

BodyKind = Literal["contiguous", "general"]
ParameterKind = Literal["array", "stride", "size", "scalar"]

FORMAT = 1
"""Version of these values as JSON."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a kernel.

    Args:
        kind: array: a pointer to the first element; stride: of dim `dim` of the array `name`, in elements, int64; size:
            a size symbol as `dtype`; scalar: a `td.param` by value (float16 and bfloat16 as their 16 bits).
        name: of the argument, intermediate, size or param.
        dtype: of the elements, or of the value.
    """

    kind: ParameterKind
    name: str
    dtype: str
    dim: int = 0


@dataclass(frozen=True, slots=True)
class CudaLaunch:
    """One kernel and how it is launched.

    Args:
        symbol: of the function in the source and in the compiled image.
        grid: blocks in x, y, z over sizes and params; where one is not positive, nothing is launched.
        block: threads in x, y, z.
        dynamic_shared_bytes: to be asked for at the launch; more than 48 KiB needs the function's attribute set.
        reads, writes: arguments and intermediates that it touches.
    """

    symbol: str
    grid: tuple[Formula, Formula, Formula]
    block: tuple[int, int, int]
    dynamic_shared_bytes: int
    parameters: tuple[Parameter, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]

    @property
    def threads(self) -> int:
        """Threads of a block."""
        return self.block[0] * self.block[1] * self.block[2]


@dataclass(frozen=True, slots=True)
class CudaBody:
    """One version of the whole build.

    Args:
        source: CUDA C of all its kernels; includes no header.
        launches: in the order in which they run.
        conditions: over sizes and params; all must hold for this body to be used.
    """

    kind: BodyKind
    source: str
    launches: tuple[CudaLaunch, ...]
    conditions: tuple[Formula, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceBuffer:
    """An intermediate in global memory: row-major, fresh for each call, contents undefined at its start."""

    name: str
    dtype: str
    extents: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class CudaArtifact:
    """A build for one GPU architecture.

    Args:
        name: of the kernel, as the user knows it.
        architecture: "sm_90".
        bodies: the contiguous one first.
        buffers: intermediates that the launches share.
    """

    name: str
    architecture: str
    bodies: tuple[CudaBody, ...]
    buffers: tuple[DeviceBuffer, ...] = ()

    def body(self, kind: BodyKind) -> CudaBody:
        """The body of a kind."""
        for body in self.bodies:
            if body.kind == kind:
                return body
        raise InternalError(f"kernel {self.name} has no {kind} body", pass_name="codegen.cuda")

    def chosen(self, known: Mapping[str, int | float | bool], *, contiguous: bool) -> CudaBody:
        """The body for a call. known: sizes and params; contiguous: all arrays are, and 16-byte aligned."""
        body = self.body("contiguous")
        if contiguous and all(condition.value(known) for condition in body.conditions):
            return body
        return self.body("general")

    @property
    def hash(self) -> str:
        """64 hex digits that tell one build from another; the same in every process."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """One line of JSON; `from_json` gives an equal value."""
        return json.dumps({"format": FORMAT, **asdict(self)}, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> CudaArtifact:
        """The value that `to_json` wrote. Errors: C120 anything else."""
        try:
            return _artifact(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as wrong:
            raise FormatError(
                "C120", "this describes no CUDA kernel", why=[f"{type(wrong).__name__}: {wrong}"]
            ) from None


_Record = dict[str, object]


def _artifact(data: object) -> CudaArtifact:
    record = cast(_Record, data)
    if record["format"] != FORMAT:
        raise ValueError(f"format {record['format']!r}, tdsl reads {FORMAT}")
    buffers = tuple(
        DeviceBuffer(str(one["name"]), str(one["dtype"]), _formulas(one["extents"]))
        for one in _records(record["buffers"])
    )
    bodies = tuple(_body(one) for one in _records(record["bodies"]))
    return CudaArtifact(str(record["name"]), str(record["architecture"]), bodies, buffers)


def _body(record: _Record) -> CudaBody:
    kind = record["kind"]
    if kind not in ("contiguous", "general"):
        raise ValueError(f"body {kind!r}")
    launches = tuple(_launch(one) for one in _records(record["launches"]))
    return CudaBody(kind, str(record["source"]), launches, _formulas(record["conditions"]))


def _launch(record: _Record) -> CudaLaunch:
    x, y, z = _formulas(record["grid"])
    tx, ty, tz = cast("list[int]", record["block"])
    parameters = tuple(
        Parameter(
            cast(ParameterKind, str(one["kind"])),
            str(one["name"]),
            str(one["dtype"]),
            int(cast(int, one["dim"])),
        )
        for one in _records(record["parameters"])
    )
    reads, writes = (tuple(map(str, cast("list[object]", record[key]))) for key in ("reads", "writes"))
    dynamic = int(cast(int, record["dynamic_shared_bytes"]))
    return CudaLaunch(str(record["symbol"]), (x, y, z), (tx, ty, tz), dynamic, parameters, reads, writes)


def _formulas(value: object) -> tuple[Formula, ...]:
    found: list[Formula] = []
    for one in _records(value):
        terms = cast("list[tuple[str, int]] | None", one["terms"])
        pairs = None if terms is None else tuple((str(name), int(factor)) for name, factor in terms)
        formula = Formula(str(one["text"]), pairs, int(cast(int, one["constant"])))
        _ = formula.tree  # refuses text that is no formula now, not at a call
        found.append(formula)
    return tuple(found)


def _records(value: object) -> list[_Record]:
    return cast("list[_Record]", value)
