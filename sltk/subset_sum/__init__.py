"""Random subset sum: laws, exact solvers, coverage."""
