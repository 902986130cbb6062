"""What the machine found on each strip, as columns for monitoring: made of the document, in one place."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from service.store.tables import StripRow

__all__ = ["strip_rows"]


def strip_rows(reading_id: str, document: str) -> Iterator[StripRow]:
    """Yield a row for each strip of a contract document.

    Parameters
    ----------
    reading_id : str
        Id of the reading.
    document : str
        The document, as JSON.
    """
    for strip in json.loads(document).get("strips", ()):
        control = _strongest(strip, "control")
        test = _strongest(strip, "test")
        yield StripRow(
            reading_id=reading_id,
            strip=strip["id"],
            assay=strip["assay"],
            outcome=strip["outcome"],
            control_height=control.get("height"),
            control_sigma=control.get("height_sigma"),
            test_height=test.get("height"),
            test_sigma=test.get("height_sigma"),
            flags=" ".join(strip["flags"]),
        )


def _strongest(strip: Mapping[str, Any], role: str) -> Mapping[str, Any]:
    """Return the highest line with a role that was measured; nothing when there is none."""
    lines = [line for line in strip["lines"] if line["role"] == role and line["height"] is not None]
    found: Mapping[str, Any] = max(lines, key=lambda line: line["height"], default={})
    return found
