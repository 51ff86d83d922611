"""A ticket's certificates: its fields, and what mask, source and target prove."""
