"""Sizes of pools that suffice: certificates, coverage, the door ``required_size``."""
