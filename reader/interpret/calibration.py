"""From a line's signal to a concentration, inside the calibrated range only."""

from __future__ import annotations

import math

from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from reader.interpret.assay import Calibration

__all__ = ["concentration", "expected_signal"]


def expected_signal(calibration: Calibration, value: float) -> float:
    """Return the signal that a concentration gives.

    Parameters
    ----------
    calibration : Calibration
        A curve of the assay.
    value : float
        Concentration in the curve's unit, > 0 and inside the calibrated range.

    Returns
    -------
    float
        Height or ratio, as the curve's ``signal`` says.
    """
    p = calibration.parameters
    if calibration.model == "4pl":
        return float(p["d"] + (p["a"] - p["d"]) / (1.0 + (value / p["c"]) ** p["b"]))
    if calibration.model == "loglinear":
        return float(p["a"] + p["b"] * math.log10(value))
    x, y = zip(*calibration.points, strict=True)
    return float(PchipInterpolator([math.log(v) for v in x], y)(math.log(value)))


def concentration(calibration: Calibration, signal: float) -> float | None:
    """Return the concentration that a signal stands for.

    Parameters
    ----------
    calibration : Calibration
        A curve of the assay.
    signal : float
        Height or ratio, as the curve's ``signal`` says.

    Returns
    -------
    float or None
        None outside the signals that the calibrated range gives: a curve is never extrapolated.

    Examples
    --------
    >>> curve = Calibration("t", "any", "ratio", "loglinear", {"a": 0.0, "b": 1.0}, (), (1.0, 100.0), "ng/mL")
    >>> round(concentration(curve, 1.0), 6), concentration(curve, 2.5)
    (10.0, None)
    """
    ends = [expected_signal(calibration, limit) for limit in calibration.limits]
    if not min(ends) <= signal <= max(ends):
        return None
    for limit, end in zip(calibration.limits, ends, strict=True):
        if signal == end:
            return limit
    # The curve only rises or falls between the ends of its range, so it meets the signal exactly once.
    low, high = calibration.limits
    return float(
        brentq(
            lambda value: expected_signal(calibration, value) - signal,
            low,
            high,
            xtol=1e-12 * low,
            maxiter=500,
        )
    )
