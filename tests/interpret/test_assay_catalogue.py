"""Every profile of the catalogue: it loads, and each combination of lines says what this table says."""

from itertools import product

import pytest

from reader.interpret import LABELS, Evidence, decide, describe, list_assays, load_assay
from reader.reading import Outcome

# One row for each combination of test lines (in order from the absorbent pad): analytes in the assay's
# order, "+" positive and "-" negative.
TRUTH = {
    "covid-19-ag": (["T"], {"1": "+", "0": "-"}),
    "covid-19-igg-igm": (["G", "M"], {"11": "++", "10": "-+", "01": "+-", "00": "--"}),
    "dengue-igg-igm": (["G", "M"], {"11": "++", "10": "-+", "01": "+-", "00": "--"}),
    "dengue-ns1": (["T"], {"1": "+", "0": "-"}),
    "doa-thc": (["T"], {"1": "-", "0": "+"}),
    "generic": (["T"], {"1": "+", "0": "-"}),
    "hbsag": (["T"], {"1": "+", "0": "-"}),
    "hcg": (["T"], {"1": "+", "0": "-"}),
    "hcv": (["T"], {"1": "+", "0": "-"}),
    "hiv-1-2": (["2", "1"], {"11": "++", "10": "-+", "01": "+-", "00": "--"}),
    "influenza-a-b": (["A", "B"], {"11": "++", "10": "+-", "01": "-+", "00": "--"}),
    "lh": (["T"], {"1": "+", "0": "-"}),
    "malaria-pf": (["Pf"], {"1": "+", "0": "-"}),
    "malaria-pf-pan": (["Pan", "Pf"], {"11": "++", "10": "-+", "01": "+-", "00": "--"}),
    "malaria-pf-pv": (["Pv", "Pf"], {"11": "++", "10": "-+", "01": "+-", "00": "--"}),
    "syphilis": (["T"], {"1": "+", "0": "-"}),
    "tb-lam": (["T"], {"1": "+", "0": "-"}),
}
ANALYTES = {
    "covid-19-igg-igm": ["igm", "igg"],
    "dengue-igg-igm": ["igm", "igg"],
    "hiv-1-2": ["hiv-1", "hiv-2"],
    "influenza-a-b": ["flu-a", "flu-b"],
    "malaria-pf-pan": ["pf", "pan"],
    "malaria-pf-pv": ["pf", "pv"],
}
KEYS = {
    "covid-19-ag": ["result_sars_cov2"],
    "malaria-pf-pan": ["result_mal_pf", "result_mal_pan"],
    "malaria-pf-pv": ["result_mal_pf", "result_mal_pv"],
    "hiv-1-2": ["result_hiv_1", "result_hiv_2"],
}
CASES = [(name, pattern) for name, (_, rows) in TRUTH.items() for pattern in rows]

CONTROL = Evidence(present=1.0, height=0.4, sigma=0.002)
THERE = Evidence(present=1.0, height=0.5, sigma=0.002)
MISSING = Evidence(present=0.0, height=0.0, sigma=0.002)


def read(name, pattern, *, control=CONTROL):
    lines, _ = TRUTH[name]
    states = dict(zip(lines, (THERE if c == "1" else MISSING for c in pattern), strict=True))
    return decide(load_assay(name), {"C": control, **states})


def test_the_table_knows_every_profile():
    assert sorted(assay.id for assay in list_assays()) == sorted(TRUTH)


def test_the_table_knows_every_combination():
    for name, (lines, rows) in TRUTH.items():
        assert [line.name for line in load_assay(name).tests] == lines
        assert sorted(rows) == sorted("".join(bits) for bits in product("01", repeat=len(lines)))


@pytest.mark.parametrize(("name", "pattern"), CASES)
def test_each_combination_of_lines_means_what_the_table_says(name, pattern):
    verdict = read(name, pattern)
    words = {"+": Outcome.POSITIVE, "-": Outcome.NEGATIVE}
    expected = [words[sign] for sign in TRUTH[name][1][pattern]]
    assert [analyte.outcome for analyte in verdict.analytes.values()] == expected
    assert list(verdict.analytes) == ANALYTES.get(name, list(verdict.analytes))
    assert verdict.outcome is (Outcome.POSITIVE if Outcome.POSITIVE in expected else Outcome.NEGATIVE)


@pytest.mark.parametrize(("name", "pattern"), CASES)
def test_without_a_control_line_every_combination_is_invalid(name, pattern):
    verdict = read(name, pattern, control=MISSING)
    assert {analyte.outcome for analyte in verdict.analytes.values()} == {Outcome.INVALID}
    assert verdict.outcome is Outcome.INVALID
    assert verdict.summary.startswith("No control line")


@pytest.mark.parametrize("name", TRUTH)
def test_different_combinations_are_told_in_different_words(name):
    summaries = [read(name, pattern).summary for pattern in TRUTH[name][1]]
    assert len(set(summaries)) == len(summaries)


@pytest.mark.parametrize("name", TRUTH)
def test_a_profile_says_what_it_assumes_and_lies_as_real_kits_do(name):
    assay = load_assay(name)
    assert assay.assumed
    assert [line.position for line in assay.lines] == sorted(line.position for line in assay.lines)
    if len(assay.tests) == 1:
        (control,), (test,) = assay.controls, assay.tests
        assert 0.2 <= control.position <= 0.35
        assert 0.26 <= test.position - control.position <= 0.45


@pytest.mark.parametrize(("name", "keys"), KEYS.items())
def test_results_have_the_flat_keys_that_other_programs_know(name, keys):
    assert [analyte.result_key for analyte in load_assay(name).analytes] == keys


def test_a_flat_key_means_the_same_in_every_profile():
    names = {}
    for assay in list_assays():
        for analyte in assay.analytes:
            names.setdefault(analyte.result_key, set()).add(analyte.id)
    assert {key: ids for key, ids in names.items() if len(ids) > 1} == {}


def test_the_generic_profile_is_first_and_the_only_open_ended_one():
    assays = list_assays()
    assert assays[0].id == "generic"
    assert [assay.id for assay in assays if assay.open_ended] == ["generic"]


def test_the_influenza_dipstick_has_a_blue_control_between_red_test_lines():
    assay = load_assay("influenza-a-b")
    assert [line.name for line in assay.lines] == ["A", "C", "B"]
    assert (assay.controls[0].label, assay.label) == ("blue-latex", "red-latex")


def test_an_ovulation_test_is_negative_while_its_test_line_is_paler_than_the_control():
    assay = load_assay("lh")
    paler = decide(assay, {"C": CONTROL, "T": Evidence(1.0, 0.38, 0.002)})
    darker = decide(assay, {"C": CONTROL, "T": Evidence(1.0, 0.42, 0.002)})
    equal = decide(assay, {"C": CONTROL, "T": CONTROL})
    outcomes = [verdict.outcome for verdict in (paler, darker, equal)]
    assert outcomes == [Outcome.NEGATIVE, Outcome.POSITIVE, Outcome.INDETERMINATE]


@pytest.mark.parametrize("name", TRUTH)
def test_a_profile_is_described_in_full(name):
    assay = load_assay(name)
    text = describe(assay)
    for line in assay.lines:
        assert f"{line.name}: {line.role} line" in text
    for analyte in assay.analytes:
        assert analyte.name in text
        assert analyte.result_key in text
        assert all(code in text for code in analyte.codes.values())
    assert all(rule.text in text for rule in assay.rules)
    assert all(assumption in text for assumption in assay.assumed)
    assert assay.notes in text


def test_every_label_can_be_measured_and_recognised():
    for name, label in LABELS.items():
        assert label.id == name
        assert sum(label.weights) == pytest.approx(1.0, abs=1e-12)
        assert max(label.signature) == 1.0
        assert min(*label.signature, *label.weights) >= 0.0
        assert sum(w * s for w, s in zip(label.weights, label.signature, strict=True)) > 0.5
        assert label.polarity in {"absorb", "emit"}
