"""Counting processors: affinity, and quotas of both versions of control groups, as files say them."""

import os

import pytest

from tdsl.runtime.processors import Processors, count_processors, cpu_quota


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({}, None),
        ({"proc/self/cgroup": "0::/"}, None),
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "max 100000"}, None),
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "250000 100000"}, 2.5),
        ({"proc/self/cgroup": "0::/a/b", "sys/fs/cgroup/a/b/cpu.max": "50000 100000"}, 0.5),
        # the group above is tighter
        (
            {
                "proc/self/cgroup": "0::/a/b",
                "sys/fs/cgroup/a/b/cpu.max": "800000 100000",
                "sys/fs/cgroup/a/cpu.max": "300000 100000",
            },
            3.0,
        ),
        # a path of the host's, seen from inside a container
        ({"proc/self/cgroup": "0::/../../pods/x", "sys/fs/cgroup/cpu.max": "100000 50000"}, 2.0),
        # version 1
        (
            {
                "proc/self/cgroup": "5:cpu,cpuacct:/job\n3:memory:/job",
                "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "150000",
                "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000",
            },
            1.5,
        ),
        (
            {
                "proc/self/cgroup": "5:cpu:/",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            },
            None,
        ),
        ({"proc/self/cgroup": "3:memory:/job", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100"}, None),
        # version 2 beside version 1
        (
            {
                "proc/self/cgroup": "1:name=systemd:/\n0::/s",
                "sys/fs/cgroup/unified/s/cpu.max": "400000 100000",
            },
            4.0,
        ),
    ],
)
def test_quota(tmp_path, files, quota):
    write(tmp_path, files)
    assert cpu_quota(tmp_path) == quota


@pytest.mark.parametrize(
    ("affinity", "quota", "threads"),
    [(8, None, 8), (8, 2.5, 2), (8, 0.5, 1), (8, 3.0, 3), (2, 64.0, 2), (1, None, 1)],
)
def test_threads_worth_running(affinity, quota, threads):
    assert Processors(affinity, quota).threads == threads


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
def test_affinity_counts(tmp_path):
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert count_processors(tmp_path) == Processors(1, None)
    finally:
        os.sched_setaffinity(0, allowed)
    assert count_processors(tmp_path).affinity == len(allowed)
