"""Dynamic sparse training: methods whose masks move while the weights train; one a file."""
