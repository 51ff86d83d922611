"""More targets than memory holds.

Pools and targets are drawn from named streams where they are read, and the answers go
into a file. Killed and called again, the program goes on where it was.
"""

from sltk.subset_sum import Drawn, SolutionFile, Uniform, solve_stream

count = 20_000  # as many as the disk holds; memory does not grow with it
pool = Drawn(Uniform(1.0), seed=1, name="pool", n=20)
target = Drawn(Uniform(0.5), seed=1, name="target", count=count)

stream = solve_stream(pool, target, eps=0.001, objective="cardinality", chunk=5_000)
stream.save("answers.sums")

missed, taken = 0, 0
for part in SolutionFile("answers.sums"):
    missed += int((~part.reached).sum())
    taken += int(part.mask.sum())
print(f"{count - missed:,} of {count:,} reached, {taken / count:.2f} samples each")
