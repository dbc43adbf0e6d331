"""Polyhedral reasoning: bounds, dependences, legality, loop bounds; the modules below alone import islpy."""

from tdsl.poly.islpy_version import install

install()
