"""What a ticket is like: overlap of masks, connectivity of solutions, layers, storage."""
