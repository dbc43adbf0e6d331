"""`f.save` and `td.load`: files that need no Python, kernels that need no LLVM, several CPU levels, a C program."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

import tdsl as td
from tdsl.codegen.object_symbols import read_symbols

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
compiled = pytest.mark.needs_compiler
LEVELS = ("x86-64-v2", "x86-64-v3", "x86-64-v4")


def product(name="product"):
    """A parallel product with a packed copy: threads and scratch memory are used."""
    m, n, p = td.size("m", min=1), td.size("n"), td.size("p", multiple_of=2)
    A, B = td.placeholder("A", (m, p)), td.placeholder("B", (p, n))
    k = td.reduce_axis("k", p)
    C = td.compute(name, (m, n), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))
    s = td.schedule(C).cache_read(B, C, name="packed").tile(C, {"i": 4, "j": 16})
    return td.build(s.vectorize(C, "ji", 8).parallel(C, "io"))


@pytest.fixture(scope="module")
def f():
    return product()


DRAW = np.random.default_rng(5)
A, B = (DRAW.standard_normal(shape).astype(np.float32) for shape in ((23, 18), (18, 35)))


def test_the_files(f, tmp_path):
    assert f.save(tmp_path / "product.o") == tuple(
        tmp_path / f"product.{kind}" for kind in ("o", "h", "json")
    )
    symbols = read_symbols((tmp_path / "product.o").read_bytes())
    assert set(symbols.defined) == {"product", "product_general", "product_tdsl"}
    assert set(symbols.undefined) <= {"memcpy", "memmove", "memset"}
    about = json.loads((tmp_path / "product.json").read_text())
    assert (about["format"], about["name"], about["levels"]) == (1, "product", [])
    assert about["interface"]["sizes"][2] == {"name": "p", "minimum": 0, "multiple_of": 2}
    assert sorted(os.listdir(tmp_path)) == ["product.h", "product.json", "product.o"]
    first = (tmp_path / "product.o").read_bytes()
    f.save(tmp_path / "product.o")
    assert (tmp_path / "product.o").read_bytes() == first


def test_an_object_loads_again(f, tmp_path):
    f.save(str(tmp_path / "product.o"))
    g = td.load(str(tmp_path / "product.o"))
    assert isinstance(g, td.Kernel) and g.interface == f.interface and g.source("loops") == f.source("loops")
    assert g(A, B).tobytes() == f(A, B).tobytes()
    assert g(np.asfortranarray(A), B[:, ::-1]).tobytes() == f(A, B[:, ::-1]).tobytes()
    with pytest.raises(td.CallError, match="C106: p is 17, and must be a multiple of 2"):
        g(A[:, :17], B[:17])


@compiled
@pytest.mark.parametrize("cpus", [None, LEVELS])
def test_a_shared_library_loads_again(f, tmp_path, cpus):
    files = f.save(tmp_path / "product.so", cpus=cpus)
    assert files[0].exists() and os.access(files[0], os.X_OK)
    g = td.load(tmp_path / "product.so")
    assert g(A, B).tobytes() == f(A, B).tobytes()  # the levels that this CPU takes have FMA, as the build has
    assert json.loads(files[2].read_text())["levels"] == list(cpus or ())
    again = td.load(shutil.copy(files[0], tmp_path / "moved.so"))
    del g
    assert again(A, B).tobytes() == f(A, B).tobytes()


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="needs a CPU with x86-64")
def test_every_level_is_there_and_the_best_one_is_taken(f, tmp_path):
    f.save(tmp_path / "product.o", cpus=["x86-64-v4", "x86-64", "x86-64-v3"])
    symbols = read_symbols((tmp_path / "product.o").read_bytes())
    assert {name for name in symbols.defined if name.startswith("product.")} == {
        "product.x86-64", "product.x86-64-v3", "product.x86-64-v4"
    }  # fmt: skip
    g = td.load(tmp_path / "product.o")
    np.testing.assert_allclose(g(A, B), A @ B, rtol=1e-4, atol=1e-5)
    host = td.Target().resolved()
    levels = ("x86-64-v4", "x86-64-v3", "x86-64")
    best = next(cpu for cpu in levels if td.Target("cpu", mcpu=cpu).feature_set <= host.feature_set)
    code = g._run._bodies["contiguous"].code
    from tdsl.runtime.mapped import MappedCode

    if isinstance(code._loaded, MappedCode):
        import ctypes

        chosen = ctypes.c_uint64.from_address(code._loaded.address("product.chosen")).value
        assert chosen == code._loaded.address(f"product.{best}")


WITHOUT = """
import sys
sys.modules["llvmlite"] = sys.modules["islpy"] = None
import numpy as np, tdsl as td
f = td.load(sys.argv[1])
values = np.load(sys.argv[2])
assert f(values["A"], values["B"]).tobytes() == values["C"].tobytes()
assert f(values["A"].copy("F"), values["B"]).tobytes() == values["C"].tobytes()
print(type(f) is not td.Kernel, td.get_num_threads())
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="needs a CPU with x86-64")
def test_loading_needs_no_llvm(f, tmp_path):
    f.save(tmp_path / "product.o")
    np.savez(tmp_path / "values.npz", A=A, B=B, C=f(A, B))
    command = [
        sys.executable,
        "-W",
        "error",
        "-c",
        WITHOUT,
        str(tmp_path / "product.o"),
        str(tmp_path / "values.npz"),
    ]
    environment = {**os.environ, "TDSL_CACHE": "0", "TDSL_NUM_THREADS": "3"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.stdout.split(), done.stderr) == (["True", "3"], "")


PROGRAM = r"""
/* Runs a kernel with threads and memory of its own. */
#include "product.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

typedef struct { void (*task)(void *, int64_t); void *ctx; int64_t next, count; pthread_mutex_t lock; } Loop;
static int threads_started = 0, blocks = 0, allocations = 0;

static void *worker(void *argument) {
    Loop *loop = argument;
    for (;;) {
        pthread_mutex_lock(&loop->lock);
        int64_t mine = loop->next++;
        pthread_mutex_unlock(&loop->lock);
        if (mine >= loop->count) return NULL;
        loop->task(loop->ctx, mine);
    }
}
static void my_for(void *pool, void (*task)(void *, int64_t), void *ctx, int64_t count) {
    Loop loop = {task, ctx, 0, count, PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[3];
    for (int i = 0; i < 3; ++i) { pthread_create(&threads[i], NULL, worker, &loop); ++*(int *)pool; }
    for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
}
static int refuse = 0;
static void *my_allocate(void *arena, int64_t bytes) {
    (void)arena;
    if (refuse) return NULL;
    ++blocks; ++allocations;
    return tdsl_plain_allocate(NULL, bytes);
}
static void my_release(void *arena, void *block) { (void)arena; --blocks; free(block); }

int main(void) {
    int64_t m = MM, n = NN, p = PP;
    float *a = malloc(m * p * 4), *b = malloc(p * n * 4), *c = malloc(m * n * 4), *d = malloc(m * n * 8);
    if (fread(a, 4, m * p, stdin) != (size_t)(m * p) || fread(b, 4, p * n, stdin) != (size_t)(p * n)) return 2;
    void *data[product_arguments] = {a, b, c};
    int64_t integers[product_sizes + product_strides] = {m, n, p, p * 4, 4, n * 4, 4, n * 4, 4};
    tdsl_env env = {1, 1, &threads_started, my_for, my_allocate, my_release, NULL, NULL};
    if (product(data, integers, &env) != TDSL_DONE) return 3;
    fwrite(c, 4, m * n, stdout);

    data[2] = d + (m - 1) * n * 2;  /* every second element, rows from the last to the first */
    integers[7] = -n * 8; integers[8] = 8;
    tdsl_env serial = tdsl_serial_env();
    if (product_general(data, integers, &serial) != TDSL_DONE) return 4;
    fwrite(d, 8, m * n, stdout);

    refuse = 1;
    if (product(data, integers, &env) != TDSL_OUT_OF_MEMORY) return 5;
    if (blocks != 0 || allocations == 0 || threads_started == 0) return 6;
    return strstr(product_tdsl, "\"name\":\"product\"") ? 0 : 7;
}
"""


@compiled
@pytest.mark.parametrize("kind", ["o", "so"])
def test_a_c_program_with_threads_and_memory_of_its_own(f, tmp_path, kind):
    f.save(tmp_path / f"product.{kind}", cpus=LEVELS if os.uname().machine == "x86_64" else None)
    text = PROGRAM.replace("MM", "23").replace("NN", "35").replace("PP", "18")
    (tmp_path / "main.c").write_text(text)
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    flags = ["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror", "-O1", "-pthread"]
    build = [compiler, *flags, "main.c", f"./product.{kind}", "-Wl,-rpath,$ORIGIN", "-o", "main"]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True, text=True)
    done = subprocess.run(["./main"], cwd=tmp_path, input=A.tobytes() + B.tobytes(), capture_output=True)
    assert done.returncode == 0, done.stderr
    wanted = f(A, B)
    first = np.frombuffer(done.stdout, np.float32, wanted.size).reshape(wanted.shape)
    second = np.frombuffer(done.stdout[wanted.nbytes :], np.float32).reshape(23, 35, 2)
    assert first.tobytes() == wanted.tobytes() and second[::-1, :, 0].tobytes() == wanted.tobytes()


@compiled
def test_the_header_is_c_and_cpp(f, tmp_path):
    f.save(tmp_path / "product.o")
    (tmp_path / "twice.cpp").write_text(
        '#include "product.h"\n#include "product.h"\nint main() { return tdsl_serial_env().version - 1; }\n'
    )
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    subprocess.run(
        [compiler, "-std=c++17", "-Wall", "-Wextra", "-Werror", "twice.cpp", "-o", "twice"],
        cwd=tmp_path,
        check=True,
    )
    assert subprocess.run(["./twice"], cwd=tmp_path).returncode == 0


@compiled
def test_two_kernels_in_one_library(f, tmp_path):
    f.save(tmp_path / "one.o")
    product("other").save(tmp_path / "two.o")
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    subprocess.run([compiler, "-shared", "-o", "both.so", "one.o", "two.o"], cwd=tmp_path, check=True)
    with pytest.raises(td.ArgumentError, match="both.so holds 2 kernels") as refused:
        td.load(tmp_path / "both.so")
    assert "it holds product, other" in str(refused.value)
    for name in ("product", "other"):
        g = td.load(tmp_path / "both.so", name)
        assert g.name == name and g(A, B).tobytes() == f(A, B).tobytes()


@compiled
def test_no_compiler(f, tmp_path, monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(td.MissingTool, match="T102: a shared library needs a C compiler"):
        f.save(tmp_path / "product.so")
    f.save(tmp_path / "product.o")
    monkeypatch.setenv("CC", "false-compiler")
    (tmp_path / "false-compiler").write_text("#!/bin/sh\necho wrong >&2\nexit 1\n")
    (tmp_path / "false-compiler").chmod(0o755)
    with pytest.raises(td.MissingTool, match="T102: false-compiler did not link the library") as refused:
        f.save(tmp_path / "product.so")
    assert "wrong" in str(refused.value) and not (tmp_path / "product.so").exists()


@pytest.mark.parametrize(
    ("path", "cpus", "said"),
    [
        ("product.dll", None, "a kernel is saved as .so or .o, not 'product.dll'"),
        ("product", None, "a kernel is saved as"),
        ("none/product.o", None, "there is no folder"),
        ("product.o", (), "cpus= takes levels, at least one"),
        ("product.o", ("znver4",), "cpus= takes levels, not 'znver4'"),
    ],
)
def test_what_cannot_be_saved(f, tmp_path, path, cpus, said):
    with pytest.raises(td.ArgumentError, match=f"C121: .*{said}"):
        f.save(tmp_path / path, cpus=cpus)


def test_names_that_are_no_c_functions(tmp_path):
    x = td.placeholder("x", (4,))
    s = td.schedule(td.compute("int", (4,), lambda i: x[i] * 2))
    with pytest.raises(td.ArgumentError, match="C121: int is no name for a C function"):
        td.build(s).save(tmp_path / "int.o")
    td.build(s, name="twice").save(tmp_path / "twice.o")
    with pytest.raises(td.TargetError, match="G108: the interpreter makes no code to save"):
        td.build(s, target="interpret").save(tmp_path / "x.o")


def test_files_that_are_no_kernels(f, tmp_path):
    f.save(tmp_path / "product.o")
    whole = (tmp_path / "product.o").read_bytes()
    for content, said in (
        (b"", "is no object or shared library"),
        (b"text", "is no object or shared library"),
        (whole[:200], "is no object or shared library"),
        (whole.replace(b".tdsl\0", b".tdsk\0"), "holds no kernel of tdsl"),
        (whole.replace(b'"kind":"tdsl kernel"', b'"kind":"tdsl Kernel"'), "in format 1, tdsl reads 1"),
        (
            whole.replace(b'"format":1,"kind"', b'"format":9,"kind"'),
            "a saved kernel in format 9, tdsl reads 1",
        ),
        (whole.replace(b'"text":"m"', b'"text":"("'), "is no formula over sizes"),
    ):
        (tmp_path / "wrong.o").write_bytes(content)
        with pytest.raises(td.FormatError, match=f"C120: .*{said}"):
            td.load(tmp_path / "wrong.o")
    for path in (tmp_path, tmp_path / "nothing.so"):
        with pytest.raises(td.FormatError, match="C120: .* cannot be read"):
            td.load(path)


def test_a_file_for_another_cpu(f, tmp_path):
    other = "neoverse-n1" if os.uname().machine == "x86_64" else "znver4"
    x = td.placeholder("x", (4,))
    s = td.schedule(td.compute("y", (4,), lambda i: x[i] * 2))
    td.build(s, target=td.Target("cpu", mcpu=other)).save(tmp_path / "other.o")
    with pytest.raises(td.TargetError, match="G111: .*other.o cannot run here"):
        td.load(tmp_path / "other.o")


def test_an_older_entry_is_not_used(f, tmp_path, monkeypatch):
    """Machine code for Python of another source is left alone; the kernel runs all the same."""
    from tdsl.runtime import load as module

    f.save(tmp_path / "product.o")
    monkeypatch.setattr(module, "entry_digest", lambda: "another")
    assert td.load(tmp_path / "product.o")(A, B).tobytes() == f(A, B).tobytes()


def test_loaded_kernels_are_released_and_travel(f, tmp_path):
    import gc
    import pickle
    import weakref

    f.save(tmp_path / "product.o")
    g = td.load(tmp_path / "product.o")
    again = pickle.loads(pickle.dumps(g))
    assert again(A, B).tobytes() == f(A, B).tobytes()
    gone = weakref.ref(g._run)
    gc.disable()
    del g
    gc.enable()
    assert gone() is None
