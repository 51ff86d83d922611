"""``python -m experiments.bench``: rates of the solver and its devices, cost of an epoch, a step and a size.

The same as JSON lies in ``out/bench``.
"""

from experiments.bench import bench, devices, epochs, scale, steps

bench.main()
devices.main(None)
epochs.main()
steps.main()
scale.main()
