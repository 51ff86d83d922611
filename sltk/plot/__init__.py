"""Figure style, and one function a kind of figure."""
