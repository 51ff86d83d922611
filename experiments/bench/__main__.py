"""``python -m experiments.bench``: print the table of rates and write ``out/bench/bench.json``."""

from experiments.bench.bench import main

main()
