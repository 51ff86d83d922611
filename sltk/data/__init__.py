"""Data sets, checked by hash, from a folder, a cache or the network; augmentation."""
