"""The public verbs that make tensors, and the proof at the declaration that every read stays inside its tensor."""

from tdsl.declare.axes import axis, reduce_axis
from tdsl.declare.compute import compute
from tdsl.declare.elementwise import unnamed_stage
from tdsl.declare.inputs import param, placeholder
from tdsl.declare.pad import pad
from tdsl.declare.program import Declarations, collect, tensors_read
from tdsl.declare.require import require
from tdsl.declare.size import size

__all__ = [
    "Declarations", "axis", "collect", "compute", "pad", "param", "placeholder", "reduce_axis", "require", "size",
    "tensors_read", "unnamed_stage",
]  # fmt: skip
