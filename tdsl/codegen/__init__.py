"""Code generation: Loop IR in, LLVM IR text, object code and the calling convention out."""
