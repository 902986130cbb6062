"""Run folders made by hand."""

from __future__ import annotations

import hashlib
import json

from reader.reading import Analyte, ImageInfo, Outcome
from tests.report.conftest import line, reading, strip

__all__ = ["failed", "line", "malaria", "put_run", "read", "reading", "strip"]

ERROR = {"code": "corrupt-image", "message": "The picture is damaged.", "advice": "Copy it again."}


def digest_of(path):
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()


def read(path, *strips, same_as=None, digest=None, **changes):
    """A line of a part: a picture that was read."""
    digest = digest or digest_of(same_as or path)
    info = ImageInfo(digest, "JPEG", 1000, 600)
    document = reading(*strips, source=path, image=info, **changes).to_dict()
    said = {"path": path, "sha256": digest, "reading": document}
    return said | ({"same_as": same_as} if same_as else {})


def failed(path, **changes):
    """A line of a part: a file that is no picture."""
    return {"path": path, "sha256": digest_of(path), "error": ERROR | changes}


def malaria(**changes):
    """A strip whose analytes are not named like its lines."""
    fields = {
        "assay": "malaria-pf-pv",
        "lines": (line("C", 0.26, 0.4), line("Pv", 0.49, 0.001, detected=False), line("Pf", 0.72, 0.2)),
        "analytes": {
            "pf": Analyte(Outcome.POSITIVE, 0.99, 0.5, 0.01),
            "pv": Analyte(Outcome.NEGATIVE, 0.98, 0.0, 0.01),
        },
    }
    return strip(**{**fields, **changes})


def put_run(folder, lines, *, chunk=2, root="photos", metadata=None):
    """Write a run folder as a batch does."""
    parts = folder / "parts"
    parts.mkdir(parents=True)
    for part, first in enumerate(range(0, len(lines), chunk)):
        members = lines[first : first + chunk]
        body = "".join(json.dumps(said, separators=(",", ":")) + "\n" for said in members)
        trailer = {
            "part": part,
            "count": len(members),
            "inputs_sha256": "",
            "sha256": hashlib.sha256(body.encode()).hexdigest(),
        }
        (parts / f"part-{part:06}.jsonl").write_text(body + json.dumps(trailer) + "\n")
    about = {
        "schema": "lfa-run/1",
        "software_version": "0.1.0",
        "options": {"assay": "generic"},
        "inputs": {"root": str(root), "count": len(lines), "sha256": ""},
    }
    (folder / "run.json").write_text(json.dumps(about))
    if metadata is not None:
        (folder / "metadata.csv").write_text(metadata, encoding="utf-8")
    return folder
