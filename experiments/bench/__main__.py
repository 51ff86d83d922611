"""``python -m experiments.bench``: rates of the solver, seconds an epoch, cost by size; files in ``out/bench``."""

from experiments.bench import bench, epochs, scale

bench.main()
epochs.main()
scale.main()
