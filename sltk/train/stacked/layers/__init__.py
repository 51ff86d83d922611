"""Layers of a stack, one kind a file; what has none is computed by ``torch.func.vmap`` over the plain network."""
