"""Choices that are recorded in what is declared (`td.options`), and the environment switches of a process.

In: `with td.options(contract=False): …` and variables named ``TDSL_…``. Out: a frozen `Options` value that a stage
keeps as part of its identity (semantics D8), and typed answers about the environment. No schedule changes an option.
"""

from __future__ import annotations

import os
from contextvars import ContextVar, Token
from dataclasses import fields, replace

from tdsl.records import dataclass

from .errors import ArgumentError, ArgumentTypeError, near_names
from .location import here, hide_internal_frames


@dataclass(frozen=True, slots=True)
class Options:
    """How the expressions of a stage are read.

    Fields:
        fast_math: floats may be reassociated and NaN, infinities and signs of zero ignored. Off: strict IEEE 754.
        contract: a product that is directly an operand of + or - is fused with it (semantics D5). On by default.
    """

    fast_math: bool = False
    contract: bool = True

    def text(self) -> str:
        """What differs from the defaults, as the user writes it: ``"contract=False"``; empty where nothing does."""
        default = Options()
        changed = (
            field.name for field in fields(self) if getattr(self, field.name) != getattr(default, field.name)
        )
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in changed)

    def to_data(self) -> dict[str, bool]:
        """The fields as plain data for JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @staticmethod
    def from_data(data: dict[str, bool]) -> Options:
        """The value of `to_data`. Errors: E121 an unknown option; E122 a value that is not a bool."""
        return Options(**_checked(dict(data)))


_current: ContextVar[Options] = ContextVar("tdsl_options", default=Options())  # noqa: B039 (a frozen value)


def current_options() -> Options:
    """The options that a declaration made now records."""
    return _current.get()


class options:  # noqa: N801 (used as a verb: `with td.options(…)`)
    """Options for what is declared inside a `with` block; blocks nest, inner ones change what they name.

    Args: the fields of `Options`, by name.

    Errors: E121 an unknown option; E122 a value that is not a bool.
    """

    @hide_internal_frames
    def __init__(self, **changes: object) -> None:
        self._changes = _checked(changes)
        self._tokens: list[Token[Options]] = []

    @staticmethod
    def current() -> Options:
        """The options in force."""
        return _current.get()

    def __enter__(self) -> Options:
        value = replace(_current.get(), **self._changes)
        self._tokens.append(_current.set(value))
        return value

    def __exit__(self, *exception: object) -> None:
        _current.reset(self._tokens.pop())


def _checked(changes: dict[str, object]) -> dict[str, bool]:
    known = [field.name for field in fields(Options)]
    checked: dict[str, bool] = {}
    for name, value in changes.items():
        if name not in known:
            raise ArgumentError(
                "E121",
                f"there is no option {name!r}",
                where=here(),
                why=("options: " + ", ".join(f"{option}={getattr(Options(), option)}" for option in known),),
                hint=tuple(f"td.options({option}={value!r})" for option in near_names(name, known, count=1)),
            )
        if not isinstance(value, bool):
            raise ArgumentTypeError(
                "E122",
                f"option {name} is True or False, not {value!r}",
                where=here(),
                hint=(f"{name}=True", f"{name}=False"),
            )
        checked[name] = value
    return checked


# environment switches

SWITCHES: dict[str, str] = {
    "TDSL_TIME": "1: print where the time of each build goes",
    "TDSL_NUM_THREADS": "how many threads parallel loops use (read by tdsl/runtime/pool.py)",
    "TDSL_FULL_TRACEBACK": "1: keep tdsl's own frames in tracebacks (read by tdsl/location.py)",
    "TDSL_CACHE": "0: keep no machine code on disk and read none",
    "TDSL_CACHE_DIR": "the folder of compiled kernels; $XDG_CACHE_HOME/tdsl or ~/.cache/tdsl by default",
    "TDSL_NVRTC": "the NVRTC library to compile CUDA C with; else that of the package nvidia-cuda-nvrtc",
    "TDSL_NVDISASM": "the disassembler for CUDA images; else that of the package nvidia-cuda-nvdisasm",
    "TDSL_CACHE_MB": "how large that folder may grow, in 10^6 bytes; 500 by default",
    "TDSL_LIBCUDA": "the CUDA driver's library; libcuda.so.1 by default",
    "TDSL_CUDA_SYNC": "1: wait after each launch of a CUDA kernel, so that a device error names its kernel",
}
"""Every environment variable that tdsl reads, with its meaning."""


def nvrtc_library() -> str | None:
    """The path that ``TDSL_NVRTC`` gives."""
    return os.environ.get("TDSL_NVRTC", "").strip() or None


def nvdisasm_program() -> str | None:
    """The path that ``TDSL_NVDISASM`` gives."""
    return os.environ.get("TDSL_NVDISASM", "").strip() or None


def time_builds() -> bool:
    """Whether ``TDSL_TIME`` asks for a table of build times."""
    return _is_on("TDSL_TIME")


def full_traceback() -> bool:
    """Whether ``TDSL_FULL_TRACEBACK`` asks for tdsl's own frames."""
    return _is_on("TDSL_FULL_TRACEBACK")


def cache_directory() -> str | None:
    """The folder of compiled kernels; None where ``TDSL_CACHE=0`` or nothing says where it is."""
    if os.environ.get("TDSL_CACHE", "") == "0":
        return None
    named = os.environ.get("TDSL_CACHE_DIR", "")
    if named:
        whole = os.path.expanduser(named)
        return None if whole.startswith("~") else os.path.join(os.getcwd(), whole)
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # the base directory specification: a relative path there is to be ignored
        base = os.path.expanduser("~/.cache")
    return f"{base}/tdsl" if os.path.isabs(base) else None  # a user without a home


def cache_limit_bytes() -> int:
    """How large the folder may grow. Errors: C122 ``TDSL_CACHE_MB`` is no positive integer."""
    named = os.environ.get("TDSL_CACHE_MB", "").strip()
    if not named:
        return 500_000_000
    if not named.isdecimal() or int(named) == 0:
        raise ArgumentError("C122", f"TDSL_CACHE_MB is a positive integer, not {named[:40]!r}", where=here())
    return int(named) * 1_000_000


def _is_on(name: str) -> bool:
    return os.environ.get(name, "0") not in ("", "0")


def cuda_driver_library() -> str:
    """The name or path of the CUDA driver's library: ``TDSL_LIBCUDA``, else the name that every driver installs."""
    return os.environ.get("TDSL_LIBCUDA", "") or "libcuda.so.1"


def cuda_waits() -> bool:
    """Whether each launch is waited for (``TDSL_CUDA_SYNC=1``), so that an error names its kernel."""
    return _is_on("TDSL_CUDA_SYNC")
