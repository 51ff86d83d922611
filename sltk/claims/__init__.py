"""Claims of the field, one a file."""
