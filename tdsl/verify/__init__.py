"""Checks of this machine's devices: the CUDA test matrix run on them and compared with the CPU; the public API only."""

from tdsl.verify.run import verify_cuda

__all__ = ["verify_cuda"]
