"""Polyhedral reasoning: bounds, dependences, legality, loop bounds; the modules below alone know isl."""
