"""Tensors of PyTorch: results in their type, strided, mixed with NumPy; gradients, lazy signs and other devices refused."""

import numpy as np
import torch

import tdsl as td

n, m = td.size("n"), td.size("m")
a, b = td.placeholder("a", (n, m)), td.placeholder("b", (n, m))
f = td.build(td.schedule(td.compute("c", (n, m), lambda i, j: a[i, j] + b[i, j])))
A, B = torch.randn(4, 5), torch.randn(4, 5)
for _ in range(3):
    C = f(A, B)
    assert isinstance(C, torch.Tensor) and torch.equal(C, A + B)
    o = torch.empty(4, 5)
    assert f(A, B, out=o) is o and torch.equal(o, A + B)
    assert torch.equal(f(A.t(), B.t()), (A + B).t())
    assert torch.equal(f(A[::2], B[1::2][:2]), A[::2] + B[1::2])
    mixed = f(A, B.numpy())
    assert isinstance(mixed, torch.Tensor) and torch.equal(mixed, A + B)
    mixed = f(A.numpy(), B)
    assert isinstance(mixed, np.ndarray)
    assert f(A.expand(4, 5), A[:1].expand(4, 5)).shape == (4, 5)
for bad in (
    lambda: f(A.requires_grad_(), B),
    lambda: f(B.double(), B),
    lambda: f(B[0], B),
    lambda: f(B, B, out=B[:1].expand(4, 5)),
    lambda: f(B, B, out=torch.empty(5, 4)),
    lambda: f(torch.ones(4, 5, device="meta"), B),
):
    try:
        r = bad()
    except td.CallError as e:
        print(type(e).__name__, str(e).splitlines()[0][:110])
    else:
        raise SystemExit("took")
z = torch.complex(torch.ones(4, 5), torch.ones(4, 5)).conj().imag
assert z.is_neg()
try:
    f(z, B)
except td.CallTypeError as e:
    assert "resolve_neg" in str(e)
else:
    raise SystemExit("took")
for lazy in (z[0, 0], z[:1, :1], z[:0]):
    try:
        f(lazy, lazy)
    except td.CallError:
        pass
    else:
        raise SystemExit("took")
P = torch.nn.Parameter(torch.ones(4, 5), requires_grad=False)
assert torch.equal(f(P, B), P + B)
print("ok")
