"""From lines to outcomes: the probabilities by hand, and what must hold whatever was measured."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.colour import srgb_decode, srgb_encode
from reader.errors import OptionError
from reader.interpret import (
    Calibration,
    Evidence,
    LineSpec,
    Presence,
    decide,
    list_assays,
    load_assay,
    outcome_probabilities,
    presence,
    ratio,
)
from reader.interpret.verdict import DOUBT
from reader.reading import Outcome

POSITIVE, NEGATIVE = Outcome.POSITIVE, Outcome.NEGATIVE
INVALID, INDETERMINATE = Outcome.INVALID, Outcome.INDETERMINATE

COVID = load_assay("covid-19-ag")
MALARIA = load_assay("malaria-pf-pan")
DRUG = load_assay("doa-thc")
GENERIC = load_assay("generic")
CONTROL = Evidence(1.0, 0.4, 0.004)


def phi(z):
    return 0.5 * (1.0 + math.erf(z / math.sqrt(2.0)))


def sure(present, height=0.1):
    """A line whose presence alone is uncertain."""
    return Evidence(present, height, 0.001)


def with_line(assay, **changes):
    """The assay with its test lines changed."""
    lines = tuple(replace(line, **changes) if line.role == "test" else line for line in assay.lines)
    return replace(assay, lines=lines)


class TestPresence:
    line: LineSpec = COVID.tests[0]

    def test_a_line_that_was_not_measured_is_unknown(self):
        state = presence(COVID, self.line, None, CONTROL)
        assert (state.yes, state.no, state.unknown) == (0.0, 0.0, 1.0)

    def test_without_a_cutoff_the_detection_alone_decides(self):
        assert presence(COVID, self.line, sure(0.8), CONTROL) == Presence(0.8, 1 - 0.8)

    @pytest.mark.parametrize(("cutoff", "blank"), [(0.08, 0.0), (0.0, 0.08), (0.08, 0.05)])
    def test_a_cutoff_or_limit_of_blank_asks_for_a_height(self, cutoff, blank):
        line = replace(self.line, cutoff=cutoff, limit_of_blank=blank)
        state = presence(COVID, line, Evidence(1.0, 0.1, 0.02), CONTROL)
        assert state.yes == pytest.approx(phi(1.0))
        assert state.unknown == 0.0

    def test_the_least_probable_condition_counts(self):
        line = replace(self.line, cutoff=0.08)
        assert presence(COVID, line, Evidence(0.5, 0.1, 0.02), CONTROL).yes == 0.5

    def test_a_threshold_ratio_carries_the_error_of_both_lines(self):
        line = replace(self.line, threshold_ratio=0.5)
        state = presence(COVID, line, Evidence(1.0, 0.3, 0.03), Evidence(1.0, 0.4, 0.08))
        assert state.yes == pytest.approx(phi((0.3 - 0.5 * 0.4) / math.hypot(0.03, 0.5 * 0.08)))

    def test_a_threshold_ratio_without_a_measured_control_leaves_the_line_unknown(self):
        line = replace(self.line, threshold_ratio=0.5)
        state = presence(COVID, line, sure(0.9), None)
        assert state.yes == 0.0
        assert state.no == pytest.approx(0.1)

    def test_a_height_without_error_lies_on_one_side(self):
        line = replace(self.line, cutoff=0.1)
        heights = (0.09, 0.1, 0.11)
        assert [presence(COVID, line, Evidence(1.0, h, 0.0), CONTROL).yes for h in heights] == [0.0, 1.0, 1.0]

    def test_a_competitive_line_is_absent_only_as_far_as_its_height_is_shown_to_be_low(self):
        line = DRUG.tests[0]
        state = presence(DRUG, line, Evidence(0.02, 0.0, 0.05), CONTROL)
        assert state.yes == 0.02
        assert state.no == pytest.approx(phi(line.cutoff / 0.05))
        assert state.unknown == pytest.approx(1.0 - 0.02 - state.no)

    def test_a_competitive_line_must_pass_its_limit_of_blank_to_be_seen(self):
        line = replace(DRUG.tests[0], limit_of_blank=0.005)
        state = presence(DRUG, line, Evidence(1.0, 0.007, 0.002), CONTROL)
        assert state.yes == pytest.approx(phi(1.0))
        assert state.no == 0.0


class TestOneLine:
    @pytest.mark.parametrize(
        ("present", "outcome", "confidence"),
        [
            (0.96, POSITIVE, 0.96),
            (0.95, POSITIVE, 0.95),
            (0.94, INDETERMINATE, 0.06),
            (0.5, INDETERMINATE, 0.5),
            (0.06, INDETERMINATE, 0.06),
            (0.05, NEGATIVE, 0.95),
            (0.0, NEGATIVE, 1.0),
        ],
    )
    def test_an_outcome_is_called_when_it_is_probable_enough(self, present, outcome, confidence):
        verdict = decide(COVID, {"C": CONTROL, "T": sure(present)})
        analyte = verdict.analytes["sars-cov-2"]
        assert verdict.outcome is analyte.outcome is outcome
        assert analyte.confidence == pytest.approx(confidence)

    def test_a_smaller_doubt_widens_the_indeterminate_zone(self):
        evidence = {"C": CONTROL, "T": sure(0.98)}
        assert decide(COVID, evidence).outcome is POSITIVE
        assert decide(COVID, evidence, doubt=0.01).outcome is INDETERMINATE

    def test_the_default_doubt_is_the_risk_of_a_limit_of_detection(self):
        line = with_line(COVID, cutoff=0.02)
        just = Evidence(1.0, 0.02 + 1.65 * 0.01, 0.01)
        short = Evidence(1.0, 0.02 + 1.64 * 0.01, 0.01)
        assert DOUBT == 0.05
        assert decide(line, {"C": CONTROL, "T": just}).outcome is POSITIVE
        assert decide(line, {"C": CONTROL, "T": short}).outcome is INDETERMINATE

    def test_an_unmeasured_test_line_is_indeterminate(self):
        verdict = decide(COVID, {"C": CONTROL})
        assert verdict.outcome is INDETERMINATE
        assert verdict.analytes["sars-cov-2"].confidence == 1.0
        assert verdict.analytes["sars-cov-2"].ratio is None
        assert "not clear" in verdict.summary

    def test_the_summary_is_the_text_of_the_rule_that_was_met(self):
        verdict = decide(COVID, {"C": CONTROL, "T": sure(1.0)})
        assert verdict.summary == COVID.rules[0].text


class TestControl:
    def test_the_strip_is_invalid_when_the_control_line_is_probably_missing(self):
        verdict = decide(COVID, {"C": sure(0.03), "T": sure(1.0)})
        analyte = verdict.analytes["sars-cov-2"]
        assert verdict.outcome is analyte.outcome is INVALID
        assert analyte.confidence == pytest.approx(0.97)
        assert (analyte.ratio, analyte.ratio_sigma, analyte.concentration) == (None, None, None)
        assert verdict.summary.startswith("No control line")

    @pytest.mark.parametrize("present", [0.0, 1.0])
    def test_a_doubtful_control_line_is_indeterminate_whatever_the_test_line_shows(self, present):
        verdict = decide(COVID, {"C": sure(0.6), "T": sure(present)})
        assert verdict.outcome is INDETERMINATE
        assert verdict.analytes["sars-cov-2"].confidence == pytest.approx(0.4)
        assert verdict.summary.startswith("It is not clear whether there is a control line")

    def test_an_unmeasured_control_line_is_not_an_absent_one(self):
        verdict = decide(COVID, {"T": sure(1.0)})
        assert verdict.outcome is INDETERMINATE
        assert verdict.summary.startswith("It is not clear whether there is a control line")

    def test_doubts_about_control_and_test_line_add_up(self):
        chances = outcome_probabilities(COVID, {"C": sure(0.97), "T": sure(0.97)})["sars-cov-2"]
        assert chances[POSITIVE] == pytest.approx(0.97 * 0.97)
        assert chances[NEGATIVE] == pytest.approx(0.97 * 0.03)
        assert chances[INVALID] == pytest.approx(0.03)
        verdict = decide(COVID, {"C": sure(0.97), "T": sure(0.97)})
        assert verdict.outcome is INDETERMINATE
        assert verdict.summary.startswith("SARS-CoV-2 antigen: not clear")

    def test_every_one_of_several_control_lines_must_be_there(self):
        second = replace(COVID.controls[0], name="C2", position=0.9)
        assay = replace(COVID, lines=(*COVID.lines, second))
        evidence = {"C": CONTROL, "T": sure(1.0)}
        assert decide(assay, {**evidence, "C2": CONTROL}).outcome is POSITIVE
        assert decide(assay, {**evidence, "C2": sure(0.0)}).outcome is INVALID


class TestSeveralAnalytes:
    def test_each_analyte_has_the_sum_of_its_combinations(self):
        chances = outcome_probabilities(MALARIA, {"C": sure(1.0), "Pan": sure(0.7), "Pf": sure(0.9)})
        assert chances["pf"][POSITIVE] == pytest.approx(0.9)
        assert chances["pan"][POSITIVE] == pytest.approx(0.7)

    def test_one_clear_line_is_told_beside_one_unclear_line(self):
        verdict = decide(MALARIA, {"C": CONTROL, "Pan": sure(0.5), "Pf": sure(1.0)})
        assert verdict.outcome is POSITIVE
        assert verdict.analytes["pf"].outcome is POSITIVE
        assert verdict.analytes["pan"].outcome is INDETERMINATE
        assert "(HRP2): positive." in verdict.summary
        assert "(pLDH): not clear" in verdict.summary

    def test_an_unclear_line_beside_an_absent_one_is_indeterminate(self):
        verdict = decide(MALARIA, {"C": CONTROL, "Pan": sure(0.5), "Pf": sure(0.0)})
        assert verdict.outcome is INDETERMINATE
        assert verdict.analytes["pf"].outcome is NEGATIVE

    def test_an_unknown_line_does_not_matter_where_both_cases_mean_the_same(self):
        verdict = decide(MALARIA, {"C": CONTROL, "Pf": sure(1.0)})
        assert verdict.analytes["pf"].outcome is POSITIVE
        assert verdict.analytes["pan"].outcome is INDETERMINATE

    def test_a_combination_that_a_rule_calls_invalid_is_invalid_with_its_text(self):
        first = MALARIA.rules[0]
        odd = replace(first, outcomes={"pf": INVALID, "pan": INVALID}, text="Cannot be.")
        assay = replace(MALARIA, rules=(odd, *MALARIA.rules[1:]))
        verdict = decide(assay, {"C": CONTROL, "Pan": sure(1.0), "Pf": sure(1.0)})
        assert (verdict.outcome, verdict.summary) == (INVALID, "Cannot be.")

    def test_a_combination_that_a_rule_leaves_open_is_indeterminate_for_sure(self):
        first = MALARIA.rules[0]
        open_rule = replace(first, outcomes={"pf": POSITIVE, "pan": INDETERMINATE}, text="Pf, maybe more.")
        assay = replace(MALARIA, rules=(open_rule, *MALARIA.rules[1:]))
        verdict = decide(assay, {"C": CONTROL, "Pan": sure(1.0), "Pf": sure(1.0)})
        assert verdict.analytes["pan"].outcome is INDETERMINATE
        assert verdict.analytes["pan"].confidence == 1.0
        assert verdict.summary == "Pf, maybe more."


class TestCompetitive:
    @pytest.mark.parametrize(
        ("test", "outcome"),
        [
            (Evidence(1.0, 0.3, 0.003), NEGATIVE),
            (Evidence(0.99, 0.02, 0.003), NEGATIVE),
            (Evidence(0.4, 0.006, 0.003), INDETERMINATE),
            (Evidence(0.01, 0.0, 0.003), POSITIVE),
            (Evidence(0.01, 0.0, 0.02), INDETERMINATE),
        ],
    )
    def test_any_visible_line_is_negative_and_positive_needs_proof(self, test, outcome):
        assert decide(DRUG, {"C": CONTROL, "T": test}).outcome is outcome

    def test_positive_needs_an_upper_limit_below_the_cutoff(self):
        cutoff = DRUG.tests[0].cutoff
        for z, outcome in ((1.65, POSITIVE), (1.64, INDETERMINATE)):
            test = Evidence(0.0, cutoff - z * 0.004, 0.004)
            assert decide(DRUG, {"C": CONTROL, "T": test}).outcome is outcome

    @given(present=st.floats(0, 1), sigma=st.floats(0.01, 1.0))
    def test_a_blank_that_was_poorly_measured_is_never_positive(self, present, sigma):
        test = Evidence(present, 0.0, sigma)
        assert decide(DRUG, {"C": CONTROL, "T": test}).outcome is not POSITIVE


class TestOpenEnded:
    def test_a_single_test_line_is_one_analyte(self):
        verdict = decide(GENERIC, {"C": CONTROL, "T": sure(1.0)})
        assert list(verdict.analytes) == ["T"]
        assert verdict.summary == "Test line T is there: positive."

    def test_each_line_that_was_found_is_an_analyte_named_like_it(self):
        evidence = {"C": CONTROL, "T1": sure(1.0), "T2": sure(0.0), "T3": sure(0.5)}
        verdict = decide(GENERIC, evidence)
        outcomes = [analyte.outcome for analyte in verdict.analytes.values()]
        assert list(verdict.analytes) == ["T1", "T2", "T3"]
        assert outcomes == [POSITIVE, NEGATIVE, INDETERMINATE]

    def test_no_evidence_of_any_test_line_is_not_a_negative(self):
        assert decide(GENERIC, {"C": CONTROL}).outcome is INDETERMINATE


class TestNumbers:
    def test_the_ratio_carries_the_error_of_both_lines(self):
        value, sigma = ratio(Evidence(1.0, 0.2, 0.01), Evidence(1.0, 0.4, 0.03))
        assert value == pytest.approx(0.5)
        assert sigma == pytest.approx(0.5 * math.hypot(0.01 / 0.2, 0.03 / 0.4, 0.25 * 0.2))

    @pytest.mark.parametrize("low", [0.05, 0.2])
    def test_its_error_holds_what_tone_curves_and_stray_light_make_of_it(self, low):
        rng, ratios = np.random.default_rng(0), []
        for _ in range(300):
            light = rng.uniform(0.5, 0.9) * 10 ** -np.array([0.0, low, 0.4])
            codes = srgb_encode((light + rng.uniform(0, 0.08) * 0.5) / 1.04)
            codes += rng.uniform(0, 0.4) * (codes * codes * (3 - 2 * codes) - codes)
            seen = np.log10(srgb_decode(codes))
            ratios.append((seen[0] - seen[1]) / (seen[0] - seen[2]))
        _, sigma = ratio(Evidence(1.0, low, 0.0), Evidence(1.0, 0.4, 0.0))
        error = np.sqrt(np.mean(np.square(np.array(ratios) - low / 0.4)))
        assert 0.5 < sigma / error < 2

    def test_the_ratio_of_an_absent_line_still_has_an_error(self):
        assert ratio(Evidence(0.0, 0.0, 0.01), Evidence(1.0, 0.5, 0.01)) == (0.0, pytest.approx(0.02))

    @pytest.mark.parametrize(
        "control",
        [
            Evidence(1.0, 0.04, 0.01),
            Evidence(1.0, -0.4, 0.01),
            Evidence(1.0, 0, 0),
            Evidence(1.0, 5e-324, 0),
        ],
    )
    def test_there_is_no_ratio_to_a_control_line_that_is_hardly_there(self, control):
        assert ratio(Evidence(1.0, 0.2, 0.01), control) is None

    def test_ratio_and_error_are_given_with_the_outcome(self):
        analyte = decide(COVID, {"C": CONTROL, "T": Evidence(1.0, 0.1, 0.002)}).analytes["sars-cov-2"]
        assert analyte.ratio == pytest.approx(0.25)
        assert analyte.ratio_sigma == pytest.approx(math.hypot(0.002, 0.25 * 0.004, 0.25 * 0.3 * 0.1) / 0.4)

    def test_the_concentration_comes_from_the_lot_and_only_inside_its_range(self):
        def curve(lot, signal, slope):
            parameters = {"a": 0.0, "b": slope}
            return Calibration("sars-cov-2", lot, signal, "loglinear", parameters, (), (1.0, 100.0), "ng/mL")

        assay = replace(COVID, calibrations=(curve("any", "ratio", 0.25), curve("L7", "height", 0.2)))

        def amount(height, lot=None, control=CONTROL):
            evidence = {"C": control, "T": Evidence(1.0, height, 0.002)}
            return decide(assay, evidence, lot=lot).analytes["sars-cov-2"].concentration

        assert amount(0.1) == pytest.approx(10.0)
        assert amount(0.1, lot="unheard-of") == pytest.approx(10.0)
        assert amount(0.1, lot="L7") == pytest.approx(10**0.5)
        assert amount(0.3) is None
        assert amount(0.1, control=Evidence(1.0, 0.4, 0.1)) is None

    def test_an_analyte_without_a_line_of_its_own_has_no_ratio(self):
        spec = replace(COVID.analytes[0], id="derived", result_key="result_derived")
        rules = tuple(replace(r, outcomes={**r.outcomes, "derived": POSITIVE}) for r in COVID.rules)
        assay = replace(COVID, analytes=(*COVID.analytes, spec), rules=rules)
        analyte = decide(assay, {"C": CONTROL, "T": sure(0.5)}).analytes["derived"]
        assert (analyte.outcome, analyte.ratio) == (POSITIVE, None)


class TestRefusals:
    @pytest.mark.parametrize("doubt", [0.0, -0.1, 0.5, 1.0, math.nan])
    def test_a_doubt_that_makes_no_sense_is_refused(self, doubt):
        with pytest.raises(OptionError, match="doubt"):
            decide(COVID, {"C": CONTROL, "T": sure(1.0)}, doubt=doubt)

    def test_a_line_that_the_assay_does_not_have_is_refused(self):
        with pytest.raises(ValueError, match="covid-19-ag has no line 'T2'"):
            decide(COVID, {"C": CONTROL, "T2": sure(1.0)})

    @pytest.mark.parametrize(
        "numbers",
        [(1.1, 0, 0), (-0.1, 0, 0), (math.nan, 0, 0), (1, math.nan, 0), (1, 0, math.inf), (1, 0, -1)],
    )
    def test_evidence_out_of_range_is_refused(self, numbers):
        with pytest.raises(ValueError, match="must be"):
            Evidence(*numbers)


probability = st.floats(0.0, 1.0)
measured = st.builds(Evidence, probability, st.floats(-0.1, 1.5), st.floats(0.0, 0.3))
assays = st.sampled_from(list_assays())


@st.composite
def strips(draw, kind=assays):
    """An assay and evidence for some or all of its lines."""
    assay = draw(kind)
    evidence = {line.name: draw(measured) for line in assay.lines if draw(st.integers(0, 9)) > 0}
    return assay, evidence


@given(strips())
def test_the_probabilities_of_the_outcomes_sum_to_one(strip):
    assay, evidence = strip
    for chances in outcome_probabilities(assay, evidence).values():
        assert sum(chances.values()) == pytest.approx(1.0)
        assert all(0.0 <= chance <= 1.0 + 1e-12 for chance in chances.values())


@given(strips(), st.floats(0.001, 0.499))
def test_what_is_called_is_what_is_probable(strip, doubt):
    assay, evidence = strip
    verdict = decide(assay, evidence, doubt=doubt)
    chances = outcome_probabilities(assay, evidence)
    for name, analyte in verdict.analytes.items():
        definite = {outcome: chances[name][outcome] for outcome in (POSITIVE, NEGATIVE, INVALID)}
        if analyte.outcome is INDETERMINATE:
            assert max(definite.values()) < 1.0 - doubt
            assert analyte.confidence == pytest.approx(1.0 - max(definite.values()))
        else:
            assert definite[analyte.outcome] >= 1.0 - doubt
            assert analyte.confidence == pytest.approx(definite[analyte.outcome])
    assert verdict.summary


sandwiches = st.sampled_from([assay for assay in list_assays() if assay.format == "sandwich"])


@given(strips(sandwiches), measured, probability, st.data())
def test_more_signal_never_turns_a_sandwich_assay_from_positive_to_negative(strip, weaker, more, data):
    assay, evidence = strip
    spec = data.draw(st.sampled_from(assay.tests))
    stronger = replace(
        weaker, present=weaker.present + more * (1 - weaker.present), height=weaker.height + more
    )
    before = outcome_probabilities(assay, {**evidence, spec.name: weaker})[spec.analyte]
    after = outcome_probabilities(assay, {**evidence, spec.name: stronger})[spec.analyte]
    assert after[POSITIVE] >= before[POSITIVE] - 1e-12
    assert after[NEGATIVE] <= before[NEGATIVE] + 1e-12


@given(strips(st.just(DRUG)), measured, probability)
def test_more_signal_never_turns_a_competitive_assay_from_negative_to_positive(strip, weaker, more):
    assay, evidence = strip
    stronger = replace(
        weaker, present=weaker.present + more * (1 - weaker.present), height=weaker.height + more
    )
    before = outcome_probabilities(assay, {**evidence, "T": weaker})["thc"]
    after = outcome_probabilities(assay, {**evidence, "T": stronger})["thc"]
    assert after[NEGATIVE] >= before[NEGATIVE] - 1e-12
    assert after[POSITIVE] <= before[POSITIVE] + 1e-12


@given(strips(), st.floats(0.0, 0.05), st.floats(-0.1, 0.1), st.floats(0.0, 0.1))
def test_without_a_control_line_a_strip_is_invalid_whatever_the_test_lines_show(
    strip, present, height, sigma
):
    assay, evidence = strip
    control = {line.name: Evidence(present, height, sigma) for line in assay.controls}
    verdict = decide(assay, {**evidence, **control})
    assert verdict.outcome is INVALID
    assert {analyte.outcome for analyte in verdict.analytes.values()} == {INVALID}


@given(strips())
def test_the_same_evidence_in_another_order_gives_the_same_verdict(strip):
    assay, evidence = strip
    names = [line.name for line in assay.controls]
    turned = dict(sorted(evidence.items(), key=lambda item: (item[0] in names, item[0])))
    if not assay.open_ended:
        assert decide(assay, turned) == decide(assay, evidence)
