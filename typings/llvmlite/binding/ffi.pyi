"""The lock around every call into LLVM (in llvmlite both names have an underscore), and what owns an LLVM object."""

class LLVMLock:
    def __enter__(self) -> None: ...
    def __exit__(self, *exc_details: object) -> None: ...

class _Library:
    _lock: LLVMLock

lib: _Library

class ObjectRef:
    def close(self) -> None: ...
    @property
    def closed(self) -> bool: ...
