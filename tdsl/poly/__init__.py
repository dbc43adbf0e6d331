"""Polyhedral reasoning: bounds, dependences, legality, loop bounds; the only package that imports islpy (and not here)."""
