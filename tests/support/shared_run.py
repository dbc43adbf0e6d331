"""One suite run by several processes: each takes a file of tests that no other has taken, until none is left.

In: `pytest --share FOLDER`, the same empty folder for all of them. Out: every test runs in exactly one process; a file's
tests stay together, so that what they share is made once. A mark in the folder says that a file is taken.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from _pytest.runner import pytest_runtest_protocol as run_protocol


class SharedRun:
    """Leaves out the tests of files that another process has taken."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.asked: dict[Path, bool] = {}
        self.left = 0

    def mine(self, path: Path) -> bool:
        """Whether the file is this process's; takes it where nobody has."""
        if path not in self.asked:
            mark = self.folder / hashlib.sha256(os.fsencode(path)).hexdigest()
            try:
                os.close(os.open(mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            except FileExistsError:
                self.asked[path] = False
            else:
                self.asked[path] = True
        return self.asked[path]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Runs a test of this process's, followed by the next one of this process's."""
        if not self.mine(item.path):
            self.left += 1
            return True
        if nextitem is None or nextitem.path == item.path:
            return None
        items = item.session.items
        later = items[items.index(nextitem) :]
        return run_protocol(item, next((one for one in later if self.mine(one.path)), None))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Says how many tests another process ran."""
        terminalreporter.write_line(f"{self.left} tests left to others that share {self.folder.name}")


def share(config: pytest.Config, folder: str | None) -> None:
    """Has the run share its tests, where a folder is given."""
    if folder is not None:
        config.pluginmanager.register(SharedRun(Path(folder)), "tdsl-share")
