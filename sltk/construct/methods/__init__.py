"""The constructions: from an architecture to source layers and the role of each."""
