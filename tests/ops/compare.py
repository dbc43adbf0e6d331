"""Compares an operator with its NumPy reference: arguments in, assertion out."""

import numpy as np


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
