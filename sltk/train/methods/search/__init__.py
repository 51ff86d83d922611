"""Search for masks by what is learned beside frozen weights; one method a file. ``edge_popup`` lies above."""
