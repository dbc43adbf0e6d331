"""Compares an operator with its NumPy reference: arguments in, assertion out."""

import numpy as np

import tdsl as td

FLOATS = ("float16", "float32", "float64")
INTEGERS = ("int8", "uint8", "int16", "int32", "uint32", "int64", "uint64")
rng = np.random.default_rng(8)


def agrees(op, *args, rtol=3e-5, atol=1e-5, **keywords):
    """The operator on arrays gives its reference's shapes and values.

    rtol: sums of some hundred float32 terms of either sign are off by less than 100 eps of the sum of magnitudes.
    """
    got, want = op(*args, **keywords), op.reference(*args, **keywords)
    several = got if isinstance(got, tuple) else (got,)
    wanted = want if isinstance(want, (tuple, list)) else (want,)
    for mine, theirs in zip(several, wanted, strict=True):
        theirs = np.asarray(theirs)
        assert mine.shape == theirs.shape
        np.testing.assert_allclose(mine.astype("f8"), theirs.astype("f8"), rtol=rtol, atol=atol)
    return got


def drawn(dtype, *shape):
    """An array of small numbers of a dtype."""
    if "float" in dtype:
        return rng.standard_normal(shape).astype(dtype)
    return rng.integers(0, 2 if dtype == "bool" else 5, shape).astype(dtype)


def by_default(op):
    """The operator without the author's schedules."""
    return td.Op(op.body, name=op.name, specialize=op.specialize, ranges=op.ranges)


def authors(op, *arrays, **keywords):
    """Whether the author's schedule is for these arrays."""
    return op._chosen(tuple(array.shape for array in arrays)) is not None
