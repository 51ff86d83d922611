"""How a ticket leaves the engine: as plain tensors, as a mask file, as a smaller module, as sparse layers."""
