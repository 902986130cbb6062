"""Small runs whose readings are made up, for tests in which the reading is not the point."""

from __future__ import annotations

import hashlib
import json

from reader.batch.parts import Line, text_line


def line(path, content=b"", outcome="negative"):
    """A line of a picture with these bytes."""
    document = {"source": path, "outcome": outcome}
    digest = hashlib.sha256(content or path.encode()).hexdigest()
    return Line(text_line({"path": path, "sha256": digest, "reading": document}), outcome, failed=False)


def failed_line(path, code="corrupt-image"):
    """A line of a file that could not be read at all."""
    error = {"code": code, "message": "It is damaged.", "advice": "Copy it again."}
    return Line(text_line({"path": path, "sha256": None, "error": error}), code, failed=True)


def documents(run):
    """All lines of all parts of a run, in order, without the trailers."""
    paths = sorted((run / "parts").glob("part-*.jsonl"))
    return [json.loads(text) for path in paths for text in path.read_text("utf-8").split("\n")[:-2]]
