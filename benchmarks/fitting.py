"""What the fits share: pictures that may be learned from, the logistic model, its trial, and its file."""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from kept_out import is_kept_out
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

__all__ = [
    "Model",
    "Trial",
    "arguments",
    "balanced",
    "compared",
    "each",
    "fit_logistic",
    "folds_of",
    "importance",
    "model_from",
    "rows",
    "write_model",
]

FloatArray = NDArray[np.float64]
Job = TypeVar("Job")
Made = TypeVar("Made")

FOLDS = 5
SAY_EVERY = 20.0  # seconds
CHUNK = 4  # jobs that are handed to a process at a time


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


@dataclass(frozen=True, slots=True)
class Trial:
    """The log-odds that two models give to the same things, of which it is known what they are.

    Attributes
    ----------
    name : str
        What the things are.
    truth : ndarray of bool, shape (N,)
        Which of them are what is looked for.
    group : ndarray, shape (N,)
        Number of the test, scene or picture that each is from; one group counts as one test.
    refit, shipped : ndarray, shape (N,)
        Log-odds by the models of this fit, each of which has not seen the group that it judges, and by the
        model that is shipped.
    """

    name: str
    truth: NDArray[np.bool_]
    group: NDArray[np.intp]
    refit: FloatArray
    shipped: FloatArray


def arguments(doc: str, output: Path) -> argparse.ArgumentParser:
    """Return the options that every fit has."""
    parser = argparse.ArgumentParser(description=doc.split("\n", 1)[0])
    parser.add_argument("--photos", type=Path, default=Path("../shared/photos"), help="the labelled photos")
    parser.add_argument(
        "--write", action="store_true", help="write the weights; without it they are only compared"
    )
    parser.add_argument("--output", type=Path, default=output, help="where --write puts them (%(default)s)")
    parser.add_argument(
        "--every", type=int, default=1, metavar="K", help="learn from every K-th picture only, for a trial"
    )
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="side by side (%(default)s)")
    return parser


def rows(photos: Path, table: str, sources: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of a table whose picture may be learned from.

    It comes from one of these sources, and its test is not kept out; of a picture without a label neither is
    known.
    """
    labels = table_rows(photos / "labels.csv")
    allowed = {row["path"] for row in labels if row["source"] in sources and not is_kept_out(row)}
    yield from (row for row in table_rows(photos / table) if row["path"] in allowed)


def table_rows(table: Path) -> list[dict[str, str]]:
    """Return the rows of one of the tables beside the labelled photos."""
    if not table.is_file():
        sys.exit(f"There is no {table}: name the folder of the labelled photos with --photos.")
    with table.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def each(work: Callable[[Job], Made], jobs: Sequence[Job], what: str, processes: int) -> Iterator[Made]:
    """Yield what is made of each job, in their order, and say now and then how far it is.

    Parameters
    ----------
    work : callable
        A function of a module, as another process may have to import it.
    jobs : sequence
        Its arguments.
    what : str
        What the jobs are, for the reports.
    processes : int
        How many work side by side; 1 works in this one.
    """
    if processes <= 1:
        yield from _told(map(work, jobs), len(jobs), what)
        return
    # A copy of a process in which OpenCV has run may hang, so each starts anew.
    with multiprocessing.get_context("spawn").Pool(processes, cv2.setNumThreads, (1,)) as pool:
        yield from _told(pool.imap(work, jobs, CHUNK), len(jobs), what)


def _told(made: Iterable[Made], count: int, what: str) -> Iterator[Made]:
    start = said = time.monotonic()
    for k, one in enumerate(made, 1):
        yield one
        now = time.monotonic()
        if now - said > SAY_EVERY or k == count:
            said = now
            print(f"{what}: {k} of {count} after {now - start:.0f} s", file=sys.stderr, flush=True)


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


def balanced(truth: NDArray[np.bool_], weight: FloatArray | None = None) -> FloatArray:
    """Weigh what is looked for and the rest the same, all together 1, and each in itself as given."""
    given = np.ones(len(truth)) if weight is None else weight
    totals = [max(float(given[truth == kind].sum()), 1e-9) for kind in (False, True)]
    return np.asarray(given * np.where(truth, 0.5 / totals[1], 0.5 / totals[0]))


def folds_of(groups: Sequence[str]) -> NDArray[np.intp]:
    """Deal groups into `FOLDS` parts at random, the same at every run; a group is never split."""
    names, number = np.unique(np.asarray(groups), return_inverse=True)
    dealt = np.random.default_rng(0).permutation(len(names)) % FOLDS
    return np.asarray(dealt[number], np.intp)


def compared(trials: Iterable[Trial]) -> str:
    """Return a table of how well two models tell things apart.

    Log-loss is in nats, 0.693 for a guess; both kinds of things weigh the same. The standard error is that of
    the difference over groups.
    """
    lines = [
        f"{'':40} {'log-loss':^32} {'AUC':^16}",
        f"{'':40} {'refit':>7} {'shipped':>8} {'difference':>15} {'refit':>8} {'shipped':>8}",
    ]
    for t in trials:
        size = np.bincount(t.group)
        weight = balanced(t.truth, 1 / size[t.group])
        losses = [np.logaddexp(0, np.where(t.truth, -odds, odds)) for odds in (t.refit, t.shipped)]
        refit, shipped = (float(weight @ loss) for loss in losses)
        apart = weight * (losses[0] - losses[1] - (refit - shipped))
        error = float(np.sqrt((np.bincount(t.group, apart) ** 2).sum()))
        areas = [roc_auc_score(t.truth, odds, sample_weight=weight) for odds in (t.refit, t.shipped)]
        change = f"{refit - shipped:+.3f} ± {error:.3f}"
        lines.append(f"{t.name:40} {refit:7.3f} {shipped:8.3f} {change:>15} {areas[0]:8.4f} {areas[1]:8.4f}")
    return "\n".join(lines)


def model_from(path: Path, names: Sequence[str]) -> Model:
    """Read weights that `write_model` wrote; a feature that they do not know weighs nothing."""
    document = json.loads(path.read_text(encoding="utf-8"))
    weights = np.array([document["weights"].get(name, 0.0) for name in names], np.float64)
    return Model(weights, float(document["intercept"]), np.zeros(len(names)))


def write_model(path: Path, model: Model, names: Sequence[str], learned_from: Sequence[str]) -> None:
    """Write the weights by name, with the sources that they were learned from."""
    document = {
        "learned_from": list(learned_from),
        "weights": {name: round(float(w), 5) for name, w in zip(names, model.weights, strict=True)},
        "intercept": round(model.intercept, 5),
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"Written to {path}.")


def importance(model: Model, names: Sequence[str]) -> str:
    """Return the weights of standardised features, those that matter most first."""
    ordered = sorted(zip(names, model.importance, strict=True), key=lambda pair: -abs(pair[1]))
    return "\n".join(f"{name:20} {value:7.2f}" for name, value in ordered)
