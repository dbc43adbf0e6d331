"""Every function of floats, defined by its expansion into + - * / sqrt fma, conversions and bit operations (D6)."""
