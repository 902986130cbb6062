"""The folder of sample pictures: what ``samples/`` holds, made anew by one command.

::

    python -m reader.simulate.samples samples/
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reader.errors import OutputError
from reader.simulate.recipes import RECIPES, Recipe
from reader.simulate.rendering import render
from reader.simulate.truth import Picture

__all__ = ["SEED", "make_sample", "write_samples"]

SEED = 20_261_121  # of all samples; each picture adds its place in the list
TRUTH = "truth.json"
_FORMATS = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".heic": "HEIF"}


def make_sample(name: str) -> Picture:
    """Make one sample picture anew.

    Parameters
    ----------
    name : str
        File name, as in ``RECIPES``.

    Raises
    ------
    KeyError
        If there is no such sample.

    Examples
    --------
    >>> make_sample("none-noise.jpg").pixels.shape
    (360, 480, 3)
    """
    for place, recipe in enumerate(RECIPES):
        if recipe.file == name:
            return render(recipe.build(), np.random.default_rng((SEED, place)))
    raise KeyError(name)


def write_samples(folder: str | Path, names: Sequence[str] | None = None) -> tuple[Path, ...]:
    """Write the sample pictures and ``truth.json``.

    Parameters
    ----------
    folder : str or Path
        Made if it does not exist; files of the same names are replaced.
    names : sequence of str, optional
        Only these samples; by default all.

    Returns
    -------
    tuple of Path
        The files, ``truth.json`` last.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    target = Path(folder)
    written, truth = [], {}
    try:
        target.mkdir(parents=True, exist_ok=True)
        for recipe in RECIPES:
            if names is not None and recipe.file not in names:
                continue
            picture = make_sample(recipe.file)
            data = picture.encode(_FORMATS[Path(recipe.file).suffix])
            path = target / recipe.file
            path.write_bytes(data)
            written.append(path)
            truth[recipe.file] = _entry(recipe, picture, data)
        document = {"schema": "lfa-samples/1", "seed": SEED, "pictures": truth}
        path = target / TRUTH
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"The samples cannot be written to {target}: {error.strerror}.") from error
    return (*written, path)


def _entry(recipe: Recipe, picture: Picture, data: bytes) -> dict[str, Any]:
    document = picture.to_dict()
    return {
        "shows": recipe.shows,
        "assay": recipe.assay,
        "outcome": recipe.outcome.value,
        "accept": [outcome.value for outcome in (recipe.outcome, *recipe.accept)],
        "sha256": hashlib.sha256(data).hexdigest(),
        "width": document["width"],
        "height": document["height"],
        "strips": document["strips"],
    }


if __name__ == "__main__":
    write_samples(sys.argv[1] if len(sys.argv) > 1 else "samples")
