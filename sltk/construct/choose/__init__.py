"""Recipes that choose themselves: from the declared class of a target and from rehearsals on other sources."""
