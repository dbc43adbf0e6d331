"""Every declared function of isl: called once on objects of its own, it neither loses a reference nor gives one too many.

isl counts the objects of a context; a count that is not 0 at the end makes freeing the context an error. A signature that
is wrong about what isl takes over shows there, or as a crash, which is why the calls run in a process of their own.
"""

import gc
import inspect
import subprocess
import sys

import pytest

from tdsl.poly import isl_classes, isl_methods, isl_rows
from tdsl.poly.isl_library import Context, Error, c_function
from tdsl.poly.isl_methods import INT, POINTER, IslObject

CLASSES = [
    value
    for value in vars(isl_classes).values()
    if inspect.isclass(value) and value.__module__ == isl_classes.__name__
]
TEXTS = {
    "Set": "[n] -> { [i, j] : 0 <= i < n and 0 <= j <= 2i and 3 * floor(j/3) < 8 and n <= 9 }",
    "Map": "[n] -> { [i, j] -> [i + 1, j] : 0 <= i, j < n }",
}


def declared():
    """(class, name, its signature) of every function."""
    for one in CLASSES:
        for name, value in vars(one).items():
            if isinstance(value, isl_methods._Declared):
                method = value._method
                yield one, name, getattr(method, "__func__", method), isinstance(method, staticmethod)


def sample(context, kind):
    """An argument of a kind, nothing of which is shared with others."""
    c = isl_classes
    made = {
        "int": lambda: 0,
        "Long": lambda: 7,
        "Val | int": lambda: c.Val.int_from_si(context, 3),
        "str": lambda: "[n] -> { [i, j] -> [i] }",
        "dim_type": lambda: 3,
        "Context": lambda: context,
        "Val": lambda: c.Val.int_from_si(context, 5),
        "Set": lambda: c.Set.read_from_str(context, TEXTS["Set"]),
        "Map": lambda: c.Map.read_from_str(context, TEXTS["Map"]),
        "Space": lambda: c.Space.set_alloc(context, 1, 2),
        "LocalSpace": lambda: c.LocalSpace.from_space(sample(context, "Space")),
        "Mat": lambda: isl_rows.matrix(context, [[1, 2, 1 << 70, 0]], 4),
        "Aff": lambda: c.Aff.zero_on_domain(sample(context, "LocalSpace")).set_constant_val(4),
        "PwAff": lambda: sample(context, "Set").dim_max(0),
        "Constraint": lambda: sample(context, "BasicSet").get_constraints()[0],
        "Point": lambda: sample(context, "Set").sample_point(),
        "BasicSet": lambda: sample(context, "Set").get_basic_sets()[0],
        "BasicMap": lambda: sample(context, "Map").get_basic_maps()[0],
        "UnionMap": lambda: c.UnionMap.from_map(sample(context, "Map")),
        "UnionAccessInfo": lambda: c.UnionAccessInfo.from_sink(sample(context, "UnionMap")).set_schedule_map(
            c.UnionMap.from_map(sample(context, "Map"))
        ),
        "UnionFlow": lambda: sample(context, "UnionAccessInfo").compute_flow(),
    }
    return made[kind]() if kind in made else lambda *seen: [str(one) for one in seen]


def call_all():
    """Prints a line for every function whose objects are not all gone."""
    free = c_function("isl_ctx_free", None, POINTER)
    warn = c_function("isl_options_set_on_error", INT, POINTER, INT)
    done = 0
    for owner, name, method, static in list(declared()):
        context = Context()
        kinds = [kind for at, kind in method.__annotations__.items() if at != "return"]
        arguments = [sample(context, kind) for kind in ([] if static else [owner.__name__]) + kinds]
        if kinds.count("dim_type") > 3:  # the order of columns: all of them, each once
            arguments[-kinds.count("dim_type") :] = (
                (0, 1, 2, 3, 4) if owner is isl_classes.BasicMap else (0, 1, 3, 4)
            )
            if static and owner is isl_classes.BasicMap:
                arguments[0] = isl_classes.Space.alloc(context, 1, 1, 1)
        try:
            getattr(owner, name)(*arguments)
            done += 1
        except Error as failed:  # spaces that do not fit: arguments go all the same
            assert name in str(failed), failed
        assert all(str(one) for one in arguments if isinstance(one, IslObject)), "objects stay usable"
        del arguments
        print(f"{owner.__name__}.{name}", flush=True)
        warn(context.pointer, 0)
        sys.stderr.write(f"{owner.__name__}.{name}: ")
        sys.stderr.flush()
        free(context.pointer)
        sys.stderr.write("freed\n")
        context.pointer = 0
    print(done)


def test_references_are_kept_and_given():
    ask = "from tests.poly.test_isl_classes import call_all; call_all()"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout[-200:], done.stderr[-2000:])
    wrong = [line for line in done.stderr.splitlines() if not line.endswith(": freed")]
    assert not wrong
    every = len(list(declared()))
    assert int(done.stdout.splitlines()[-1]) > 0.9 * every, "most calls succeed"


def test_a_wrong_kind_of_object_never_reaches_isl():
    context = Context()
    with pytest.raises(TypeError):
        sample(context, "Set").intersect(sample(context, "Map"))
    with pytest.raises(TypeError):
        isl_classes.Set.universe(sample(context, "Set"))
    with pytest.raises(TypeError):
        sample(context, "Set").fix_val(3, 0, "1")


def test_errors_say_what_isl_said():
    with pytest.raises(Error, match=r"isl_map_read_from_str failed: .*"):
        isl_classes.Map.read_from_str(Context(), "{ bogus")


def test_an_exception_ends_a_visit_and_comes_out():
    seen = []

    def visit(point):
        seen.append(point)
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        isl_classes.Set.read_from_str(Context(), "{ [i] : 0 <= i < 9 }").foreach_point(visit)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "value", [0, 1, -1, (1 << 53) + 1, (1 << 63) - 1, 1 << 63, 1 << 64, -(1 << 63), -(1 << 63) - 1, 1 << 90]
)
def test_integers_of_any_width(value):
    context = Context()
    matrix = isl_rows.matrix(context, [[value]], 1)
    assert matrix.get_element_val(0, 0).to_python() == value
    assert matrix.set_element_val(0, 0, value).get_element_val(0, 0).to_python() == value


def test_a_fraction_is_no_integer():
    half = isl_classes.Aff.read_from_str(Context(), "{ [i] -> [(1)/2] }").get_constant_val()
    with pytest.raises(ValueError, match="1/2"):
        half.to_python()


def test_calls_leave_no_memory_behind():
    """islpy's classes keep 32 bytes for each argument that they hand over: 1.9 MB here."""

    def resident():
        with open("/proc/self/statm") as stream:
            return int(stream.read().split()[1]) * 4096

    one = sample(Context(), "Set")
    for _ in range(10_000):
        one.intersect(one)
    before = resident()
    for _ in range(30_000):
        one.intersect(one)
    assert resident() - before < 500_000


def test_an_object_that_went_with_a_cycle_answers_nothing():
    seen = []

    class Holder:
        def __del__(self):
            with pytest.raises(Error):
                self.one.is_empty()
            with pytest.raises(Error):
                self.one.coalesce()
            seen.append(self)

    holder = Holder()
    holder.one, holder.itself = sample(Context(), "Set"), holder
    holder.one.is_empty(), holder.one.coalesce()
    holder.one.__del__()
    del holder
    gc.collect()
    assert seen
