"""From the first import of a process to the result of a kernel that is on the disk: a case in, seconds of each part out.

`python -m benchmarks.first_result CASE`, a process of its own that has imported nothing before.
"""

from __future__ import annotations

import sys
import time


def now() -> tuple[float, float]:
    """Seconds on the clock, and of CPU in this process: equal where nobody else wants the core."""
    return time.perf_counter(), time.process_time()


def cached_build(case: str) -> dict[str, tuple[float, float]]:
    """Seconds of each part in this process."""
    start = now()
    import numpy as np

    libraries = now()
    import tdsl as td
    import tdsl.expr.subscripts  # the first declaration, directive and build would import these
    import tdsl.pipeline
    import tdsl.poly.verdict
    import tdsl.runtime.fast_call
    import tdsl.schedule.first_order
    import tdsl.schedule.primitives.vectorize
    from benchmarks import programs

    imported = now()
    if case == "add":
        n = td.size("n")
        x, y = td.placeholder("x", (n,)), td.placeholder("y", (n,))
        z = td.compute("z", (n,), lambda i: x[i] + y[i])
        s = td.schedule(z).vectorize(z, "i", 8)
        arguments = [np.ones(100, np.float32)] * 2
    else:
        s = programs.matmul(500, 700, 301, td.Target().vector_bits // 32)["packed"]
        arguments = [np.ones((500, 301), np.float32), np.ones((301, 700), np.float32)]
    scheduled = now()
    kernel = td.build(s)
    built = now()
    kernel(*arguments)
    called = now()
    td.build(s)
    again = now()
    parts = {
        "imports": (start, imported), "of these, tdsl's": (libraries, imported),
        "declared and scheduled": (imported, scheduled), "first build": (scheduled, built),
        "first call": (built, called), "after the imports": (imported, called),
        "import to first result": (start, called), "second build": (called, again),
    }  # fmt: skip
    return {name: (end[0] - begin[0], end[1] - begin[1]) for name, (begin, end) in parts.items()}


if __name__ == "__main__":
    found = cached_build(sys.argv[1])
    import json

    print(json.dumps(found))
