"""What the fits share: pictures that may be learned from, the logistic model, and the file it goes to."""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

__all__ = ["Model", "arguments", "fit_logistic", "rows", "write_model"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Model:
    """Log-odds as a weighted sum of plain features.

    Attributes
    ----------
    weights : ndarray, shape (F,)
        For features as they are measured, not standardised.
    intercept : float
        Log-odds where all features are 0.
    importance : ndarray, shape (F,)
        The same weights for standardised features: which of them matter.
    """

    weights: FloatArray
    intercept: float
    importance: FloatArray

    def odds(self, features: FloatArray) -> FloatArray:
        """Return the log-odds of each row of features."""
        return np.asarray(features @ self.weights + self.intercept)


def arguments(doc: str, output: Path) -> argparse.ArgumentParser:
    """Return the options that every fit has."""
    parser = argparse.ArgumentParser(description=doc.split("\n", 1)[0])
    parser.add_argument("--photos", type=Path, default=Path("../shared/photos"), help="the labelled photos")
    parser.add_argument("--output", type=Path, default=output, help="where the weights are written")
    parser.add_argument(
        "--every", type=int, default=1, metavar="K", help="learn from every K-th picture only, for a trial"
    )
    return parser


def rows(table: Path, sources: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of a table whose picture comes from one of these sources, and from no other.

    A source's pictures lie in the folder ``owner__repository``.
    """
    folders = {source.replace("/", "__") for source in sources}
    with table.open(encoding="utf-8", newline="") as stream:
        yield from (row for row in csv.DictReader(stream) if row["path"].split("/")[0] in folders)


def fit_logistic(
    features: FloatArray,
    target: NDArray[np.bool_],
    *,
    strength: float,
    weight: FloatArray | None = None,
    balance: bool = True,
) -> Model:
    """Fit log-odds to standardised features.

    Parameters
    ----------
    features : ndarray, shape (N, F)
        As measured.
    target : ndarray of bool, shape (N,)
        Which rows are what is looked for.
    strength : float
        Inverse of the penalty on large weights (``C`` of scikit-learn).
    weight : ndarray, shape (N,), optional
        Of each row; by default all count the same.
    balance : bool, default True
        Whether both kinds are made to weigh the same.
    """
    scaler = StandardScaler().fit(features)
    kinds = "balanced" if balance else None
    regression = LogisticRegression(C=strength, class_weight=kinds, max_iter=3000)
    regression.fit(scaler.transform(features), target, sample_weight=weight)
    importance = np.asarray(regression.coef_[0], np.float64)
    weights = importance / scaler.scale_
    intercept = float(regression.intercept_[0] - weights @ scaler.mean_)
    return Model(weights, intercept, importance)


def write_model(path: Path, model: Model, names: Sequence[str], learned_from: Sequence[str]) -> None:
    """Write the weights by name, with the sources that they were learned from, and print what matters."""
    document = {
        "learned_from": list(learned_from),
        "weights": {name: round(float(w), 5) for name, w in zip(names, model.weights, strict=True)},
        "intercept": round(model.intercept, 5),
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    for name, value in sorted(zip(names, model.importance, strict=True), key=lambda pair: -abs(pair[1])):
        print(f"{name:20} {value:7.2f}")
    print(f"Written to {path}.")
