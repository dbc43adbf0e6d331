"""A folder of bytes kept by key between processes: keys and bytes in; the same bytes or nothing out, never an exception.

What lies there is machine code that this process will run, so a folder or file that somebody else could have written is
not used: both belong to this user and nobody else may write them. An entry holds a digest of itself; a torn, cut or
changed one counts as absent. Writers make a file of their own and rename it, so readers see an entry whole or not at
all, and two writers of one key do no harm. A folder that is read-only, full or foreign is a cache that stores nothing.
Nothing is ever unpickled. Counterparts: ccache's and Numba's caches.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tdsl.digest import digest as digest_of
from tdsl.records import dataclass
from tdsl.settings import cache_directory, cache_limit_bytes

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC = b"tdsl cache 2\n"
"""Raise the number when the layout of an entry changes: magic, key, digest of the rest, label, payload."""

_ENTRY = re.compile(r"[0-9a-f]{64}\.entry")
_TEMPORARY = re.compile(r"[0-9a-f]{64}\.[0-9a-f]+\.new")
_ABANDONED_S = 3600.0
"""A writer's file older than that belongs to a process that died."""

_KEEP = 0.9
"""What is left of the limit after old entries went, so that not every write looks through the folder."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as `tdsl cache ls` shows it. used: seconds since the epoch when it was last read or written."""

    key: str
    bytes: int
    used: float


class CacheFolder:
    """A cache in one folder, which need not exist yet.

    Args:
        path: the folder; made with permissions for this user alone.
        limit_bytes: when entries take more, those used longest ago go.
    """

    def __init__(self, path: str | Path, limit_bytes: int) -> None:
        self._folder = os.fspath(path)
        self.limit_bytes = limit_bytes

    def __repr__(self) -> str:
        return f"<cache {self._folder}, at most {self.limit_bytes // 10**6} MB>"

    @property
    def path(self) -> Path:
        """The folder."""
        from pathlib import Path  # three milliseconds of a process that finds its kernel

        return Path(self._folder)

    # ------------------------------------------------------------ reading and writing
    def get(self, key: str) -> bytes | None:
        """The payload kept under a key (64 hex digits), or None."""
        try:
            with _opened(self._folder, make=False) as folder:
                found = _read(folder, f"{key}.entry")
                payload = None if found is None else _checked(found, key)
                if payload is not None:
                    _touch(folder, f"{key}.entry")
                return payload
        except OSError:
            return None

    def put(self, key: str, payload: bytes, label: str) -> bool:
        """Keep a payload; whether that worked. label: one line for people."""
        named = label.replace("\n", " ").encode() + b"\n"
        rest = named + payload
        digest = digest_of(rest).encode()
        try:
            with _opened(self._folder, make=True) as folder:
                _write(folder, key, b"".join((_MAGIC, key.encode(), b"\n", digest, b"\n", rest)))
                self._count(folder, len(rest))
                return True
        except OSError:
            return False

    def remove(self, key: str) -> None:
        """Forget an entry."""
        try:
            with _opened(self._folder, make=False) as folder:
                os.unlink(f"{key}.entry", dir_fd=folder)
        except OSError:
            pass

    # ------------------------------------------------------------ care
    def refusal(self) -> str | None:
        """Why the folder is not used, in words; None where it is, or does not exist yet."""
        try:
            with _opened(self._folder, make=False):
                return None
        except FileNotFoundError:
            return None
        except OSError as reason:
            return reason.strerror or str(reason)

    def entries(self) -> list[Entry]:
        """All entries, the one used last first."""
        try:
            with _opened(self._folder, make=False) as folder:
                return _entries(folder)
        except OSError:
            return []

    def label(self, key: str) -> str:
        """What an entry says it is; empty where it is damaged."""
        try:
            with _opened(self._folder, make=False) as folder:
                found = _read(folder, f"{key}.entry") or b""
        except OSError:
            return ""
        return "" if _checked(found, key) is None else found.split(b"\n", 4)[3].decode(errors="replace")

    def clear(self) -> int:
        """Remove all entries; how many went."""
        count = 0
        try:
            with _opened(self._folder, make=False) as folder:
                for entry in _entries(folder):
                    count += _unlink(folder, f"{entry.key}.entry")
                _sweep(folder, older_than_s=0.0)
        except OSError:
            pass
        return count

    def _count(self, folder: int, written: int) -> None:
        """Look through the folder with the first write of a process, then after each sixteenth of the limit."""
        spent = _written.get(self._folder)
        _written[self._folder] = (spent or 0) + written
        if spent is None or _written[self._folder] > self.limit_bytes // 16:
            _written[self._folder] = 0
            self._trim(folder)

    def _trim(self, folder: int) -> None:
        _sweep(folder, _ABANDONED_S)
        entries = _entries(folder)
        excess = sum(entry.bytes for entry in entries) - self.limit_bytes
        if excess <= 0:
            return
        excess += int(self.limit_bytes * (1 - _KEEP))
        for entry in reversed(entries):
            if excess <= 0:
                break
            _unlink(folder, f"{entry.key}.entry")
            excess -= entry.bytes


_written: dict[str, int] = {}


def cache_folder() -> CacheFolder | None:
    """The cache that the environment asks for; None where it is switched off or this user has no home."""
    path = cache_directory()
    return None if path is None else CacheFolder(path, cache_limit_bytes())


@contextmanager
def _opened(path: str, *, make: bool) -> Generator[int, None, None]:
    """The folder's descriptor, checked. Errors: OSError where it cannot or must not be used."""
    if make:
        os.makedirs(path, mode=0o700, exist_ok=True)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _check_owner(os.fstat(folder))
        yield folder
    finally:
        os.close(folder)


def _check_owner(found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise PermissionError(1, f"it belongs to user {found.st_uid}, not to this one")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(1, "others may write there")


def _read(folder: int, name: str) -> bytes | None:
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    with open(file, "rb") as stream:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            return None
        _check_owner(found)
        return stream.read()


def _checked(content: bytes, key: str) -> bytes | None:
    """The payload of an entry that is whole and for this key."""
    start = _MAGIC + key.encode() + b"\n"
    if not content.startswith(start) or len(content) < len(start) + 65:
        return None
    digest, rest = content[len(start) : len(start) + 64], content[len(start) + 65 :]
    if digest_of(rest).encode() != digest or b"\n" not in rest:
        return None
    return rest.partition(b"\n")[2]


def _write(folder: int, key: str, content: bytes) -> None:
    own = f"{key}.{os.urandom(8).hex()}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with open(os.open(own, flags, 0o600, dir_fd=folder), "wb") as stream:
            stream.write(content)
        os.replace(own, f"{key}.entry", src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        _unlink(folder, own)
        raise


def _touch(folder: int, name: str) -> None:
    try:
        os.utime(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        pass  # a read-only folder: nothing is thrown away there either


def _entries(folder: int) -> list[Entry]:
    found: list[Entry] = []
    for name in os.listdir(folder):
        if _ENTRY.fullmatch(name):
            try:
                info = os.stat(name, dir_fd=folder, follow_symlinks=False)
            except OSError:
                continue
            found.append(Entry(name[:64], info.st_size, info.st_mtime))
    return sorted(found, key=lambda entry: (-entry.used, entry.key))


def _sweep(folder: int, older_than_s: float) -> None:
    """Remove files of writers that died."""
    limit = time.time() - older_than_s
    for name in os.listdir(folder):
        if _TEMPORARY.fullmatch(name):
            try:
                if os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime <= limit:
                    os.unlink(name, dir_fd=folder)
            except OSError:
                continue


def _unlink(folder: int, name: str) -> bool:
    try:
        os.unlink(name, dir_fd=folder)
    except OSError:
        return False
    return True
