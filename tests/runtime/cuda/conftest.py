"""The stand-in driver, compiled once a run."""

from pathlib import Path

import pytest

from tests.support import stand_in


@pytest.fixture(scope="session")
def driver_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stand_in.compiled(tmp_path_factory.mktemp("driver"))


@pytest.fixture
def driver(driver_library: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """`driver(CC=90, …)`: a stand-in driver of this test's own."""
    return lambda **environment: stand_in.use(monkeypatch, driver_library, tmp_path, **environment)
