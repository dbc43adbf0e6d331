"""The `tdsl` command: `tdsl demo`, `tdsl info`, `tdsl --version`; arguments in, text and an exit status out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: the words after `tdsl`; those of the process by default.

    Returns:
        0 done, 1 a check of the demo failed or an error of tdsl was printed; argparse exits with 2 on bad usage.
    """
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.version:
        return _version()
    if chosen.command is None:
        parser.print_help()
        return 0
    from tdsl import TdslError

    try:
        return _demo(chosen.out) if chosen.command == "demo" else _info()
    except TdslError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tdsl", description="Tensor expressions with proved schedules.")
    parser.add_argument("--version", action="store_true", help="print the version and what it stands on")
    commands = parser.add_subparsers(dest="command", metavar="{demo,info}")
    demo = commands.add_parser(
        "demo", help="a matrix product and a blurred photograph, checked against NumPy"
    )
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("tdsl-demo"),
        metavar="DIR",
        help="where pictures and the page go (%(default)s)",
    )
    commands.add_parser("info", help="the processor found, its measured peak, and the versions underneath")
    return parser


def _version() -> int:
    from importlib.metadata import PackageNotFoundError, version

    for package in ("tdsl", "llvmlite", "islpy", "numpy"):
        try:
            print(package, version(package))
        except PackageNotFoundError:
            print(package, "(not installed)")
    return 0


def _demo(out: Path) -> int:
    from tdsl.demo import run

    return 0 if run(out) else 1


def _info() -> int:
    import tdsl as td

    print(td.machine_info())
    return 0
