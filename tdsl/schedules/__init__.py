"""Schedule functions for users: `td.schedules.default` and the patterns that operators share, on the public API only.

In: a schedule, the stage it is about. Out: a new schedule with the steps appended, each with its reason. They compose through
`s.apply(td.schedules.gemm_blocked, C)` or plain calls.
"""

from tdsl.schedules.axes import along_axes
from tdsl.schedules.copies import copies
from tdsl.schedules.default import default
from tdsl.schedules.elementwise import elementwise, transposed
from tdsl.schedules.gemm import gemm_blocked
from tdsl.schedules.gemm_tiles import gemm_tiles
from tdsl.schedules.images import convolutions, pools
from tdsl.schedules.pointwise import pointwise
from tdsl.schedules.products import dot_tiles, few_rows, products, row_by_matrix, two_rows
from tdsl.schedules.reductions import reduce_columns, reduce_rows
from tdsl.schedules.rowwise import rowwise
from tdsl.schedules.scans import scan_tiles, scans
from tdsl.schedules.short_rows import short_rows
from tdsl.schedules.stencil import stencil_strips
from tdsl.schedules.windows import windows

__all__ = [
    "along_axes",
    "convolutions",
    "copies",
    "default",
    "dot_tiles",
    "elementwise",
    "few_rows",
    "gemm_blocked",
    "gemm_tiles",
    "pointwise",
    "pools",
    "products",
    "reduce_columns",
    "reduce_rows",
    "row_by_matrix",
    "rowwise",
    "scan_tiles",
    "scans",
    "short_rows",
    "stencil_strips",
    "transposed",
    "two_rows",
    "windows",
]
