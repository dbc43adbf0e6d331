"""A driver library for machines without one: tests/support/stand_in_driver.c compiled, and what it says it was asked."""

import ctypes
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tdsl.codegen.cuda.artifact import CudaArtifact, CudaBody
from tdsl.codegen.interface import Interface
from tdsl.runtime.cuda.device_run import OnDevice
from tdsl.runtime.cuda.emulated_code import EmulatedLibrary

SOURCE = Path(__file__).with_name("stand_in_driver.c")


@dataclass
class StandIn:
    """One library, loaded apart from all others, so that no test sees another's errors."""

    path: Path

    @property
    def library(self) -> ctypes.CDLL:
        """The same one that tdsl loads: one path is one library in a process."""
        return ctypes.CDLL(str(self.path))

    def log(self) -> list[str]:
        """The calls since the last time."""
        ask = self.library.stand_in_log
        ask.restype = ctypes.c_char_p
        return ask().decode().splitlines()

    def live(self) -> int:
        """Blocks of device memory that nobody freed."""
        return self.library.stand_in_live()


def compiled(folder: Path) -> Path:
    """The library. A C compiler comes with the C++ compiler that the tests ask for."""
    made = folder / "libcuda.so.1"
    found = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))))
    subprocess.run(
        [found, "-shared", "-fPIC", "-Wall", "-Werror", "-o", str(made), str(SOURCE), "-ldl"], check=True
    )
    return made


def use(monkeypatch: pytest.MonkeyPatch, library: Path, folder: Path, **environment: object) -> StandIn:
    """A copy of the library as the driver of this test. environment: STAND_IN_… settings."""
    own = folder / "libcuda-own.so.1"
    shutil.copy(library, own)
    monkeypatch.setenv("TDSL_LIBCUDA", str(own))
    for name, value in environment.items():
        monkeypatch.setenv(f"STAND_IN_{name}", str(value))
    return StandIn(own)


def image(body: CudaBody) -> bytes:
    """What the stand-in runs in place of machine code: the body as the emulator has it."""
    return EmulatedLibrary(body, "a test").code


def on_device(artifact: CudaArtifact, interface: Interface) -> OnDevice:
    """Runs a build with the stand-in's images."""
    return OnDevice(artifact, interface, image)
