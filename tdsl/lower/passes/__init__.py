"""Passes over Loop IR, one a file: a valid kernel in, a valid kernel of the same meaning out."""
