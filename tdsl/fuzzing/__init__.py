"""The fuzz engine: random legal schedules of given tensors, run beside the interpreter; failures made small.

In: tensors or a schedule. Out: a report. Uses the public API only, so that what it says of tdsl is what a user can see.
"""
