"""How many threads this process may usefully run: the scheduler's affinity mask and the control groups' CPU quota.

In: nothing but /proc and /sys. Out: counts. A thread beyond either is worse than none: it shares a core that the join
waits for, or is throttled for the rest of a period of 100 ms.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tdsl.records import dataclass

if TYPE_CHECKING:
    from pathlib import Path

_ROOT = "/"


@dataclass(frozen=True, slots=True)
class Processors:
    """What the process may use.

    Args:
        affinity: logical CPUs in the affinity mask.
        quota_cores: the smallest CPU quota of the process's control groups, in cores; None where there is none.
    """

    affinity: int
    quota_cores: float | None

    @property
    def threads(self) -> int:
        """Threads worth running: the quota rounded down, at least one, at most the mask."""
        if self.quota_cores is None:
            return self.affinity
        return max(1, min(self.affinity, int(self.quota_cores)))


def count_processors(root: str | Path = _ROOT) -> Processors:
    """Count now; `root` is where /proc and /sys are found."""
    try:
        affinity = len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        affinity = os.cpu_count() or 1
    return Processors(affinity, cpu_quota(root))


def cpu_quota(root: str | Path = _ROOT) -> float | None:
    """The tightest CPU quota over the process's groups and all groups above them, in cores.

    Source: Linux, Documentation/admin-guide/cgroup-v2.rst (cpu.max) and scheduler/sched-bwc.rst (version 1).
    """
    try:
        lines = _read(os.path.join(root, "proc/self/cgroup")).splitlines()
    except OSError:
        return None
    quotas = [quota for line in lines for quota in _quotas_of(line, os.path.join(root, "sys/fs/cgroup"))]
    return min(quotas, default=None)


def _quotas_of(line: str, mounted: str) -> Iterator[float]:
    """Quotas of one line `number:controllers:path`; version 2 has no controllers there."""
    _, controllers, path = line.split(":", 2)
    if not controllers:
        for folder in (mounted, f"{mounted}/unified"):
            yield from _quotas_above(folder, path, _read_version_2)
    elif "cpu" in controllers.split(","):
        for folder in dict.fromkeys((f"{mounted}/{controllers}", f"{mounted}/cpu", f"{mounted}/cpu,cpuacct")):
            yield from _quotas_above(folder, path, _read_version_1)


def _quotas_above(mounted: str, path: str, read: Callable[[str], float | None]) -> Iterator[float]:
    """The quotas of a group and of the groups that hold it, up to the root of what is mounted.

    In a container the path may be one of the host's: what is not mounted here is passed over.
    """
    parts = [part for part in path.split("/") if part not in ("", "..")]
    for depth in range(len(parts), -1, -1):
        quota = read("/".join((mounted, *parts[:depth])))
        if quota is not None:
            yield quota


def _read_version_2(group: str) -> float | None:
    words = _words(f"{group}/cpu.max")
    if len(words) != 2 or words[0] == "max":
        return None
    return int(words[0]) / int(words[1])


def _read_version_1(group: str) -> float | None:
    quota, period = _words(f"{group}/cpu.cfs_quota_us"), _words(f"{group}/cpu.cfs_period_us")
    if len(quota) != 1 or len(period) != 1 or int(quota[0]) <= 0:
        return None
    return int(quota[0]) / int(period[0])


def _words(file: str) -> list[str]:
    try:
        return _read(file).split()
    except OSError:
        return []


def _read(file: str) -> str:
    with open(file, encoding="utf-8") as stream:  # ascii would be one more import
        return stream.read()
