"""Measurements: declared, run, stored.

`parameters` and `bits` read a ticket back from its mask and source; `measure` runs it on data; `check` puts the
three together as the independent verification of a ticket file; `digits` is the main job.
"""
