"""Schedule functions given what they do not take: an error of tdsl's, whichever argument it is."""

import inspect

import pytest

import tdsl as td

FUNCTIONS = [getattr(td.schedules, name) for name in td.schedules.__all__]


def matmul():
    n = td.size("n")
    A, B = (td.placeholder(name, (n, n), "float32") for name in "AB")
    k = td.reduce_axis("k", n)
    return td.compute("C", (n, n), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))


def code(call):
    with pytest.raises(td.TdslError) as told:
        call()
    return told.value.code


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_schedule_comes_first(function):
    rest = [
        "C" if "Tensor" in p.annotation or p.annotation == "str" else ()
        for p in list(inspect.signature(function).parameters.values())[1:]
        if p.default is p.empty and p.kind is not p.VAR_POSITIONAL
    ]
    for wrong in (matmul(), 3, None, "C"):
        assert code(lambda wrong=wrong: function(wrong, *rest)) == "S138"


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_stages_and_counts(function):
    C = matmul()
    s = td.schedule(C)
    for name, p in inspect.signature(function).parameters.items():
        if p.kind is p.VAR_POSITIONAL:
            assert code(lambda: function(s, 3)) == "S139"
        elif p.annotation == "int":
            for wrong in (0, -1, 2.5, True, "4"):
                first = (
                    []
                    if p.kind is p.KEYWORD_ONLY and "outputs" in inspect.signature(function).parameters
                    else [C]
                )
                assert code(lambda: function(s, *first, **{name: wrong})) == "S183"  # noqa: B023


def test_python_says_which_argument_is_missing():
    with pytest.raises(TypeError, match="stage"):
        td.schedules.gemm_blocked(td.schedule(matmul()))


def test_they_stay_functions_of_their_modules():
    import pickle

    for function in FUNCTIONS:
        assert pickle.loads(pickle.dumps(function)) is function
