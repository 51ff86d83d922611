"""A ticket behind a weight, and many replicas of a module on one axis."""
