"""Commands that make papers: studies, figures from their rows, the report of a machine."""
