"""Labels, answers and readings made by hand."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from reader.evaluate.answers import Answer
from reader.evaluate.labels import Label
from reader.evaluate.numbers import Case
from reader.reading import Outcome


def case(expected, read, *, weight=1.0, row=2, path="a.jpg", **fields):
    """A picture with what was expected and what was read; fields of label and answer alike."""
    of_label = {k: v for k, v in fields.items() if k in Label.__dataclass_fields__}
    of_answer = {k: v for k, v in fields.items() if k in Answer.__dataclass_fields__}
    outcome = None if expected is None else Outcome(expected)
    label = Label(row, path, outcome, weight=weight, **of_label)
    return Case(label, Answer(Outcome(read), **of_answer))


def document(source, outcome="positive", *, flags=(), strips=()):
    """A reading as a document; a strip is a tuple of flags and lines of (role, height, snr)."""
    return {
        "schema": "lfa-reading/1",
        "source": source,
        "outcome": outcome,
        "flags": list(flags),
        "strips": [
            {
                "outcome": outcome,
                "summary": "It is not clear." if outcome == "indeterminate" else "It is clear.",
                "flags": list(own),
                "lines": [{"role": role, "height": height, "snr": snr} for role, height, snr in lines],
            }
            for own, lines in strips
        ],
    }


@pytest.fixture
def written(tmp_path):
    """Write a file of labels or of readings, and return its path."""

    def write(content, name="labels.csv"):
        path = tmp_path / name
        text = content if isinstance(content, str) else "".join(json.dumps(d) + "\n" for d in content)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def made():
    return SimpleNamespace(case=case, document=document)
