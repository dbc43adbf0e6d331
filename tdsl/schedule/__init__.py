"""Schedules: how tensors are computed, as immutable values; declarations in, loop nests and verdicts out."""
