"""How a ticket leaves training: as plain tensors, as a mask file, as a smaller module, as sparse layers."""
