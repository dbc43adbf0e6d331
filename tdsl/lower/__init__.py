"""Nests to Loop IR: nodes, text both ways, verifier, interpreter, passes; no isl, no LLVM."""
