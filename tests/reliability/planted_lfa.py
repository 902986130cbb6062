"""The ``lfa`` command with made-up reading, short limits, no reserve on the disk.

python -m tests.reliability.planted_lfa batch FOLDER -o RUN …
"""

from __future__ import annotations

import time
from functools import partial

import reader.cli.batch as command
from reader.batch.cluster import ClusterEngine
from reader.batch.engines import ProcessEngine
from reader.batch.plan import Limits, Wishes
from reader.batch.run import run_plan
from reader.batch.watch import watch
from reader.cli import main, watching

if __name__ == "__main__":
    command.ProcessEngine = partial(ProcessEngine, function="tests.batch.planted:slow")
    command.ClusterEngine = partial(ClusterEngine, function="tests.batch.planted:slow")
    command.Wishes = partial(Wishes, limits=Limits(cpu_s=2, wall_s=20))
    command.run_plan = partial(run_plan, reserve_bytes=-(2**60))
    watching.watch = partial(watch, pause=lambda: time.sleep(0.2), reserve_bytes=-(2**60))
    main()
