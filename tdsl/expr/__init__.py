"""Scalar expressions, tensors and stages, their written semantics, printer, parser, simplifier and interpreter."""
