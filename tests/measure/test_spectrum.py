"""Lines are fitted as well as if the membrane's roughness and the grain of its noise were known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from reader.measure.spectrum import Solution, Spectra

STEPS, SIGMA, NOISE = 126, 3.0, 1e-3
PLACES = (39.0, 87.0)
LINES = np.exp(-((np.arange(STEPS)[:, None] - PLACES) ** 2) / (2 * SIGMA**2))
RUNS = 600


def membranes(kappa: float, grain: float = 0.0, runs: int = RUNS) -> NDArray[np.float64]:
    """Draw profiles of a known roughness: an integrated random walk in white or coarse noise."""
    rng = np.random.default_rng((7, int(kappa * 10), int(grain * 10)))
    walk = rng.normal(0, NOISE / np.sqrt(kappa) / SIGMA**2, (runs, STEPS))
    noise = rng.normal(0, NOISE, (runs, STEPS + 40))
    if grain:
        noise = gaussian_filter1d(noise, grain, axis=1) + 0.3 * rng.normal(0, NOISE, noise.shape)
    return np.asarray(walk.cumsum(axis=1).cumsum(axis=1) + noise[:, 20:-20])


def solved(profile: NDArray[np.float64]) -> Solution:
    none = np.zeros(2)
    return Spectra.over(STEPS, SIGMA).solve(profile, LINES, none, none, 1e-12)


def bound(kappa: float) -> float:
    """Return the best standard error of a height when the roughness is known (Fisher information)."""
    second = np.diff(np.eye(STEPS), 2, axis=0)
    covariance = NOISE**2 * (second @ second.T + np.eye(STEPS - 2) / kappa / SIGMA**4)
    lines = second @ LINES
    return float(np.sqrt(np.linalg.inv(lines.T @ np.linalg.solve(covariance, lines))[1, 1]))


@cache
def blanks(kappa: float, grain: float = 0.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure an absent line; return its heights and their errors."""
    found = [solved(profile) for profile in membranes(kappa, grain)]
    return np.array([s.mean[1] for s in found]), np.array([np.sqrt(s.covariance[1, 1]) for s in found])


@pytest.mark.parametrize("kappa", [2.0, 7.0, 30.0, 300.0, 1e4])
def test_the_variance_stays_near_the_bound_of_a_known_roughness(kappa):
    heights, _ = blanks(kappa)
    # 600 runs know a variance to 6 %.
    assert heights.var() < 1.3 * bound(kappa) ** 2


@pytest.mark.parametrize(("kappa", "grain"), [(2.0, 0.0), (30.0, 0.0), (1e4, 0.0), (30.0, 1.0), (1e4, 2.0)])
def test_the_error_is_honest_whatever_the_roughness_and_the_grain(kappa, grain):
    heights, errors = blanks(kappa, grain)
    assert abs(heights.mean()) < 3 * heights.std() / np.sqrt(RUNS)
    assert 0.8 < (heights / errors).std() < 1.2


def test_a_line_adds_to_what_would_be_measured_without_it():
    profile = membranes(30.0, runs=1)[0]
    spectra = Spectra.over(STEPS, SIGMA).only(3)
    none = np.zeros(2)
    blank = spectra.solve(profile, LINES, none, none, 1e-12).mean[:2]
    lined = spectra.solve(profile + LINES @ [0.4, 0.01], LINES, none, none, 1e-12).mean[:2]
    assert lined - blank == pytest.approx([0.4, 0.01], abs=1e-9)


def test_a_level_a_slope_and_a_bend_do_not_count():
    x = np.linspace(-1, 1, STEPS)
    profile = membranes(30.0, runs=1)[0]
    tilted = solved(profile + 3 + 2 * x - x**2)
    assert tilted.mean[:2] == pytest.approx(solved(profile).mean[:2], abs=1e-9)


def test_a_free_amount_at_a_step_makes_it_not_count():
    profile = membranes(30.0, runs=1)[0]
    gap = np.eye(STEPS)[:, [60]]
    none = np.zeros(3)
    dirty = profile + 5.0 * gap[:, 0]
    clean, marked = (
        Spectra.over(STEPS, SIGMA).solve(p, np.column_stack([LINES, gap]), none, none, 1e-12).mean[:2]
        for p in (profile, dirty)
    )
    assert marked == pytest.approx(clean, abs=1e-9)


def test_what_is_known_beforehand_holds_an_amount_that_the_profile_does_not_tell():
    unseen = np.zeros((STEPS, 1))
    fit = Spectra.over(STEPS, SIGMA).solve(
        membranes(30.0, runs=1)[0], unseen, np.array([1 / 0.2**2]), np.array([0.7]), 1e-12
    )
    assert fit.mean[0] == pytest.approx(0.7)
    assert fit.covariance[0, 0] == pytest.approx(0.2**2, rel=0.05)


def test_the_membrane_is_what_is_smooth_in_a_profile():
    kappa = 30.0
    rng = np.random.default_rng(5)
    smooth = rng.normal(0, NOISE / np.sqrt(kappa) / SIGMA**2, STEPS).cumsum().cumsum()
    profile = smooth + rng.normal(0, NOISE, STEPS)
    fit = solved(profile)
    membrane = Spectra.over(STEPS, SIGMA).only(fit.best).membrane(profile, fit.amounts[fit.best, 2:])
    assert np.std(membrane - smooth) < 0.6 * NOISE


def test_the_amounts_in_several_profiles_are_those_in_each():
    profiles = membranes(30.0, runs=3)
    spectra = Spectra.over(STEPS, SIGMA).only(4)
    together = spectra.amounts(profiles.T, LINES)
    none = np.zeros(2)
    for k, profile in enumerate(profiles):
        alone = spectra.solve(profile, LINES, none, none, 1e-12).mean[:2]
        assert together[:, k] == pytest.approx(alone, abs=1e-9)


def plain(
    spectra: Spectra,
    profile: NDArray[np.float64],
    columns: NDArray[np.float64],
    prior: NDArray[np.float64],
    expected: NDArray[np.float64],
) -> tuple[NDArray[np.float64], ...]:
    """Return shares, amounts, covariances and variances, one dense system after another."""
    count = len(profile)
    places = np.arange(count)
    waves = np.cos(np.pi * np.outer(np.arange(1, count), places + 0.5) / count) * np.sqrt(2 / count)
    x = np.linspace(-1, 1, count)
    design = np.column_stack([columns, x, x * x])
    known, mean = np.append(prior, [0, 0]), np.append(expected, [0, 0])
    free = count - 1 - int((known == 0).sum())
    found = []
    for precision, chance in zip(spectra.precision, spectra.chances, strict=True):
        inverse = waves.T @ np.diag(precision) @ waves
        normal, target = design.T @ inverse @ design, design.T @ inverse @ profile
        variance = 1e-12
        for _ in range(2):
            held = normal + variance * np.diag(known)
            amounts = np.linalg.solve(held, target + variance * known * mean)
            rest = profile - design @ amounts
            rest = rest @ inverse @ rest
            variance = max(rest / free, 1e-12)
        volume = -np.log(precision).sum() + np.linalg.slogdet(held)[1]
        likelihood = np.log(chance) - 0.5 * (free * np.log(variance) + rest / variance + volume)
        found.append((likelihood, amounts, np.linalg.inv(held) * variance, variance))
    likelihood, *rest = (np.array(part) for part in zip(*found, strict=True))
    shares = np.exp(likelihood - likelihood.max())
    return (shares / shares.sum(), *rest)


@pytest.mark.parametrize("kappa", [3.0, 300.0])
@pytest.mark.parametrize("gaps", [0, 7])
def test_the_fit_is_that_of_plain_dense_systems(kappa, gaps):
    slopes = np.gradient(LINES, axis=0) * 0.3
    columns = np.column_stack([LINES, slopes, np.eye(STEPS)[:, 60 : 60 + gaps]])
    prior = np.append([1.0, 1.0, 1 / 0.3**2, 1 / 0.3**2], np.zeros(gaps))
    expected = np.append([0.0, 0.0, 0.1, 0.0], np.zeros(gaps))
    profile = membranes(kappa, 1.0, runs=1)[0] + LINES @ [0.4, 0.01] + slopes @ [0.2, 0.0]
    spectra = Spectra.over(STEPS, SIGMA)
    fit = spectra.solve(profile, columns, prior, expected, 1e-12)
    shares, amounts, covariances, variances = plain(spectra, profile, columns, prior, expected)
    assert fit.shares == pytest.approx(shares, rel=1e-6, abs=1e-9)
    assert fit.amounts == pytest.approx(amounts, rel=1e-6, abs=1e-9)
    assert fit.variances == pytest.approx(variances, rel=1e-6)
    held = np.linalg.inv(fit.information) * fit.variances[:, None, None]
    assert held == pytest.approx(covariances, rel=1e-6, abs=1e-12)
    mean, free = shares @ amounts, fit.free
    spread = np.einsum("m,mi,mj->ij", shares, amounts - mean, amounts - mean)
    dense = np.tensordot(shares, covariances, 1) * free / (free - 2) + spread
    assert fit.covariance == pytest.approx(dense, rel=1e-6, abs=1e-12)
