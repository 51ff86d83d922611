"""Which coefficients go: scores, scopes, schedules, search, controls."""
