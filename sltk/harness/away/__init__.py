"""Leaving the machine: shards over a shared folder, SLURM, a Dask cluster; the rows stay the same bytes."""
