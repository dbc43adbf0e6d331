"""The folder of compiled kernels: whole entries or none, whoever else reads, writes, breaks or owns it."""

import os
import random
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tdsl.runtime import cache_folder as module
from tdsl.runtime.cache_folder import CacheFolder, cache_folder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
KEY, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def folder(tmp_path):
    return CacheFolder(tmp_path / "deep" / "cache", 10_000)


def entry(folder, key=KEY):
    return folder.path / f"{key}.entry"


def test_what_was_put_is_got(folder):
    assert folder.get(KEY) is None and folder.entries() == [] and folder.refusal() is None
    for payload in (b"", b"\0\n\xff" * 100, b"again"):
        assert folder.put(KEY, payload, "a label\nof one line")
        assert folder.get(KEY) == payload and folder.label(KEY) == "a label of one line"
    assert (
        stat.S_IMODE(folder.path.stat().st_mode) == 0o700
        and stat.S_IMODE(entry(folder).stat().st_mode) == 0o600
    )
    assert folder.get(OTHER) is None
    folder.remove(KEY)
    folder.remove(KEY)
    assert folder.get(KEY) is None


def test_damaged_entries_count_as_absent(folder):
    payload = random.Random(1).randbytes(500)
    folder.put(KEY, payload, "label")
    whole = entry(folder).read_bytes()
    draw = random.Random(2)
    for _ in range(200):
        broken = bytearray(whole)
        match draw.randrange(4):
            case 0:
                del broken[draw.randrange(len(broken)) :]
            case 1:
                broken[draw.randrange(len(broken))] ^= 1 << draw.randrange(8)
            case 2:
                broken += b"more"
            case _:
                start = draw.randrange(len(broken))
                broken[start : start + 50] = bytes(min(50, len(broken) - start))
        if bytes(broken) != whole:
            entry(folder).write_bytes(bytes(broken))
            assert folder.get(KEY) is None and folder.label(KEY) == ""
    assert folder.put(KEY, payload, "label") and folder.get(KEY) == payload


def test_an_entry_under_another_name_is_not_taken(folder):
    folder.put(KEY, b"one", "label")
    entry(folder).rename(entry(folder, OTHER))
    assert folder.get(OTHER) is None


def test_links_pipes_and_folders_are_no_entries(folder, tmp_path):
    folder.put(KEY, b"one", "label")
    moved = tmp_path / "elsewhere"
    entry(folder).rename(moved)
    entry(folder).symlink_to(moved)
    assert folder.get(KEY) is None
    entry(folder).unlink()
    os.mkfifo(entry(folder))
    assert folder.get(KEY) is None
    entry(folder).unlink()
    entry(folder).mkdir()
    assert folder.get(KEY) is None and not folder.put(KEY, b"two", "label")
    assert [name for name in os.listdir(folder.path) if name.endswith(".new")] == []


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_may_write_is_not_used(folder, mode):
    folder.put(KEY, b"one", "label")
    folder.path.chmod(mode)
    if mode & 0o022:
        assert folder.get(KEY) is None and not folder.put(OTHER, b"two", "label")
        assert folder.refusal() == "others may write there" and folder.entries() == []


def test_a_file_that_others_may_write_is_not_used(folder):
    folder.put(KEY, b"one", "label")
    entry(folder).chmod(0o666)
    assert folder.get(KEY) is None


def test_a_folder_of_somebody_else(folder, monkeypatch):
    folder.put(KEY, b"one", "label")
    monkeypatch.setattr(module.os, "geteuid", lambda: os.getuid() + 1)
    assert folder.get(KEY) is None and not folder.put(OTHER, b"two", "label") and folder.clear() == 0
    assert folder.refusal() == f"it belongs to user {os.getuid()}, not to this one"


def test_a_path_that_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/none/cache"), Path("/dev/null")):
        folder = CacheFolder(path, 1000)
        assert (
            folder.get(KEY) is None
            and not folder.put(KEY, b"", "")
            and folder.entries() == []
            and folder.clear() == 0
        )


@pytest.mark.parametrize("fails", ["write", "open", "replace"])
def test_a_full_or_read_only_disk(folder, monkeypatch, fails):
    folder.put(KEY, b"one", "label")
    refusal = OSError(28, "No space left on device")

    def refuse(*arguments, **keywords):
        raise refusal

    real_open = os.open
    if fails == "open":
        monkeypatch.setattr(
            module.os,
            "open",
            lambda path, flags, *rest, **more: (
                refuse() if flags & os.O_CREAT else real_open(path, flags, *rest, **more)
            ),
        )
    elif fails == "replace":
        monkeypatch.setattr(module.os, "replace", refuse)
    else:

        class Full:
            def __init__(self, file, mode):
                self.file = file

            def __enter__(self):
                return self

            def __exit__(self, *failure):
                os.close(self.file)

            write = refuse

        monkeypatch.setattr(module, "open", lambda file, mode: Full(file, mode), raising=False)
    assert not folder.put(OTHER, b"two", "label")
    monkeypatch.undo()
    assert folder.get(KEY) == b"one" and folder.get(OTHER) is None
    assert [name for name in os.listdir(folder.path) if name.endswith(".new")] == []


def test_a_read_only_folder_is_read(folder, monkeypatch):
    folder.put(KEY, b"one", "label")

    def refuse(*arguments, **keywords):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(module.os, "utime", refuse)
    monkeypatch.setattr(module.os, "replace", refuse)
    assert folder.get(KEY) == b"one" and not folder.put(OTHER, b"two", "label")


def test_what_was_used_longest_ago_goes_first(folder, monkeypatch):
    keys = [f"{number:064x}" for number in range(40)]
    for number, key in enumerate(keys[:9]):
        folder.put(key, bytes(900), "label")
        os.utime(entry(folder, key), (number, number))
    assert folder.get(keys[0]) is not None  # used now
    for key in keys[9:]:
        folder.put(key, bytes(900), "label")
    kept = {one.key for one in folder.entries()}
    assert sum(one.bytes for one in folder.entries()) <= folder.limit_bytes + 1500
    assert keys[1] not in kept and keys[39] in kept


def test_abandoned_files_go_and_files_of_others_stay(folder):
    folder.put(KEY, b"one", "label")
    dead, young, strange = (
        folder.path / name for name in (f"{OTHER}.12ab.new", f"{OTHER}.34cd.new", "notes.txt")
    )
    for file in (dead, young, strange):
        file.write_bytes(b"")
    os.utime(dead, (0, time.time() - 7200))
    module._written.clear()
    folder.put(OTHER, b"two", "label")
    assert not dead.exists() and young.exists() and strange.exists()
    assert folder.clear() == 2 and strange.exists() and not young.exists()


WRITER = """
import random, sys
from pathlib import Path
from tdsl.runtime.cache_folder import CacheFolder
folder, seed = CacheFolder(Path(sys.argv[1]), 60_000), int(sys.argv[2])
draw = random.Random(seed)
wrong = hits = 0
for turn in range(1500):
    number = draw.randrange(30)
    key = f"{number:064x}"
    if draw.random() < 0.4:
        folder.put(key, bytes([number]) * (100 * number + 1), "label")
    elif draw.random() < 0.02:
        folder.clear()
    else:
        found = folder.get(key)
        hits += found is not None
        wrong += found is not None and found != bytes([number]) * (100 * number + 1)
print(wrong, hits > 50)
"""


def test_many_processes_at_once(tmp_path):
    command = [sys.executable, "-c", WRITER, str(tmp_path / "cache")]
    running = [
        subprocess.Popen([*command, str(seed)], stdout=subprocess.PIPE, text=True) for seed in range(4)
    ]
    assert [one.communicate()[0].split() for one in running] == [["0", "True"]] * 4


def test_the_environment_decides(monkeypatch, tmp_path):
    monkeypatch.setenv("TDSL_CACHE", "0")
    assert cache_folder() is None
    monkeypatch.delenv("TDSL_CACHE")
    monkeypatch.setenv("TDSL_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("TDSL_CACHE_MB", "7")
    found = cache_folder()
    assert (found.path, found.limit_bytes) == (tmp_path, 7_000_000)
