"""A cache folder that is missing, a file, a loop of links, torn, corrupted, full, foreign, or shared by racing processes."""

import os
import pathlib
import resource
import subprocess
import sys
import tempfile

code = """
import numpy as np, tdsl as td
n = td.size('n'); x = td.placeholder('x', (n,)); y = td.compute('y', (n,), lambda i: x[i] * 3)
f = td.build(td.schedule(y).vectorize(y, 'i', 8)); v = np.ones(20, 'f')
assert (f(v) == 3).all() and (f(v[::2]) == 3).all(); print('ok', end='')
"""


def run(before=None, **env):
    d = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True, text=True, env=os.environ | env, preexec_fn=before,
    )  # fmt: skip
    assert d.stdout == "ok", (env, d.stdout, d.stderr[-800:])
    return d


def no_more_than(size):
    """As on a full disk: writes beyond that many bytes of a file fail."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


base = pathlib.Path(tempfile.mkdtemp())
for size in (0, 100, 5000):
    run(no_more_than(size), TDSL_CACHE_DIR=str(base / f"full{size}"))
    run(no_more_than(size), TDSL_CACHE_DIR=str(base / f"full{size}"))
    assert all(e.suffix == ".entry" for e in (base / f"full{size}").iterdir())
open_to_all = base / "open"
open_to_all.mkdir()
open_to_all.chmod(0o777)
run(TDSL_CACHE_DIR=str(open_to_all))
assert not list(open_to_all.iterdir())
if os.geteuid() == 0:  # only the superuser may give a folder away
    foreign = base / "foreign"
    foreign.mkdir()
    os.chown(foreign, 12345, -1)
    run(TDSL_CACHE_DIR=str(foreign))
    assert not list(foreign.iterdir())
else:
    locked = base / "locked"
    locked.mkdir(0o500)
    run(TDSL_CACHE_DIR=str(locked))
    assert not list(locked.iterdir())
run(TDSL_CACHE_DIR=str(base / "a"))
run(TDSL_CACHE_DIR=str(base / "a"))
run(TDSL_CACHE_DIR="/dev/null/x")
run(TDSL_CACHE_DIR="/proc/nope")
run(TDSL_CACHE="0")
run(TDSL_CACHE_DIR="")
f = base / "file"
f.write_text("x")
run(TDSL_CACHE_DIR=str(f))
l = base / "loop"
l.symlink_to(l)
run(TDSL_CACHE_DIR=str(l))
for e in list((base / "a").iterdir()):
    raw = e.read_bytes()
    e.write_bytes(raw[: len(raw) // 2])
run(TDSL_CACHE_DIR=str(base / "a"))
for e in list((base / "a").iterdir()):
    raw = bytearray(e.read_bytes())
    raw[-5] ^= 255
    e.write_bytes(raw)
run(TDSL_CACHE_DIR=str(base / "a"))
for e in list((base / "a").iterdir()):
    e.write_bytes(b"")
run(TDSL_CACHE_DIR=str(base / "a"))
for e in list((base / "a").iterdir()):
    e.unlink()
    e.mkdir()
run(TDSL_CACHE_DIR=str(base / "a"))
run(TDSL_CACHE_DIR=str(base / "b"), TDSL_CACHE_MB="1")
d = subprocess.run(
    [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"TDSL_CACHE_MB": "lots"}
)
assert d.returncode == 1 and "C122" in d.stderr
ps = [
    subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        env=os.environ | {"TDSL_CACHE_DIR": str(base / "c")},
    )
    for _ in range(4)
]
assert all(p.communicate()[0] == b"ok" for p in ps)
print("ok")
