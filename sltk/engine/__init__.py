"""One engine: a weight is W = B (gate * c), with basis, coefficients, mask and gate."""
