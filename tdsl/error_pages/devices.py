"""Pages of the codes of running CUDA builds: G13x (how), C13x (launches), T11x (what is missing)."""

from __future__ import annotations

from tdsl.error_pages.page import ErrorPage
from tdsl.error_pages.programs import SCALE
from tdsl.errors import ArgumentError, CallValueError, MissingTool, TargetError

PAGES: tuple[ErrorPage, ...] = (
    ErrorPage(
        "G130",
        ArgumentError,
        "no such way to run a kernel",
        'A kernel runs where its target says; `run="emulate"` runs the CUDA C of a cuda target on this CPU.',
        SCALE + 'td.build(td.schedule(y), run="fast")',
        SCALE + "td.build(td.schedule(y))",
    ),
    ErrorPage(
        "G131",
        TargetError,
        "hazards of a kernel that is not emulated",
        "Only the emulator sees every access of every thread, and races between them.",
        SCALE + 'td.build(td.schedule(y)).hazards(np.ones(1000000, "float32"))',
        SCALE + 'td.build(td.schedule(y))(np.ones(1000000, "float32"))',
    ),
    ErrorPage(
        "G132",
        TargetError,
        "emulating a kernel that is no CUDA kernel",
        "The emulator runs CUDA C. A kernel for a CPU runs as it is.",
        SCALE + 'td.build(td.schedule(y), target="cpu", run="emulate")',
        SCALE + 'td.build(td.schedule(y), target="cpu")',
    ),
    ErrorPage(
        "C130",
        CallValueError,
        "more blocks than a device launches",
        "A grid has at most 2^31 - 1 blocks in x and 65535 in y and in z. The sizes of the call ask for more.",
    ),
    ErrorPage(
        "T110",
        MissingTool,
        "no C++ compiler",
        "Emulation compiles the emitted CUDA C with the first C++ compiler found: `CXX`, c++, g++ or clang++.",
    ),
    ErrorPage(
        "T111",
        MissingTool,
        "a C++ compiler that does not build the emulator",
        "The emulator is C++17 with the hooks of -fsanitize=thread, which g++ 10 and clang++ 12 have.",
    ),
)
