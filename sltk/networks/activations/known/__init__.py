"""The activations of the table, one file a kind, each with its ``ENTRIES``; a new file is all that a new one needs."""
