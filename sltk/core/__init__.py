"""Ground floor: errors, named random streams, exact statistics, claims, files."""
