"""A sweep in shards.

Each shard could run on another machine: a shared folder is the truth, and the rows
are the same bytes.
"""

from dataclasses import replace
from pathlib import Path

from sltk.harness.away.shards import run_shard
from sltk.harness.away.where import Shard
from sltk.harness.catalogue import find

study = find("epsilon-perturbation")
options = replace(study.standard(), preset="quick", out=Path("out/shards"))
for index in (3, 1, 2):
    done = run_shard(study, options, Shard(index, 3))
    print(f"shard {index} of 3: {done.rows} rows, {done.measured} measured now")
whole = study.run(options)
print(f"together: {len(whole.rows)} rows, {whole.measured} measured again")
