"""Machine code of a GPU as text, through NVIDIA's disassembler; an image in, SASS out.

`nvdisasm` comes with the extra `tdsl[cuda-dev]`; `TDSL_NVDISASM` names another one.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from tdsl.codegen.cuda.nvrtc import packaged
from tdsl.errors import MissingTool
from tdsl.settings import nvdisasm_program


def disassembled(cubin: bytes) -> str:
    """SASS of all kernels of an image. Errors: T105 no disassembler that runs."""
    program = _program()
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        try:
            done = subprocess.run([program, "-c", file.name], capture_output=True, text=True, check=False)
        except OSError as reason:
            raise MissingTool(
                "T105",
                "nvdisasm cannot be run",
                why=[f"{Path(program).name}: {reason.strerror}"],
                extra="cuda-dev",
            ) from None
    if done.returncode:
        raise MissingTool(
            "T105", "nvdisasm did not read the image", why=done.stderr.splitlines()[:3], extra="cuda-dev"
        )
    return done.stdout


def _program() -> str:
    found = nvdisasm_program() or next((str(one) for one in packaged("cu13/bin/nvdisasm")), None)
    found = found or shutil.which("nvdisasm")
    if found is None or not Path(found).exists():
        raise MissingTool(
            "T105", "nvdisasm, which shows machine code of a GPU, is not installed", extra="cuda-dev"
        )
    return found
