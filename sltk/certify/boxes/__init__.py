"""The pair over many small boxes at once, and the domain bisected into them where its bound is largest."""
