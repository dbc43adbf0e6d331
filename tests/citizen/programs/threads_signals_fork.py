"""Eight Python threads that also resize the pool, an interrupt in a long kernel, a fork and a build after it."""

import os
import signal
import threading
import time

import numpy as np

import tdsl as td

n, m = td.size("n"), td.size("m")
x = td.placeholder("x", (n, m))
k = td.reduce_axis("k", m)
y = td.compute("y", (n,), lambda i: td.sum(td.exp(x[i, k]), over=k))
s = td.schedule(y).parallel(y, "i")
f = td.build(s)
v = np.random.default_rng(0).standard_normal((200, 300)).astype("f")
td.set_num_threads(1)
a = f(v)
td.set_num_threads(3)
b = f(v)
td.set_num_threads(2)
assert np.array_equal(a, b)
bad = []


def work(j):
    for _ in range(60):
        if not np.array_equal(f(v[j:]), a[j:]):
            bad.append(j)
        td.set_num_threads(1 + (_ + j) % 4)


ts = [threading.Thread(target=work, args=(j,)) for j in range(8)]
[t.start() for t in ts]
[t.join() for t in ts]
assert not bad
td.set_num_threads(2)
# keyboard interrupt inside a long kernel: it ends, then the exception comes
long = np.zeros((400, 20000), "f")


def later():
    time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)


signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start with it ignored
t = threading.Thread(target=later)
t.start()
out = np.empty(400, "f")
try:
    for _ in range(500):
        f(long, out=out)
except KeyboardInterrupt:
    print("interrupted")
else:
    raise SystemExit("no interrupt")
t.join()
assert (f(long, out=out) == 20000).all()
# fork
r, w = os.pipe()
pid = os.fork()
if pid == 0:
    ok = np.array_equal(f(v), a)
    td.set_num_threads(4)
    ok = ok and np.array_equal(f(v), a)
    g = td.build(td.schedule(y).vectorize(y, "i", 8))
    ok = ok and np.allclose(g(v), a, rtol=1e-5)
    os.write(w, b"1" if ok else b"0")
    os._exit(0)
os.waitpid(pid, 0)
assert os.read(r, 1) == b"1"
print("ok")
