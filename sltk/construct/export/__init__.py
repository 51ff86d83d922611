"""What a ticket gives to other tools: its source as an ordinary module, masks, failures as rows, plain tensors."""
