"""Proved bounds of a ticket's error, and a search for the error itself.

`intervals` encloses a target's values over a box; `realised` is what a construction tells of each stage, in the ways of
`common` and `copies`; `propagate` turns both into a `Certificate`, `differential` into a closer bound by substituting
target and ticket together; `a_priori` does the first before a mask is known;
`adversary` bounds the same supremum from below.
"""
