"""Small runs whose readings are made up, for tests in which the reading is not the point."""

from __future__ import annotations

import hashlib
import json

from reader.batch.cluster import ClusterEngine
from reader.batch.engines import ProcessEngine, SerialEngine
from reader.batch.parts import Line
from reader.batch.plan import Limits, Wishes, make_plan
from reader.interpret import load_assay
from reader.reading import json_line
from tests.batch.planted import QUICK


def line(path, content=b"", outcome="negative"):
    """A line of a picture with these bytes."""
    document = {"source": path, "outcome": outcome}
    digest = hashlib.sha256(content or path.encode()).hexdigest()
    return Line(json_line({"path": path, "sha256": digest, "reading": document}), outcome, failed=False)


def failed_line(path, code="corrupt-image"):
    """A line of a file that could not be read at all."""
    error = {"code": code, "message": "It is damaged.", "advice": "Copy it again."}
    return Line(json_line({"path": path, "sha256": None, "error": error}), code, failed=True)


def documents(run):
    """All lines of all parts of a run, in order, without the trailers."""
    paths = sorted((run / "parts").glob("part-*.jsonl"))
    return [json.loads(text) for path in paths for text in path.read_text("utf-8").split("\n")[:-2]]


def folder_of(folder, count=0, **planted):
    """A folder of made-up pictures, all different, some with what `tests.batch.planted` acts upon."""
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(count):
        (folder / f"{k:04}.jpg").write_bytes(b"picture %d" % k)
    for name, content in planted.items():
        (folder / f"{name}.jpg").write_bytes(content)
    return folder


def planned(folder, run, **wishes):
    """A plan for a folder, with limits that a test can wait for."""
    limits = Limits(cpu_s=1, wall_s=4, memory_mb=2048)
    return make_plan(str(folder), run, Wishes(load_assay("generic"), **{"limits": limits, **wishes}))


def process_engine(plan, workers=2, function=QUICK):
    """Processes that read what is planned."""
    return ProcessEngine(plan.root, load_assay("generic"), plan.limits, workers, function)


def cluster_engine(plan, where=2, function=QUICK):
    """A Dask cluster reads what is planned."""
    return ClusterEngine(plan.root, load_assay("generic"), plan.limits, where, function)


def serial_engine(plan, function=QUICK):
    """This process reads what is planned."""
    return SerialEngine(plan.root, load_assay("generic"), function)


def contents(run):
    """The bytes of all parts of a run, by name."""
    return {path.name: path.read_bytes() for path in sorted((run / "parts").iterdir())}
