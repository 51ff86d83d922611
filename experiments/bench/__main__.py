"""``python -m experiments.bench``: rates of the solver, seconds an epoch, ratios a step; tables, and ``out/bench``."""

from experiments.bench import bench, epochs, steps

bench.main()
epochs.main()
steps.main()
