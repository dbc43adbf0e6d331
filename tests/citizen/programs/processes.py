"""Process pools of all kinds, and an interpreter that ends while daemon threads are in parallel regions."""

import subprocess
import sys

spawn = """
import multiprocessing as mp, numpy as np, tdsl as td
def make():
    n = td.size('n'); x = td.placeholder('x', (n,)); y = td.compute('y', (n,), lambda i: td.sqrt(x[i])); return td.build(td.schedule(y).parallel(y, 'i'))
def use(job):
    f, v = job; return f(v)
if __name__ == '__main__':
    f = make(); v = np.arange(1000, dtype='f'); want = f(v)
    for how in ('fork', 'spawn', 'forkserver'):
        with mp.get_context(how).Pool(2) as pool:
            assert all(np.array_equal(r, want) for r in pool.map(use, [(f, v)] * 6)), how
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(8) as ex: assert all(np.array_equal(r, want) for r in ex.map(use, [(f, v)] * 64))
    print('pools')
"""
import pathlib
import tempfile

d = pathlib.Path(tempfile.mkdtemp())
(d / "s.py").write_text(spawn)
r = subprocess.run(
    [sys.executable, "-W", "error", str(d / "s.py")], capture_output=True, text=True, timeout=120
)
print(r.stdout, r.stderr[-1500:])
assert r.returncode == 0
shut = """
import threading, numpy as np, tdsl as td, sys, time, atexit
n, m = td.size('n'), td.size('m'); x = td.placeholder('x', (n, m)); k = td.reduce_axis('k', m)
y = td.compute('y', (n,), lambda i: td.sum(td.exp(x[i, k]), over=k)); f = td.build(td.schedule(y).parallel(y, 'i'))
v = np.zeros((500, 20000), 'f'); go = threading.Event()
def work():
    while True: go.set(); f(v)
for _ in range(3): threading.Thread(target=work, daemon=True).start()
go.wait(); time.sleep(0.03)
{end}
"""
for end in (
    "",
    "sys.exit(3)",
    "atexit.register(lambda: f(v[:3]))",
    "raise KeyError(1)",
    "import gc; del f; gc.collect()",
    "import os; os.kill(os.getpid(), 15)",
):
    if True:
        r = subprocess.run(
            [sys.executable, "-X", "faulthandler", "-c", shut.replace("{end}", end)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        want = {"sys.exit(3)": 3, "raise KeyError(1)": 1}.get(end, -15 if "kill" in end else 0)
        assert r.returncode == want, (end, r.returncode, r.stderr[-1000:])
print("ok")
