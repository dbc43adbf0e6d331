"""islpy's version from the name of its folder: spares the import of islpy those modules that it loads to read its own.

In: nothing. Out: a finder on `sys.meta_path` that serves `islpy.version` once, with the same names and values. islpy asks
importlib.metadata, which loads the packages for mail, sockets and archives: 15 ms, a third of what islpy's import costs.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    Loader = object  # importlib.abc loads what this file spares

NAME = "islpy.version"
_FOLDER = re.compile(r"islpy-([0-9.]+)([a-z0-9]*)\.dist-info")


class VersionFinder(Loader):
    """Finds `islpy.version`, and is its loader; for anything that is not as expected, Python's own way is left."""

    def __init__(self) -> None:
        self._numbers, self._status = "", ""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module, where one folder says which version of islpy this is."""
        if name != NAME:
            return None
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        if "importlib.metadata" in sys.modules or not path:
            return None
        found = [
            match for entry in os.listdir(os.path.dirname(path[0])) if (match := _FOLDER.fullmatch(entry))
        ]
        if len(found) != 1:
            return None
        self._numbers, self._status = found[0].groups()
        origin = PathFinder.find_spec(name, path)
        return ModuleSpec(name, self, origin=None if origin is None else origin.origin)

    def create_module(self, spec: ModuleSpec) -> None:
        """Python's own kind of module."""

    def exec_module(self, module: ModuleType) -> None:
        """The names that islpy's file has."""
        numbers, status = self._numbers, self._status
        version = tuple(map(int, numbers.split(".")))
        vars(module).update(VERSION_TEXT=numbers + status, VERSION=version, VERSION_STATUS=status)


def install() -> None:
    """Ready for the first import of islpy, unless somebody imported it."""
    if "islpy" not in sys.modules:
        sys.meta_path.insert(0, VersionFinder())
