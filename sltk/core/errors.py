"""The one exception type of the toolkit.

A message names the argument, its value, what is allowed, and what to do about it:
``f"solve needs eps > 0, but got eps={eps}; pass eps=None to ask for the minimum error."``
"""


class SltkError(ValueError):
    """Bad input, or a file that is not what it says; the message names the cause and the cure."""
