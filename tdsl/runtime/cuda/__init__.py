"""Kernels on a GPU through the CUDA driver, and the same CUDA C emulated on the CPU with every access checked."""
