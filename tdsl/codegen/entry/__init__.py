"""The entry that CPython calls: an Interface in, LLVM IR text out that checks a call's arguments and runs a body."""
