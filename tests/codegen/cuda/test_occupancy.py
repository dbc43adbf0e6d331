"""How many blocks fit: by hand from the tables of the programming guide, each limit in turn."""

import pytest

from tdsl.codegen.cuda.occupancy import LIMITS, limits_of, number_of, occupancy


@pytest.mark.parametrize(
    ("architecture", "registers", "shared", "threads", "blocks", "limited"),
    [
        ("sm_80", 32, 0, 256, 8, "warps"),  # 64 warps: 8 blocks of 8
        ("sm_80", 128, 8192, 256, 2, "registers"),  # 65536 / (128 * 256)
        (
            "sm_80",
            129,
            8192,
            256,
            1,
            "registers",
        ),  # 129 * 32 in units of 256 is 4352: 3 warps a partition, 12 in all
        ("sm_80", 255, 0, 256, 1, "registers"),  # 8 warps: two a partition
        ("sm_80", 65, 0, 1024, 0, "registers"),  # 7 warps a partition, 28 of the 32 needed
        ("sm_80", 16, 0, 32, 32, "blocks"),
        ("sm_80", 32, 49152, 128, 3, "shared memory"),  # 167936 / (49152 + 1024)
        ("sm_75", 32, 32768, 128, 2, "shared memory"),  # nothing is kept for the system: 65536 / 32768
        ("sm_86", 32, 0, 128, 12, "warps"),  # 48 warps
        ("sm_90", 32, 232448, 1024, 1, "shared memory"),
        ("sm_120", 40, 0, 1024, 1, "warps"),
    ],
)
def test_each_limit(architecture, registers, shared, threads, blocks, limited):
    found = occupancy(architecture, registers, shared, threads)
    assert (found.blocks, found.limited_by) == (blocks, limited)
    assert found.warps == blocks * -(-threads // 32)
    assert found.share == found.warps / limits_of(architecture).warps


def test_a_warp_that_is_not_full_counts_whole():
    assert occupancy("sm_80", 32, 0, 33) == occupancy("sm_80", 32, 0, 64)


def test_more_of_anything_never_fits_better():
    for architecture in ("sm_75", "sm_80", "sm_89", "sm_90", "sm_120"):
        blocks = [occupancy(architecture, registers, 4096, 256).blocks for registers in range(16, 256)]
        assert blocks == sorted(blocks, reverse=True)
        blocks = [occupancy(architecture, 32, shared, 64).blocks for shared in range(0, 48 * 1024, 512)]
        assert blocks == sorted(blocks, reverse=True)


def test_architectures_with_a_letter_and_between_the_rows_of_the_table():
    assert number_of("sm_90a") == 90
    assert limits_of("sm_100a") is LIMITS[100]
    assert limits_of("sm_88") is LIMITS[87]
    assert limits_of("sm_121") is LIMITS[120]
    assert limits_of("sm_70") is LIMITS[75]
