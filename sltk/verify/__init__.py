"""The check of a ticket file: nothing is believed but the mask."""
