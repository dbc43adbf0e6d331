"""Digests of bytes: content in, 64 hex digits out, the same in every process.

BLAKE2b of 32 bytes (RFC 7693), from the module that the standard library's own is made of where that is there: hashlib
loads OpenSSL, 3 ms of a process that only looks for its kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hashlib import blake2b
else:
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b


class Hasher(Protocol):
    """Takes bytes, then gives their digest."""

    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


def hasher() -> Hasher:
    """A digest of nothing yet."""
    return blake2b(digest_size=32)


def digest(content: bytes) -> str:
    """The digest of bytes."""
    return blake2b(content, digest_size=32).hexdigest()
