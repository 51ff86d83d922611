"""``python -m experiments.bench``: rates of the solver, then seconds an epoch, as tables and in ``out/bench``."""

from experiments.bench import bench, epochs

bench.main()
epochs.main()
