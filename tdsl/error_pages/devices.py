"""Pages of the codes of running CUDA builds: G16x (how), C13x (launches), T11x (what is missing)."""

from __future__ import annotations

from tdsl.error_pages.page import ErrorPage
from tdsl.error_pages.programs import SCALE
from tdsl.errors import ArgumentError, CallError, CallMemoryError, CallValueError, MissingTool, TargetError

PAGES: tuple[ErrorPage, ...] = (
    ErrorPage(
        "G160",
        ArgumentError,
        "no such way to run a kernel",
        'A kernel runs where its target says; `run="emulate"` runs the CUDA C of a cuda target on this CPU.',
        SCALE + 'td.build(td.schedule(y), run="fast")',
        SCALE + "td.build(td.schedule(y))",
    ),
    ErrorPage(
        "G161",
        TargetError,
        "hazards of a kernel that is not emulated",
        "Only the emulator sees every access of every thread, and races between them.",
        SCALE + 'td.build(td.schedule(y)).hazards(np.ones(1000000, "float32"))',
        SCALE + 'td.build(td.schedule(y))(np.ones(1000000, "float32"))',
    ),
    ErrorPage(
        "G162",
        TargetError,
        "emulating a kernel that is no CUDA kernel",
        "The emulator runs CUDA C. A kernel for a CPU runs as it is.",
        SCALE + 'td.build(td.schedule(y), target="cpu", run="emulate")',
        SCALE + 'td.build(td.schedule(y), target="cpu")',
    ),
    ErrorPage(
        "G163",
        ArgumentError,
        "devices of another kind",
        "Devices that are asked for are CUDA's; the CPU is always there.",
        'td.devices("rocm")',
        'td.devices("cuda")',
    ),
    ErrorPage(
        "G164",
        TargetError,
        "a CUDA kernel of another architecture than the device",
        "Machine code runs on devices of its major compute capability and no lower a minor one; `sm_90a` and the like on "
        'that version only. `td.devices("cuda")` has the target of each device.',
    ),
    ErrorPage(
        "G165",
        TargetError,
        "the time of an emulated kernel",
        "Emulation runs one thread after another and watches each access. What can be known without a device is what its "
        "accesses move and what its code needs: `f.hazards`, `f.resources`.",
    ),
    ErrorPage(
        "C130",
        CallValueError,
        "more blocks than a device launches",
        "A grid has at most 2^31 - 1 blocks in x and 65535 in y and in z. The sizes of the call ask for more.",
    ),
    ErrorPage(
        "C131",
        CallError,
        "a device error",
        "The CUDA driver reports an error. Errors of a running kernel come with a later call, because calls do not wait; "
        "`TDSL_CUDA_SYNC=1` in the environment waits after each launch.",
    ),
    ErrorPage(
        "C132",
        CallMemoryError,
        "no device memory",
        "Arrays of NumPy are copied to the device for the call, and intermediates live there.",
    ),
    ErrorPage(
        "C133",
        CallValueError,
        "an output in device memory that steps by less than its elements",
        "Kernels step by whole elements. Such inputs are copied, an output cannot be.",
    ),
    ErrorPage(
        "C134",
        CallValueError,
        "arrays on more than one device",
        "A call runs on one device, that of its arrays.",
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
    ErrorPage(
        "T112",
        MissingTool,
        "no CUDA driver",
        "CUDA kernels run through libcuda.so.1, which NVIDIA's driver installs; `TDSL_LIBCUDA` names another place. "
        'Without a device, `td.build(s, target=…, run="emulate")` runs the same CUDA C on the CPU.',
    ),
    ErrorPage(
        "T113",
        MissingTool,
        "a CUDA driver without a device",
        "The driver is installed but does not start, or shows no device to this process (`CUDA_VISIBLE_DEVICES`).",
    ),
)
