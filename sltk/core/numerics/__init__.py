"""Arrays and tensors with types, outward rounding and intervals, packed indices, compiled kernels."""
