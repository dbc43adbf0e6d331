"""A cache folder that is missing, a file, a loop of links, torn, corrupted, tiny, or shared by processes that race."""

import os
import pathlib
import subprocess
import sys
import tempfile

code = """
import numpy as np, tdsl as td
n = td.size('n'); x = td.placeholder('x', (n,)); y = td.compute('y', (n,), lambda i: x[i] * 3)
f = td.build(td.schedule(y).vectorize(y, 'i', 8)); v = np.ones(20, 'f')
assert (f(v) == 3).all() and (f(v[::2]) == 3).all(); print('ok', end='')
"""


def run(**env):
    d = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env=os.environ | env
    )
    assert d.stdout == "ok", (env, d.stdout, d.stderr[-800:])
    return d


base = pathlib.Path(tempfile.mkdtemp())
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
