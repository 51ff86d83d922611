"""The check of a ticket file: nothing is believed but the mask.

What a construction relies on is worked out here a second time, on purpose: source weights by another path through the
generator, places from the mask, answers on data. A rule that both shared would hide its own mistakes.
"""
