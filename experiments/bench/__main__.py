"""``python -m experiments.bench``: rates of the solver, cost of an epoch, a step and a size; files in ``out/bench``."""

from experiments.bench import bench, epochs, scale, steps

bench.main()
epochs.main()
steps.main()
scale.main()
