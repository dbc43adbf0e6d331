"""Names of thread-local variables as C++ compilers write them."""

import pytest

from tdsl.runtime.cuda.emulated_code import carved_arrays, dynamic_block, static_arrays
from tdsl.runtime.cuda.symbols import _plain


@pytest.mark.parametrize(
    ("symbol", "name"),
    [(b"_ZZ8C_kernelE2As", "As"), (b"_ZZ8C_kernelE4xE5y", "xE5y"), (b"_ZZ3k12E6tile_2", "tile_2"), (b"plain", "plain"),
     (b"_ZZ1kE2As_0", "As"), (b"_ZZbroken", "_ZZbroken"), ("_ZZ1kE3é".encode() + b"1", "é1")],
)  # fmt: skip
def test_the_variables_own_name(symbol: bytes, name: str) -> None:
    assert _plain(symbol) == name


def test_shared_arrays_of_a_text() -> None:
    text = """
  __shared__ __align__(16) float As[1024];
  __shared__ unsigned char flags[4][33];
  __shared__ unsigned long long wide[8];
  extern __shared__ __align__(16) unsigned char tdsl_shared[];
  float* const Bs = (float*)(tdsl_shared + 256);
  float4 * first = (float4*)(tdsl_shared);
"""
    found = static_arrays(text)
    assert {name: (one.element, one.extents) for name, one in found.items()} == {
        "As": (4, (1024,)), "flags": (1, (4, 33)), "wide": (8, (8,)),
    }  # fmt: skip
    assert dynamic_block(text) == ("unsigned char", "tdsl_shared")
    assert [(one.name, one.element, one.offset) for one in carved_arrays(text)] == [
        ("first", 16, 0),
        ("Bs", 4, 256),
    ]
    assert dynamic_block("float x;") is None
