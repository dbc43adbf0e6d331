"""Saved as library and object, loaded here and in a process where llvmlite and islpy cannot be imported."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np

import tdsl as td

n = td.size("n", min=1)
x = td.placeholder("x", (n,), "float32")
al = td.param("alpha", "float32")
k = td.reduce_axis("k", n)
tot = td.compute("tot", (), lambda: td.sum(x[k], over=k))
sc = td.compute("sc", (n,), lambda i: x[i] * al / tot[()])
f = td.build(td.schedule(sc, tot), name="normalise")
d = pathlib.Path(tempfile.mkdtemp())
v = np.arange(1, 9, dtype="f")
for name in ("a.so", "b.o"):
    files = f.save(d / name)
    assert all(p.exists() for p in files), files
    g = td.load(d / name)
    assert np.array_equal(g(v, 2.0)[0], f(v, 2.0)[0]) and g(v, 2.0)[1] == 36
    assert np.array_equal(g(v[::2], 1.0)[0], f(v[::2], 1.0)[0])
    print(repr(g), g.source("loops")[:30])
    assert repr(td.load(str(d / name), "normalise")) == repr(g)
    code = f"""
import sys
class No:
    def find_spec(self, name, *a):
        if name.split('.')[0] in ('llvmlite', 'islpy'): raise ImportError(name + ' is blocked')
sys.meta_path.insert(0, No())
import numpy as np, tdsl as td
g = td.load({str(d / name)!r}); v = np.arange(1, 9, dtype='f')
r = g(v, 2.0); assert r[1] == 36, r
assert np.array_equal(g(v[::-1], 2.0)[0], (v * np.float32(2) / np.float32(36))[::-1]), g(v[::-1], 2.0)
o = (np.empty(8, 'f'), np.empty((), 'f')); g(v, 1.0, out=o)
try: g(v.astype('d'), 1.0)
except td.CallTypeError as e: print(str(e).splitlines()[0])
assert not {{'llvmlite', 'islpy'}} & set(sys.modules)
import pickle
try: g.source('asm')
except ImportError as e: print('asm needs', e)
print('loaded alone')
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"TDSL_CACHE": "0"}
    )
    print(done.stdout, done.stderr[-1500:])
    assert done.returncode == 0
for bad in ("x.txt", "nodir/x.so"):
    try:
        f.save(d / bad)
    except td.TdslError as e:
        print(str(e).splitlines()[0])
    else:
        raise SystemExit("saved")
f.save(d / "lv.so", cpus=("x86-64-v2", "x86-64-v3", "x86-64-v4"))
assert np.allclose(td.load(d / "lv.so")(v, 2.0)[0], f(v, 2.0)[0])
try:
    td.load(d / "a.h")
except td.TdslError as e:
    print(str(e).splitlines()[0])
shutil.rmtree(d)
print("ok")
