"""Running kernels: objects and arrays in, results out; threads, scratch memory, timing, the machine itself."""
