"""A process that makes hostile calls for a watchdog: asks for numbers over a pipe, tells how each call ended.

In: lines, `call`, a number, or `stop` instead of one. Out: lines: `ready` once; `ask BOUND`; then `done COUNTS` or
`failed WHY`, both as JSON. What anything else prints goes to the error stream, so that the pipe holds nothing else.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections import Counter

from tests.support.hostile_calls import built, one_call
from tests.support.hostile_choices import Choices


class Stopped(Exception):
    """The call is not wanted any more."""


def serve() -> None:
    """Makes calls until there is nothing more to read."""
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)

    def tell(line: str) -> None:
        pipe.write(f"{line}\n".encode())

    def ask(bound: int) -> int:
        tell(f"ask {bound}")
        answer = sys.stdin.readline()
        if answer == "stop\n":
            raise Stopped
        return int(answer)

    kernels = built()
    tell("ready")
    while sys.stdin.readline() == "call\n":
        told: Counter[str] = Counter()
        try:
            one_call(Choices(ask), kernels, told)
        except Stopped:
            continue
        except Exception:  # noqa: BLE001
            tell(f"failed {json.dumps(traceback.format_exc(limit=-4))}")
        else:
            tell(f"done {json.dumps(told)}")


if __name__ == "__main__":
    serve()
