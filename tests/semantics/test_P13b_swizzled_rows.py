"""P13b: cell c of a swizzled row r lies at c xor r, r modulo what 128 bytes hold; one to one."""

import numpy as np
import pytest

import tdsl as td
from tdsl.lower.interpret_buffer import Buffer


@pytest.mark.parametrize("vector", [1, 2, 4])
@pytest.mark.parametrize("columns", [32, 64])
def test_cells_lie_at_the_exclusive_or_with_their_row(monkeypatch, vector, columns):
    x = td.placeholder("x", (32, columns))
    y = td.compute("y", (columns, 32), lambda i, j: x[j, i])
    s = td.schedule(y).bind(y, {"j": "thread.x"}).cache_read(x, y, name="xs", scope="shared")
    s = s.split(y, "i", columns).bind(y, {"io": "block.x"}).reorder(y, "io", "j", "ii")
    s = s.compute_at("xs", y, "io").swizzle("xs", vector=vector)
    places, plain = {}, Buffer.store

    def store(self, index, value, *rest):
        if self.name == "xs":
            places[float(value)] = tuple(map(int, index))
        plain(self, index, value, *rest)

    monkeypatch.setattr(Buffer, "store", store)
    data = np.arange(32 * columns, dtype=np.float32).reshape(32, columns)
    assert np.array_equal(td.build(s, target="interpret")(data), data.T)
    cells = 128 // (4 * vector)
    for row in range(32):
        found = [places[float(value)] for value in data[row]]
        assert sorted(found) == [(row, column) for column in range(columns)]
        expected = [((c // vector) ^ (row % cells)) * vector + c % vector for c in range(columns)]
        assert [column for _, column in found] == expected
