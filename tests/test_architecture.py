"""The borders and shapes that architecture.md and house-style.md promise, read off the source files themselves.

The tables below need the standard library alone, so they are checked in every run; import-linter's contracts in
pyproject.toml say the same and run where the extra [dev] is installed.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tdsl"
TESTS = ROOT / "tests"

LEAVES = ("digest", "records", "slots", "errors", "location", "dtypes", "target", "settings")
# package -> what else of tdsl it may import; a leaf may import the leaves before it.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    **{leaf: LEAVES[:at] for at, leaf in enumerate(LEAVES)},
    "error_pages": ("errors",),  # for docs/ and tests: nothing in tdsl imports it
    "expr": LEAVES,
    "poly": ("expr", *LEAVES),
    "declare": ("expr", "poly", *LEAVES),
    "schedule": ("expr", "poly", "declare", *LEAVES),
    "lower": ("expr", "schedule", *LEAVES),
    # Loop IR and its text, which is what caches, pickles and saved files keep of a kernel (ADR 0018).
    "codegen": ("expr", "lower.ir", "lower.parser", "lower.printer", "lower.tiles", *LEAVES),
    "runtime": ("codegen", *LEAVES),
    "report": ("expr", "poly", "declare", "schedule", "lower", "codegen", "runtime", *LEAVES),
    "pipeline": ("expr", "poly", "declare", "schedule", "lower", "codegen", "runtime", "report", *LEAVES),
}
# These see tdsl as users do: the top level and nothing inside.
PUBLIC_ONLY = {
    "demo": ("demo",),
    "cli": ("cli", "demo", "verify"),
    "ops": ("ops", "schedules", "location"),  # errors end on the caller's line
    "schedules": ("schedules", "location"),
    # Its oracle is what defines meaning, expr's interpreter; errors show the user's line.
    # Its arrays are small, and threads run their loops all the same (runtime.environment).
    "fuzzing": ("fuzzing", "location", "expr.interpreter", "runtime.environment"),
    "verify": ("verify",),
    "__main__": ("cli",),
}
OUTSIDERS = {"islpy": ("poly",), "llvmlite": ("codegen", "runtime")}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "tools", "core", "base", "misc", "common"}
# Folders and files of tests/ that mirror no file of tdsl/.
NO_MIRROR = {
    "acceptance", "citizen", "errors", "property", "golden", "semantics", "fuzz", "benchmarks", "docs", "test_acceptance.py",
    "test_architecture.py", "test_tutorials.py", "test_ci.py", "test_public.py", "test_docs.py", "conftest.py",
}  # fmt: skip


def sources() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def package_of(path: Path) -> str:
    """The part of tdsl a file belongs to: its folder or its own name; '' for tdsl/__init__.py."""
    inside = path.relative_to(PACKAGE)
    if len(inside.parts) > 1:
        return inside.parts[0]
    return "" if inside.stem == "__init__" else inside.stem


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every module a file imports, anywhere in it, as (line, absolute dotted name)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            stem = node.module or ""
            if node.level:
                package = module_of(path).split(".")
                keep = len(package) - node.level + (path.name == "__init__.py")
                stem = ".".join([*package[:keep], *([stem] if stem else [])])
            # `from tdsl.lower import ir` imports tdsl.lower.ir
            yield from ((node.lineno, resolved(stem, alias.name)) for alias in node.names)


def resolved(stem: str, name: str) -> str:
    target = ROOT.joinpath(*stem.split("."), name)
    is_module = target.is_dir() or target.with_suffix(".py").is_file()
    return f"{stem}.{name}" if stem.startswith("tdsl") and is_module else stem


def allowed(package: str, imported: str) -> bool:
    inner = imported.removeprefix("tdsl").removeprefix(".")
    if package in PUBLIC_ONLY:
        return inner == "" or inner in PUBLIC_ONLY[package] or inner.split(".")[0] in PUBLIC_ONLY[package]
    if inner == "":
        return False
    if inner.split(".")[0] == package:
        return True
    return any(inner == may or inner.startswith(may + ".") for may in MAY_IMPORT.get(package, ()))


def test_each_package_imports_only_what_stands_before_it() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sources()
        if package_of(path)
        for line, name in imports(path)
        if name.split(".")[0] == "tdsl" and not allowed(package_of(path), name)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_package_is_in_the_table() -> None:
    unknown = {package_of(path) for path in sources()} - {"", *MAY_IMPORT, *PUBLIC_ONLY}
    assert not unknown, f"say in tests/test_architecture.py what {sorted(unknown)} may import"


@pytest.mark.parametrize("outsider", OUTSIDERS)
def test_outside_libraries_have_one_door(outsider: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources()
        for line, name in imports(path)
        if name.split(".")[0] == outsider and package_of(path) not in OUTSIDERS[outsider]
    ]
    assert not wrong, f"{outsider} belongs to {OUTSIDERS[outsider]}: {wrong}"


def test_leaves_import_the_standard_library_alone() -> None:
    """But for dtypes, which knows NumPy's dtypes and loads NumPy when first asked for one."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sources()
        if package_of(path) in LEAVES
        for line, name in imports(path)
        if (package_of(path), name) != ("dtypes", "numpy")
        and name.split(".")[0] not in sys.stdlib_module_names | {"tdsl"}
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.needs("dev", "importlinter")
def test_import_linter_agrees() -> None:
    run = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", run], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_tdsl_is_cheap() -> None:
    """The first line of every program loads neither LLVM nor isl (nor anything that draws)."""
    ask = "import sys, tdsl; print(*sorted({'llvmlite', 'islpy', 'matplotlib', 'ctypes.util'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_files_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for folder in (PACKAGE, TESTS, ROOT / "benchmarks")
        for path in folder.rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert not long, f"over 500 lines: {long}"


def test_first_line_says_what_the_file_does() -> None:
    wrong = []
    for path in sources():
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        if not path.read_text(encoding="utf-8").startswith('"""') or not docstring:
            wrong.append(str(path.relative_to(ROOT)))
    assert not wrong, f"no docstring on line 1: {wrong}"


def test_public_functions_and_classes_have_docstrings() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in sources()
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
        and not is_overload(node)
    ]
    assert not wrong, "\n".join(wrong)


def is_overload(node: ast.FunctionDef | ast.ClassDef) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id == "overload" for mark in node.decorator_list)


def test_names_of_modules_mean_something() -> None:
    wrong = [str(path.relative_to(ROOT)) for path in sources() if path.stem in FORBIDDEN_NAMES]
    assert not wrong


def test_tests_mirror_the_tree() -> None:
    """tests/<package>/test_<file>.py tests tdsl/<package>/<file>.py."""
    wrong = []
    for path in sorted(TESTS.rglob("*.py")):
        inside = path.relative_to(TESTS)
        if inside.parts[0] in NO_MIRROR or path.name in ("__init__.py", "conftest.py"):
            continue
        mirrored = PACKAGE.joinpath(*inside.parts[:-1], path.name.removeprefix("test_"))
        if path.name.startswith("test_") and not (mirrored.exists() or mirrored.with_suffix("").is_dir()):
            wrong.append(f"tests/{inside} mirrors no file of tdsl/")
    assert not wrong, "\n".join(wrong)


# Written in pieces, so that this file does not find itself.
MACHINE = re.compile(
    "|".join((r"/wo" r"rk/", r"/ro" r"ot/", r"/ho" r"me/\w", r"/tmp/ve" r"nv", r"/opt/wh" r"eels"))
)
HOSTS = re.compile("|".join((r"pypi\.o" r"rg", r"pythonho" r"sted", r"npm" r"js\.", r"deb" r"ian\.o" r"rg")))


def text_files() -> Iterator[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True
    )
    if listed.returncode:  # a source archive without git
        names = [
            str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.suffix in {".py", ".md", ".toml", ".ll"}
        ]
    else:
        names = listed.stdout.decode().split("\0")
    for name in filter(None, names):
        path = ROOT / name
        if path.is_file() and path.suffix not in {".png", ".jpg", ".gz"}:
            yield path


@pytest.mark.parametrize("what", [MACHINE, HOSTS], ids=["machine paths", "registry hosts"])
def test_nothing_names_one_machine(what: re.Pattern[str]) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in text_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if what.search(line)
    ]
    assert not wrong, "\n".join(wrong)
