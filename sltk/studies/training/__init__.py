"""One method on a task, the branches from what it stored, and rewinding; data and networks by name, or a user's own."""
