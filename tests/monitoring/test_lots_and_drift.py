"""A bad lot, a weak site and a careless operator are found; alike ones are left alone."""

import numpy as np
import pytest

from reader import share
from service.monitoring.counts import Tally
from service.monitoring.drift import difference, drifts
from service.monitoring.lots import Control, beside_others, lots_of, ratio_of_medians


def controls(lot: str, heights: np.ndarray, site: str = "north", operator: str = "") -> list[Control]:
    return [
        Control(f"{lot}-{k}", "2026-03-02", site, operator, "kit", lot, float(height), 0.003)
        for k, height in enumerate(heights)
    ]


def test_a_lot_that_is_weak_from_its_first_test_on_is_shown_by_the_other_lots() -> None:
    rng = np.random.default_rng(1)
    good = controls("A", rng.normal(0.40, 0.04, 60)) + controls("B", rng.normal(0.42, 0.04, 60))
    weak, *rest = lots_of([*good, *controls("C", rng.normal(0.24, 0.03, 8))])
    assert (weak.lot, weak.chart.state, weak.alarming) == ("C", "few", True)
    assert weak.against_others is not None
    assert weak.against_others.apart == -1
    assert not any(lot.alarming for lot in rest)


def test_lots_that_differ_as_lots_do_raise_no_alarm() -> None:
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(100):
        centres = rng.normal(0.40, 0.02, 4)
        found = [c for k, m in enumerate(centres) for c in controls(f"L{k}", rng.normal(m, 0.04, 12))]
        alarms += sum(lot.alarming for lot in lots_of(found))
    assert alarms <= 4


def test_lots_of_another_kit_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    other = [
        Control("x", "2026-03-02", "north", "", "other kit", "A", float(h), 0.003)
        for h in rng.normal(0.9, 0.05, 60)
    ]
    lots = lots_of([*other, *controls("B", rng.normal(0.4, 0.04, 30))])
    assert [lot.against_others for lot in lots] == [None, None]


def test_a_site_whose_lines_are_weaker_on_the_same_lots_stands_out() -> None:
    rng = np.random.default_rng(4)
    found = []
    for lot, centre in (("A", 0.4), ("B", 0.6)):
        for site, part in (("north", 1.0), ("south", 1.0), ("hot", 0.65)):
            found += controls(lot, rng.normal(centre * part, 0.04 * part, 25), site)
    ratios = beside_others(lots_of(found), "site")
    assert {site: ratio.apart for site, ratio in ratios.items()} == {"hot": -1, "north": 0, "south": 0}


def test_who_is_not_named_is_not_compared() -> None:
    lots = lots_of(controls("A", np.random.default_rng(5).normal(0.4, 0.04, 60)))
    assert beside_others(lots, "operator") == {}


@pytest.mark.parametrize("heights", [[0.0] * 9, [-0.01] * 9])
def test_lines_that_are_not_there_have_no_ratio(heights: list[float]) -> None:
    assert ratio_of_medians(heights, [0.4] * 30) is None
    (bad,) = [lot for lot in lots_of(controls("A", np.array(heights))) if lot.lot == "A"]
    assert bad.chart.state == "few"


def test_the_interval_of_a_ratio_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(6)
    held = 0
    for _ in range(400):
        found = ratio_of_medians(list(rng.normal(0.3, 0.03, 40)), list(rng.normal(0.4, 0.04, 80)))
        assert found is not None
        held += found.low <= 0.75 <= found.high
    assert 0.91 <= held / 400 <= 0.98


def tallies(site: str, day: str, good: int, not_read: int) -> list[Tally]:
    return [
        Tally(day, site, "kit", "", site, "negative", "", (), good),
        Tally(day, site, "kit", "", site, "not_read", "", ("blurred",), not_read),
    ]


def test_a_site_whose_pictures_have_become_worse_is_found_and_the_others_are_not() -> None:
    found = drifts(
        [
            *tallies("north", "2026-02-01", 95, 5),
            *tallies("south", "2026-02-01", 96, 4),
            *tallies("north", "2026-03-01", 60, 40),
            *tallies("south", "2026-03-01", 190, 10),
        ],
        "site",
        "2026-02-15",
    )
    worst = found[0]
    assert (worst.key, worst.measure, worst.clear) == ("north", "not_read", True)
    assert worst.from_before is not None
    assert worst.from_before.clear == worst.from_others.clear == 1
    # South now differs from the others, which are North alone; from what it was it does not.
    assert [(d.key, d.from_before.clear) for d in found if d.measure == "not_read"] == [
        ("north", 1),
        ("south", 0),
    ]


def test_alike_sites_are_hardly_ever_told_apart() -> None:
    rng = np.random.default_rng(7)
    clear = total = 0
    for _ in range(40):
        counts = rng.binomial(80, 0.06, (8, 2)).tolist()
        made = [
            t
            for k, (before, lately) in enumerate(counts)
            for t in (
                *tallies(f"s{k}", "2026-02-01", 80 - before, before),
                *tallies(f"s{k}", "2026-03-01", 80 - lately, lately),
            )
        ]
        found = [d for d in drifts(made, "site", "2026-02-15") if d.measure == "not_read"]
        clear += sum(d.clear for d in found)
        total += len(found)
    assert clear / total < 0.015


def test_a_difference_needs_both_shares() -> None:
    assert difference(share(0, 0), share(3, 9)) is None
