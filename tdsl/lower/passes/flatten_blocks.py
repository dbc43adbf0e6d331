"""Normal form of Loop IR: no blocks in blocks, no blocks of one statement; what text can tell apart, and nothing else.

In: any kernel. Out: the same statements in the same order, the same object where nothing changes. For kernels in this
form `parse(print(k)) == k` holds.
"""

from __future__ import annotations

from dataclasses import replace

from tdsl.lower.ir import Block, Kernel, Statement, block
from tdsl.lower.rewrite_statement import rebuild


def flatten_blocks(kernel: Kernel) -> Kernel:
    """The kernel in normal form.

    Rewrite: `Block(a, Block(b, c))` is `Block(a, b, c)`; `Block(a)` is `a`; an empty block among others goes.
    """
    body = _flat(kernel.body)
    return kernel if body is kernel.body else replace(kernel, body=body)


def _flat(statement: Statement) -> Statement:
    flat = rebuild(statement, _flat)
    if isinstance(flat, Block) and (len(flat.statements) == 1 or _nested(flat)):
        return block(flat.statements)
    return flat


def _nested(statement: Block) -> bool:
    return any(isinstance(one, Block) for one in statement.statements)
