"""Networks to work on: the published architectures, small ones for studies, and their initial draws."""
