"""Scripts behind stored constants."""
