"""Loop IR -> CUDA C, and NVRTC: kernels for NVIDIA GPUs, compiled with nothing but a wheel from PyPI."""
