"""The `tdsl` command: `tdsl demo`, `info`, `cache`, `verify`, `tdsl --version`; arguments in, text and an exit status out."""

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
        0 done, 1 a check of the demo or of `verify` failed or an error of tdsl was printed; argparse exits with 2 on bad usage.
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
        if chosen.command == "cache":
            return _cache_clear() if chosen.action == "clear" else _cache_list()
        if chosen.command == "verify":
            return _verify(chosen.out, emulate=chosen.emulate)
        return _demo(chosen.out) if chosen.command == "demo" else _info()
    except TdslError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tdsl", description="Tensor expressions with proved schedules.")
    parser.add_argument("--version", action="store_true", help="print the version and what it stands on")
    commands = parser.add_subparsers(dest="command", metavar="{demo,info,cache,verify}")
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
    cache = commands.add_parser("cache", help="the compiled kernels kept on disk")
    actions = cache.add_subparsers(dest="action", metavar="{ls,clear}", required=True)
    actions.add_parser("ls", help="the folder and what it holds, last used first")
    actions.add_parser("clear", help="remove all of it")
    verify = commands.add_parser(
        "verify", help="run the CUDA tests on this machine's device, and write a report"
    )
    verify.add_argument("--cuda", action="store_true", required=True, help="what to verify: CUDA kernels")
    verify.add_argument("--emulate", action="store_true", help="emulate them on this CPU, with no device")
    verify.add_argument("--out", type=Path, default=Path("tdsl-verify.json"), metavar="FILE",
                        help="the report (%(default)s)")  # fmt: skip
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


def _verify(out: Path, *, emulate: bool) -> int:
    from tdsl.verify import verify_cuda

    return 0 if verify_cuda(out, emulate=emulate) else 1


def _info() -> int:
    import tdsl as td

    print(td.machine_info())
    return 0


def _cache_list() -> int:
    import time

    import tdsl as td

    folder = td.cache_folder()
    if folder is None:
        print("nothing is kept: TDSL_CACHE=0, or no home folder")
        return 0
    entries = folder.entries()
    total = sum(entry.bytes for entry in entries)
    number = f"{len(entries)} entr{'y' if len(entries) == 1 else 'ies'}"
    print(f"{folder.path}: {number}, {total / 1e6:.1f} of {folder.limit_bytes / 1e6:.0f} MB")
    if reason := folder.refusal():
        print(f"not used: {reason}")
    for entry in entries:
        used = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used))
        print(f"{used} {entry.bytes:>9,} B  {folder.label(entry.key) or '(damaged)'}")
    return 0


def _cache_clear() -> int:
    import tdsl as td

    folder = td.cache_folder()
    number = 0 if folder is None else folder.clear()
    print(
        f"removed {number} entr{'y' if number == 1 else 'ies'}"
        + ("" if folder is None else f" from {folder.path}")
    )
    return 0
