"""Settings of the whole suite: golden files, hypothesis profiles, optional extras, and no skip without a reason.

In: the command line and each test. Out: the `golden` fixture, the `needs` marker, an exit status that counts
unexplained skips as failures.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

TESTS = Path(__file__).resolve().parent
GOLDEN = TESTS / "golden"
# Last on the path: `benchmarks` is found there, while an installed tdsl still comes before the one of the checkout.
sys.path.append(str(TESTS.parent))

from tests.support.shared_run import share  # noqa: E402

# No test finds machine code of an earlier run, or leaves any in the user's folder; tests of the cache name a folder.
os.environ.setdefault("TDSL_CACHE", "0")

# Examples are the same in every run and under every hash seed, and no test fails because the machine was slow.
# `--hypothesis-profile=explore` draws new ones.
_steady = {"deadline": None, "derandomize": True, "database": None, "print_blob": True}
hypothesis.settings.register_profile("dev", max_examples=50, **_steady)
hypothesis.settings.register_profile("ci", max_examples=200, **_steady)
hypothesis.settings.register_profile("explore", max_examples=2000, deadline=None, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")

# The only reasons a skip may give; `needs` below writes the first two.
EXPLAINED = re.compile(
    r"needs \S+: pip install 'tdsl\[\w[\w-]*\]'|needs a C\+\+ compiler|needs qemu-aarch64 and|"
    r"needs a CPU with \S+|needs (Linux|a GPU)"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options of this suite."""
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden files instead of comparing"
    )
    parser.addoption("--skips-to", metavar="FILE", help="write the ids of skipped tests, one a line")
    parser.addoption(
        "--share", metavar="FOLDER", help="run test files that no other run with this folder has begun"
    )
    parser.addoption(
        "--require-extras", action="store_true", help="a missing extra fails instead of skipping"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declares the markers of this file."""
    config.addinivalue_line(
        "markers", "needs(extra, module): skipped unless `module` of tdsl[extra] is installed"
    )
    config.addinivalue_line("markers", "needs_compiler: skipped unless a C++ compiler is on PATH")
    config.addinivalue_line(
        "markers", "needs_emulator: skipped unless programs for AArch64 can be linked and run"
    )
    config.stash[_skips] = {}


_skips = pytest.StashKey[dict[str, str]]()


@pytest.fixture(autouse=True, scope="session")
def threads_run_small_loops():
    """The arrays of tests are small: threads take part in their loops all the same."""
    if sys.platform != "linux":
        yield
        return
    from tdsl.runtime.environment import always_parallel

    with always_parallel():
        yield


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test whose optional tool is missing, and says which one to install."""
    for mark in item.iter_markers("needs"):
        extra, module = mark.args
        if importlib.util.find_spec(module) is not None:
            continue
        advice = f"needs {module}: pip install 'tdsl[{extra}]'"
        if item.config.getoption("--require-extras"):
            pytest.fail(advice, pytrace=False)
        pytest.skip(advice)
    if item.get_closest_marker("needs_compiler") and not any(map(shutil.which, ("c++", "g++", "clang++"))):
        pytest.skip("needs a C++ compiler")
    if item.get_closest_marker("needs_emulator"):
        if not all(map(shutil.which, ("qemu-aarch64", "aarch64-linux-gnu-ld"))):
            pytest.skip(
                "needs qemu-aarch64 and aarch64-linux-gnu-ld (Debian: qemu-user, binutils-aarch64-linux-gnu)"
            )


class _Skips:
    """Collects what was skipped, and why."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.config.stash[_skips][report.nodeid] = reason.removeprefix("Skipped: ")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.config.stash[_skips][report.nodeid] = reason.removeprefix("Skipped: ")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Starts collecting skips."""
    session.config.pluginmanager.register(_Skips(session.config), "tdsl-skips")
    share(session.config, session.config.getoption("--share"))


def _unexplained(config: pytest.Config) -> dict[str, str]:
    return {test: reason for test, reason in config.stash[_skips].items() if not EXPLAINED.match(reason)}


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """An unexplained skip fails the run; the list of skips goes to `--skips-to`."""
    target = session.config.getoption("--skips-to")
    if target:
        skipped = session.config.stash[_skips]
        Path(target).write_text("".join(f"{test}\n" for test in sorted(skipped)), encoding="utf-8")
    if _unexplained(session.config) and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Names the skips that gave no known reason."""
    for test, reason in sorted(_unexplained(config).items()):
        terminalreporter.write_line(f"UNEXPLAINED SKIP {test}: {reason}", red=True)


def golden_path(node: pytest.Item, part: str, suffix: str) -> Path:
    """`tests/golden/<folder of the test file>/<file>/<test>[-part]<suffix>`, from the test's own name."""
    test_file = Path(node.path).relative_to(TESTS)
    name = re.sub(r"[^\w.=-]+", "-", node.name).strip("-").removeprefix("test_")
    folder = GOLDEN / test_file.parent / test_file.stem.removeprefix("test_")
    return folder / f"{name}{'-' + part if part else ''}{suffix}"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`golden(text, part="", suffix=".txt")` compares with the file kept under the test's name.

    `pytest --update-golden` writes the file instead; read the diff of such a change before it is committed.
    """

    def check(text: str, part: str = "", suffix: str = ".txt") -> None:
        path = golden_path(request.node, part, suffix)
        shown = path.relative_to(TESTS.parent)
        text = text if text.endswith("\n") else text + "\n"
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        if not path.exists():
            pytest.fail(
                f"{shown} does not exist: read the text below, then keep it with\n"
                f"    pytest --update-golden '{request.node.nodeid}'\n\n{text}",
                pytrace=False,
            )
        want = path.read_text(encoding="utf-8")
        assert text == want, f"{shown} differs; if the new text is right: pytest --update-golden"

    return check
