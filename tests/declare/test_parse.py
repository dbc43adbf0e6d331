"""`tensor.text()` and `td.parse`: the same program in another process, checked again; text that is none is refused."""

import subprocess
import sys

import numpy as np
import pytest

import tdsl as td

n, m, nnz = td.size("n", min=1), td.size("m", multiple_of=4), td.size("nnz", typical=100)


def program():
    """A tensor that needs something of everything."""
    x = td.placeholder("x", (n, m))
    k, q = td.reduce_axis("k", m), td.reduce_axis("q", n)

    def merge(a, b):
        high = td.maximum(a[0], b[0])
        return high, a[1] * td.exp(a[0] - high) + b[1] * td.exp(b[0] - high)

    online = td.reducer(merge, identity=lambda v, w: (td.min_value(v), td.cast(0, w)))
    top, total = td.compute(
        ("top", "total"), (n,), lambda i: online((x[i, k], td.cast(1, "float32")), over=k)
    )
    alpha, p = td.param("alpha", "float64"), td.param("p", "int32", range=(0, n))
    with td.options(contract=False):
        z = td.compute(
            "z",
            (n, n),
            lambda i, j: top[i] * total[j] + alpha.astype("float32"),
            where=lambda i, j: td.all(j <= i, i % 2 == 0),
            fill=alpha,
        )
    ptr = td.placeholder("ptr", (n + 1,), "int32", range=(0, nnz + 1), align=64, strides=(1,))
    val = td.placeholder("val", (nnz,), "float16")

    def row(i):
        t = td.reduce_axis("t", (ptr[i], ptr[i + 1]))
        return td.sum(val[t], over=t)

    rows = td.compute("rows", (n,), row)

    def deep(i):
        value = x[p, 0]
        for _ in range(40):
            value = value * value + rows[i].astype("float32")
        return value

    with td.require(m >= 4), td.require(n <= m):
        d = td.compute("d", (n,), deep)
    place = td.compute("place", (n,), lambda i: td.argmax(x[i, k] + d[i], over=k))
    border = td.pad(x, ((1, 1), (2, 0)), "reflect")
    doubled = z * 2.0 + z
    return td.compute(
        "out",
        (n,),
        lambda i: td.where(
            place[i] > 0, td.sum(border[i, k + 1], over=k), td.max(x[q, k], over=(q, k)) + doubled[i, i]
        ),
    )


def test_the_same_program():
    out = program()
    text = out.text()
    again = td.parse(text)
    assert again is not out and again.text() == text and td.schedule(again) == td.schedule(out)
    assert len(text) < 8000  # forty squarings are forty nodes, though written out they were 2^40


def test_the_same_values():
    n = td.size("n")
    x, p = td.placeholder("x", (n,), "int32"), td.param("p", "int32")
    y = td.compute(
        "y", (n,), lambda i: x[i] // p + td.where(i % 2 == 0, x[n - 1 - i], 0), where=lambda i: i > 0, fill=-7
    )
    again = td.parse(y.text())
    v = np.arange(9, dtype=np.int32) * 5
    assert np.array_equal(td.build(td.schedule(again))(v, 3), td.build(td.schedule(y))(v, 3))
    assert again.name == "y" and again.dtype is y.dtype


def test_in_another_process_and_under_another_hash_seed():
    text = program().text()
    command = [
        sys.executable,
        "-c",
        "import sys, tdsl as td; sys.stdout.write(td.parse(sys.stdin.read()).text())",
    ]
    for seed in ("1", "2"):
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        )
        assert done.stdout == text, done.stderr


def test_the_text_of_a_program(golden):
    golden(program().text())


def test_inputs_scalars_and_several_values():
    x = td.placeholder("x", (n, 3), "uint8", range=(1, n + 2))
    again = td.parse(x.text())
    assert again.producer is None and again.text() == x.text() and again.value_range == x.value_range
    a, b = td.compute(("a", "b"), (n,), lambda i: (x[i, 0], x[i, 1] > 2))
    assert (td.parse(a.text()).name, td.parse(b.text()).name) == ("a", "b")
    scalar = td.compute("s", (), lambda: 3, dtype="int8")
    assert td.build(td.schedule(td.parse(scalar.text())))() == 3


def test_names_are_made_unique_as_a_schedule_makes_them():
    x, y = td.placeholder("x", (n,)), td.placeholder("mul_1", (n,))
    z = (x * 2.0) * (x * 3.0) * y
    assert td.schedule(td.parse(z.text())) == td.schedule(z)
    twin = td.compute("t", (n,), lambda i: x[i] + td.placeholder("x", (n,))[i])
    with pytest.raises(td.DuplicateNameError, match="two tensors of one program are called x"):
        twin.text()

    def step(factor):
        return td.reducer(lambda a, b: a * b * factor, 1.0 / factor, name="step")

    k = td.reduce_axis("k", n)
    both = td.compute("both", (), lambda: step(2.0)(x[k], over=k) + step(4.0)(x[k], over=k))
    text = both.text()
    assert "reducer step:" in text and "reducer step_1:" in text and td.parse(text).text() == text


def test_everything_is_proved_again():
    x = td.placeholder("x", (n,))
    text = td.compute("y", (n,), lambda i: td.where(i > 0, x[i - 1], 0.0)).text()
    assert "x[i - 1]" in text
    with pytest.raises(td.BoundsError, match="E301"):
        td.parse(text.replace("x[i - 1]", "x[i - 2]"))
    with pytest.raises(td.BoundsError, match="E301"):
        td.parse(text.replace("for i in (0, n)", "for i in (0, n + 1)").replace("i > 0", "i >= 0"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: "", "this is no text of format 1"),
        (
            lambda text: text.replace("tdsl 1", "tdsl 2"),
            "this is no text of format 1: it starts with 'tdsl 2'",
        ),
        (lambda text: text.replace("output y\n", ""), "this text names no output"),
        (lambda text: text.replace("output y", "output z"), "z is not declared"),
        (lambda text: text.replace("size n", "length n"), "there is no declaration length"),
        (lambda text: text.replace("x[i]", "x[i"), "this is no expression"),
        (lambda text: text.replace("x[i]", "w[i]"), "this is no expression"),
        (lambda text: text.replace("y: float32", "y: float64"), "y is float64 and its value float32"),
        (lambda text: text.replace("for i in (0, n)", "for i in (0, n, 1)"), "an axis has two bounds"),
        (lambda text: text.replace("shape=(n,)", "shape=(n,), colour=3"), "colour= has no meaning here"),
        (lambda text: text.replace("min=1", "least=1"), "a size has no least"),
        (lambda text: text.replace("min=1", "min=one"), "one is no number"),
    ],
)
def test_text_that_declares_nothing(change, message):
    x = td.placeholder("x", (n,))
    text = td.compute("y", (n,), lambda i: x[i] * 2.0).text()
    with pytest.raises(td.FormatError) as caught:
        td.parse(change(text))
    error = str(caught.value)
    assert caught.value.code == "E123" and message in error and len(error.splitlines()) <= 10
    assert "test_parse.py" in error


def test_recurrences_and_updates():
    a = td.placeholder("a", (n, n), "int32")
    H = td.recurrence("H", (n,), lambda H, i: td.where(i > 0, H[i - 1], 0) + a[i, 0])
    P, Q = td.recurrence(
        ("P", "Q"), (n,), lambda P, Q, i: (td.where(i > 0, Q[i - 1], 1) + H[i], td.where(i > 0, P[i - 1], 2))
    )
    k = td.axis("k", n)
    i = td.axis("i", (k + 1, n))
    U = td.update("U", a, over=(k, i), at=(i, k), value=lambda U: U[i, k] - U[k, k] * P[k])
    bins = td.placeholder("bins", (n,), "int64", range=(0, n))
    j = td.axis("j", n)
    counted = td.update("counted", H, over=j, at=bins[j], value=lambda U: U[bins[j]] + 1)
    out = td.compute("out", (n,), lambda d: U[d, d] + counted[d] + Q[d])
    text = out.text()
    again = td.parse(text)
    assert again.text() == text and td.schedule(again) == td.schedule(out)
    assert "recurrence" in text and "  base a\n  at i\n  at k\n" in text
    with pytest.raises(td.FormatError, match="i does not start at 0"):
        td.parse(text.replace("  base a\n  at i\n  at k\n", ""))
    with pytest.raises(td.BoundsError):
        td.parse(text.replace("H[i - 1]", "H[i - 2]"))


def test_no_text():
    with pytest.raises(td.ArgumentTypeError, match="E115"):
        td.parse(3)
