"""The machine that a kernel is made for, as a frozen value: kind, CPU name, features, triple, and what follows.

In: a spelling ("cpu", "interpret", "cpu:x86-64-v3", "cpu:aarch64", "cuda:sm_90") or `Target("cpu", mcpu="znver4")`.
Out: a `Target` that compares, pickles and goes to JSON by value, and answers vector width and FMA from tables, without
LLVM. The host's own CPU name and features come through one slot (`register_host`), filled by the code generator's
side; where nothing is registered, Linux's /proc/cpuinfo answers.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Literal, cast

from tdsl.records import dataclass

from .dtypes import DType
from .errors import ArgumentTypeError, InternalError, SourcePosition, TargetError, near_names
from .location import here

Kind = Literal["cpu", "interpret", "cuda"]

# Features that each level adds, in LLVM's names. Source: x86-64 psABI 1.0, table 3.1 (micro-architecture levels).
_X86_V1 = ("cmov", "cx8", "fxsr", "mmx", "sse", "sse2")
_X86_V2 = (*_X86_V1, "cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3")
_X86_V3 = (*_X86_V2, "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave")
_X86_V4 = (*_X86_V3, "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl")
# Armv8-A: Advanced SIMD and floating point are mandatory for Linux user space. Source: Arm ARM DDI 0487, A1.3 and A2.
_ARM_V8 = ("fp-armv8", "neon")
_ARM_V82 = (*_ARM_V8, "crc", "dotprod", "fullfp16", "lse", "rdm")


def _cpus(names: str, features: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(names.split(), features)


# The least that each CPU has, in the levels above. Source: LLVM 22, X86.td and AArch64Processors.td.
_CPUS: dict[str, dict[str, tuple[str, ...]]] = {
    "x86_64": {
        **_cpus("x86-64 generic core2", _X86_V1),
        **_cpus("x86-64-v2 nehalem westmere goldmont tremont", _X86_V2),
        "sandybridge": (*_X86_V2, "avx", "xsave"),
        "ivybridge": (*_X86_V2, "avx", "f16c", "xsave"),
        **_cpus("x86-64-v3 haswell broadwell skylake alderlake raptorlake meteorlake", _X86_V3),
        **_cpus("arrowlake gracemont sierraforest znver1 znver2 znver3", _X86_V3),
        **_cpus("x86-64-v4 skylake-avx512 cascadelake cooperlake cannonlake", _X86_V4),
        **_cpus("icelake-client icelake-server tigerlake rocketlake", _X86_V4),
        **_cpus("sapphirerapids emeraldrapids graniterapids znver4 znver5", _X86_V4),
    },
    "aarch64": {
        **_cpus("generic cortex-a53 cortex-a57 cortex-a72", _ARM_V8),
        **_cpus("cortex-a76 cortex-a78 neoverse-n1 neoverse-n2 neoverse-n3", _ARM_V82),
        **_cpus("neoverse-v1 neoverse-v2 neoverse-v3", _ARM_V82),
        **_cpus("apple-m1 apple-m2 apple-m3 apple-m4", _ARM_V82),
    },
}

# Feature -> what it needs; removing one removes what needs it. Source: LLVM 22, X86.td and AArch64Features.td.
_NEEDS: dict[str, tuple[str, ...]] = {
    "sse": (), "sse2": ("sse",), "sse3": ("sse2",), "ssse3": ("sse3",), "sse4.1": ("ssse3",), "sse4.2": ("sse4.1",),
    "avx": ("sse4.2",), "avx2": ("avx",), "f16c": ("avx",), "fma": ("avx",), "avxvnni": ("avx2",),
    "avx512f": ("avx2", "f16c", "fma"), "avx512cd": ("avx512f",), "avx512dq": ("avx512f",), "avx512bw": ("avx512f",),
    "avx512vl": ("avx512f",), "avx512vnni": ("avx512f",), "avx512bf16": ("avx512bw",), "avx512ifma": ("avx512f",),
    "avx512vbmi": ("avx512bw",), "avx512vbmi2": ("avx512bw",), "avx512bitalg": ("avx512bw",),
    "avx512vpopcntdq": ("avx512f",), "avx512fp16": ("avx512bw", "avx512dq", "avx512vl"),
    "neon": ("fp-armv8",), "dotprod": ("neon",), "fullfp16": ("fp-armv8",), "rdm": ("neon",), "bf16": ("neon",),
    "i8mm": ("neon",), "sve": ("fullfp16", "neon"), "sve2": ("sve",),
}  # fmt: skip

_CPU_LISTING = "/proc/cpuinfo"

_CPU_FLAGS = {
    "pni": "sse3", "sse4_1": "sse4.1", "sse4_2": "sse4.2", "abm": "lzcnt", "bmi1": "bmi", "lahf_lm": "sahf",
    "asimd": "neon", "fp": "fp-armv8", "asimddp": "dotprod", "fphp": "fullfp16", "asimdrdm": "rdm", "atomics": "lse",
    "crc32": "crc", "avx_vnni": "avxvnni",
}  # fmt: skip
"""/proc/cpuinfo's names that differ from LLVM's. Source: Linux arch/x86/include/asm/cpufeatures.h, arm64 cpuinfo.c."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a kernel is made for.

    Args:
        kind: "cpu", "interpret" (the Loop IR interpreter) or "cuda"; a spelling such as "cpu:x86-64-v3" is taken apart.
        mcpu: the CPU's name in LLVM ("znver4", "x86-64-v3", "generic") or "sm_90"; None: the host's.
        features: LLVM feature names added to the CPU's ("avx512bf16"), or taken away ("-avx512f", with what needs it).
        triple: LLVM's target triple; None: the host's, or the usual one of the CPU's architecture.

    Errors: G101 unknown kind; G102 unknown CPU; G103 CPU and triple of different architectures; G104 odd features;
            G106 details that this kind does not have.
    """

    kind: Kind = "cpu"
    mcpu: str | None = None
    features: tuple[str, ...] = ()
    triple: str | None = None

    def __post_init__(self) -> None:
        kind, mcpu, triple = _take_apart(self.kind, self.mcpu, self.triple)
        features = _checked_features(self.features)
        if kind == "cpu":
            mcpu, triple = _checked_cpu(mcpu, features, triple)
        elif features or triple is not None or (kind == "interpret" and mcpu is not None):
            _refuse_details(kind)
        for name, value in (("kind", kind), ("mcpu", mcpu), ("features", features), ("triple", triple)):
            object.__setattr__(self, name, value)

    # what was asked for

    @property
    def is_host(self) -> bool:
        """Whether CPU and architecture are left to the machine that builds."""
        return self.kind == "cpu" and self.mcpu is None and self.triple is None

    @property
    def spelling(self) -> str:
        """The short form: ``"cpu"``, ``"cpu:znver4"``, ``"cpu:aarch64"``, ``"cuda:sm_90"``; features are not in it."""
        if self.mcpu is None:
            return self.kind
        return f"{self.kind}:{self.architecture if self.mcpu == 'generic' else self.mcpu}"

    # what follows

    def resolved(self) -> Target:
        """The target with every field filled: the host's name, features and triple where they were left open."""
        if self.kind != "cpu" or not self.is_host:
            return self
        found = _host()
        named = {name.removeprefix("-") for name in self.features}
        kept = (name for name in found.features if name.removeprefix("-") not in named)
        return Target("cpu", found.mcpu, (*kept, *self.features), found.triple)

    @property
    def architecture(self) -> str:
        """``"x86_64"``, ``"aarch64"``, ``"nvptx64"``, or what else the triple starts with."""
        if self.kind == "cuda":
            return "nvptx64"
        triple = self.resolved().triple
        return _architecture_of(triple) if triple else host_architecture()

    @property
    def feature_set(self) -> frozenset[str]:
        """Every LLVM feature that code may use: the CPU's by table, plus and minus `features`."""
        if self.kind == "interpret":
            return (
                Target().feature_set
            )  # natural widths as on this machine: the interpreter has none of its own
        if self.kind == "cuda":
            return frozenset()
        filled = self.resolved()
        return _effective(_CPUS.get(filled.architecture, {}).get(filled.mcpu or "", ()), filled.features)

    def has(self, feature: str) -> bool:
        """Whether code for this target may use an LLVM feature, such as ``"avx512f"``."""
        return feature in self.feature_set

    @property
    def vector_bits(self) -> int:
        """Bits of the widest vector register: 512, 256 or 128; 128 for one CUDA thread (its widest access)."""
        features = self.feature_set
        if "avx512f" in features:
            return 512
        return 256 if "avx2" in features else 128

    def lanes(self, dtype: DType) -> int:
        """Elements of a dtype in one vector register (a bool counts as a byte)."""
        return self.vector_bits // (8 * dtype.bytes)

    @property
    def vector_registers(self) -> int:
        """Architectural vector registers: 32 on AVX-512 and AArch64, else 16 (Intel SDM, Arm ARM)."""
        return 32 if self.architecture != "x86_64" or self.has("avx512f") else 16

    @property
    def has_fma(self) -> bool:
        """Whether the machine multiplies and adds with one rounding; if not, contraction does not happen (D5)."""
        return self.kind == "interpret" or self.architecture != "x86_64" or self.has("fma")

    @property
    def vector_isa(self) -> str:
        """The name of the widest vector extension: "AVX-512", "AVX2", "AVX", "SSE4.2", "SSE2", "NEON", "PTX"."""
        if self.kind == "cuda":
            return "PTX"
        table = (
            ("avx512f", "AVX-512"),
            ("avx2", "AVX2"),
            ("avx", "AVX"),
            ("sse4.2", "SSE4.2"),
            ("neon", "NEON"),
        )
        return next((name for feature, name in table if self.has(feature)), "SSE2")

    # text and data

    def __str__(self) -> str:
        """CPU, vectors, and whether products are contracted: ``cpu x86_64 znver4: AVX-512, …``."""
        if self.kind == "interpret":
            return f"interpret: Loop IR, one element at a time; {self._contraction()}"
        filled = self.resolved()
        if self.kind == "cuda":
            return f"cuda {self.mcpu or '(the device found)'}: {self._contraction()}"
        # The host's name in LLVM is not shown: it is known only once a kernel was built, and text must not change then.
        cpu = (
            f"{filled.architecture} (this machine)"
            if self.is_host
            else f"{filled.architecture} {filled.mcpu}"
        )
        lanes = filled.vector_bits // 32
        width = f"{filled.vector_isa}, {filled.vector_bits}-bit vectors ({lanes} float32)"
        return f"cpu {cpu}: {width}, {filled._contraction()}"

    def _contraction(self) -> str:
        if self.has_fma:
            return "x*y + z contracted to FMA"
        return "no FMA: x*y + z rounds twice, also inside functions"

    def __repr__(self) -> str:
        parts = [repr(self.kind)]
        if self.mcpu is not None:
            parts.append(f"mcpu={self.mcpu!r}")
        if self.features:
            parts.append(f"features={self.features!r}")
        if self.triple is not None and self.triple != _usual_triple(self.mcpu):
            parts.append(f"triple={self.triple!r}")
        return f"Target({', '.join(parts)})"

    def to_data(self) -> dict[str, object]:
        """Plain data for JSON: ``{"kind": "cpu", "mcpu": null, "features": [], "triple": null}``."""
        return {"kind": self.kind, "mcpu": self.mcpu, "features": list(self.features), "triple": self.triple}

    @staticmethod
    def from_data(data: Mapping[str, object]) -> Target:
        """The value of `to_data`. Errors: as the constructor's."""
        features = data.get("features", ())
        mcpu, triple = data.get("mcpu"), data.get("triple")
        return Target(
            cast("Kind", str(data.get("kind", "cpu"))),
            mcpu if mcpu is None else str(mcpu),
            tuple(map(str, cast("list[object]", features)))
            if isinstance(features, (list, tuple))
            else cast("tuple[str, ...]", features),
            triple if triple is None else str(triple),
        )


def as_target(given: object, *, where: SourcePosition | None = None) -> Target:
    """The target of a spelling or a `Target`; None is the host's.

    Errors: G101 unknown kind; G102 unknown CPU; G105 neither text nor a target.
    """
    if given is None:
        return Target()
    if isinstance(given, Target):
        return given
    if isinstance(given, str):
        return Target(cast("Kind", given))
    raise ArgumentTypeError(
        "G105",
        f"a target is a name or a td.Target, not {type(given).__name__}",
        where=where or here(),
        hint=('"cpu"', 'td.Target("cpu", mcpu="x86-64-v3")'),
    )


# the host


_host_slot: list[Callable[[], Target]] = []


def register_host(resolver: Callable[[], Target]) -> None:
    """Give the function that finds this machine's CPU name, features and triple; once, by the code generator's side.

    Errors: I999 where another one is registered already.
    """
    if _host_slot and _host_slot[0] is not resolver:
        raise InternalError("a second way to find the host's CPU", pass_name="target.register_host")
    _host_slot[:] = [resolver]
    _host.cache_clear()


@lru_cache(maxsize=1)
def _host() -> Target:
    if _host_slot:
        return _host_slot[0]()
    return Target(
        "cpu", None, tuple(sorted(_host_features())), f"{host_architecture()}-unknown-{_host_system()}"
    )


@lru_cache(maxsize=1)
def _host_features() -> frozenset[str]:
    """The features in the tables above that /proc/cpuinfo lists; elsewhere the least of the architecture."""
    architecture = host_architecture()
    least = _X86_V1 if architecture == "x86_64" else _ARM_V8 if architecture == "aarch64" else ()
    from pathlib import Path  # five milliseconds of `import tdsl` otherwise

    try:
        text = Path(_CPU_LISTING).read_text(encoding="ascii", errors="replace")
    except OSError:
        return frozenset(least)
    line = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    flags = line.group(1).split() if line else []
    named = {_CPU_FLAGS.get(flag, flag.replace("avx512_", "avx512")) for flag in flags}
    known = {*_NEEDS, *_X86_V4, *_ARM_V82}
    return frozenset(least) | (named & known)


def host_architecture() -> str:
    """``"x86_64"`` or ``"aarch64"`` on first-class machines, else what Python calls it."""
    machine = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)


def _host_system() -> str:
    return {"Linux": "linux-gnu", "Darwin": "darwin", "Windows": "windows-msvc"}.get(
        platform.system(), "unknown"
    )


# reading what was asked for


def _take_apart(kind: str, mcpu: str | None, triple: str | None) -> tuple[Kind, str | None, str | None]:
    """Check kind, CPU and triple; "cpu:NAME" gives NAME, "cpu:aarch64" the generic CPU of that architecture."""
    spelled = str(kind)
    family, colon, name = spelled.partition(":")
    if family not in ("cpu", "interpret", "cuda") or (colon and not name) or (name and family == "interpret"):
        near = near_names(spelled, ("cpu", "interpret", "cuda:sm_90"), count=1, cutoff=0.4)
        raise TargetError(
            "G101",
            f"there is no target {spelled!r}",
            where=here(),
            why=('targets: "cpu", "cpu:x86-64-v3", "cpu:aarch64", "interpret", "cuda:sm_90"',),
            hint=tuple(f'"{name}"' for name in near),
        )
    if name and mcpu not in (None, name):
        raise TargetError(
            "G103", f"the target {spelled!r} names a CPU and mcpu={mcpu!r} another", where=here()
        )
    mcpu = name or mcpu
    if family == "cuda":
        return "cuda", _checked_sm(mcpu), triple
    if family == "interpret":
        return "interpret", mcpu, triple
    if mcpu in ("aarch64", "arm64"):
        return "cpu", "generic", triple or "aarch64-unknown-linux-gnu"
    if mcpu in ("x86_64", "amd64"):
        return "cpu", "x86-64", triple or "x86_64-unknown-linux-gnu"
    return "cpu", mcpu, triple


def _checked_sm(mcpu: str | None) -> str | None:
    if mcpu is not None and not re.fullmatch(r"sm_[1-9][0-9]{1,2}[af]?", mcpu):
        raise TargetError(
            "G102", f"there is no CUDA architecture {mcpu!r}", where=here(), hint=('"cuda:sm_90"',)
        )
    return mcpu


def _checked_features(features: Iterable[str]) -> tuple[str, ...]:
    """Sorted, additions without "+" first; a feature both added and taken away is an error."""
    if not isinstance(features, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TargetError(
            "G104",
            f"features are a list of LLVM's names, not {features!r}",
            where=here(),
            hint=('features=("avx512bf16", "-avx512fp16")',),
        )
    entries = (features,) if isinstance(features, str) else tuple(features)
    names = {str(name).removeprefix("+") for name in entries}
    for name in sorted(names):
        if not re.fullmatch(r"-?[a-z][a-z0-9.-]*", name) or f"-{name}" in names:
            raise TargetError(
                "G104",
                f"features={tuple(entries)!r}: {name!r} "
                + ("is both added and taken away" if f"-{name}" in names else "is no LLVM feature name"),
                where=here(),
                hint=('features=("avx512bf16", "-avx512fp16")',),
            )
    return tuple(sorted(name for name in names if name[0] != "-")) + tuple(
        sorted(name for name in names if name[0] == "-")
    )


def _checked_cpu(
    mcpu: str | None, features: tuple[str, ...], triple: str | None
) -> tuple[str | None, str | None]:
    """CPU and triple of a "cpu" target: the one left open follows from the other; both open is the host."""
    if triple is not None:
        architecture = _architecture_of(triple)
        mcpu = mcpu or {"x86_64": "x86-64"}.get(architecture, "generic")
        own = _usual_triple(mcpu)
        if own is not None and _architecture_of(own) != architecture:
            raise TargetError(
                "G103",
                f"mcpu={mcpu!r} is a CPU of {_architecture_of(own)}, triple={triple!r} is not",
                where=here(),
                hint=(f'td.Target("cpu", mcpu={mcpu!r})', f'td.Target("cpu", triple={triple!r})'),
            )
        return mcpu, triple
    if mcpu is None:
        return None, None
    usual = _usual_triple(mcpu)
    if usual is None and not features and mcpu != "generic":
        raise _unknown_cpu(mcpu)
    # "generic", and a CPU that the tables lack but whose features are given, are taken to be of the host's kind.
    return mcpu, usual or f"{host_architecture()}-unknown-{_host_system()}"


def _usual_triple(mcpu: str | None) -> str | None:
    """The Linux triple of a CPU in the tables; None for others and for "generic", which every architecture has."""
    found = (architecture for architecture, cpus in _CPUS.items() if mcpu in cpus and mcpu != "generic")
    return next((f"{architecture}-unknown-linux-gnu" for architecture in found), None)


def _unknown_cpu(mcpu: str) -> TargetError:
    every = [name for cpus in _CPUS.values() for name in cpus]
    near = near_names(mcpu, every, cutoff=0.5)
    return TargetError(
        "G102",
        f"there is no CPU {mcpu!r} in tdsl's table",
        where=here(),
        why=("known: x86-64 x86-64-v2 x86-64-v3 x86-64-v4 aarch64, and CPU names as LLVM has them",),
        hint=(
            *(f'mcpu="{name}"' for name in near),
            f'mcpu="{mcpu}" with features=(…), where LLVM knows it and you know what it has',
        ),
    )


def _refuse_details(kind: str) -> None:
    allowed = "mcpu= only" if kind == "cuda" else "neither mcpu=, features= nor triple="
    raise TargetError("G106", f"a target of kind {kind!r} takes {allowed}", where=here())


def _architecture_of(triple: str) -> str:
    first = triple.split("-")[0]
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(first, first)


@lru_cache(maxsize=256)
def _effective(of_cpu: tuple[str, ...], features: tuple[str, ...]) -> frozenset[str]:
    """The CPU's features, plus what is added with all it needs, minus what is removed with all that needs it."""
    present: set[str] = set()
    waiting = [*of_cpu, *(name for name in features if name[0] != "-")]
    while waiting:
        name = waiting.pop()
        if name not in present:
            present.add(name)
            waiting += _NEEDS.get(name, ())
    removed = {name[1:] for name in features if name[0] == "-"}
    while True:
        dependent = {name for name in present if removed & {name, *_NEEDS.get(name, ())}} - removed
        if not dependent:
            return frozenset(present - removed)
        removed |= dependent
