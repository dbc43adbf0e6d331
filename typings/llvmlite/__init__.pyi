"""Types of the part of llvmlite 0.50 that tdsl uses."""

__version__: str
