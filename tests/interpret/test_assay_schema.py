"""The strict schema: what is right is read as it stands, what is wrong is refused with its line."""

import contextlib
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.errors import AssayError
from reader.interpret import load_assay, parse_assay
from reader.reading import Outcome

PROFILE = """\
schema = "lfa-assay/1"
id = "two-lines"
name = "Two lines"
kind = "cassette"
format = "sandwich"
label = "gold"
window_mm = [16.0, 4]
read_window_min = [15, 30]
codes = { loinc = "94558-4", snomed = "10828004" }
assumed = ["much"]
notes = "none"

[[analytes]]
id = "pf"
name = "P. falciparum"
result_key = "result_mal_pf"

[[analytes]]
id = "pan"
name = "Any Plasmodium"
result_key = "result_mal_pan"

[[lines]]
name = "C"
role = "control"
position = 0.25
position_mm = 4.0
tolerance = 0.1
label = "blue-latex"

[[lines]]
name = "Pan"
role = "test"
analyte = "pan"
position = 0.5
tolerance = 0.1
cutoff = 0.01
limit_of_blank = 0.004

[[lines]]
name = "Pf"
role = "test"
analyte = "pf"
position = 0.75
tolerance = 0.1
threshold_ratio = 0.5

[[rules]]
when = { Pf = "present", Pan = "any" }
then = { pf = "positive", pan = "indeterminate" }
text = "Pf."

[[rules]]
when = { Pf = "absent", Pan = "present" }
then = { pf = "negative", pan = "positive" }
text = "Pan."

[[rules]]
when = { Pf = "absent", Pan = "absent" }
then = { pf = "negative", pan = "negative" }
text = "None."

[[calibrations]]
analyte = "pf"
lot = "any"
signal = "ratio"
model = "4pl"
parameters = { a = 0.0, b = 1.0, c = 20.0, d = 2.0 }
limits = [1.0, 200.0]
unit = "ng/mL"
"""

ONE_LINE = """\
schema = "lfa-assay/1"
id = "one-line"
name = "One line"
kind = "any"
format = "competitive"
label = "gold"
[[analytes]]
id = "t"
name = "T"
result_key = "result_t"
[[lines]]
name = "C"
role = "control"
position = 0.3
tolerance = 0.1
[[lines]]
name = "T"
role = "test"
analyte = "t"
position = 0.6
tolerance = 0.1
cutoff = 0.01
[[rules]]
when = { T = "present" }
then = { t = "negative" }
text = "No."
[[rules]]
when = { T = "absent" }
then = { t = "positive" }
text = "Yes."
"""


def problems(document):
    """The lines and texts of everything that is refused."""
    with pytest.raises(AssayError) as caught:
        parse_assay(document, "kit.toml")
    rows = [re.fullmatch(r"kit\.toml:(\d+): (.*)\.", row) for row in caught.value.message.splitlines()]
    assert all(rows), caught.value.message
    return [(int(row[1]), row[2]) for row in rows]


def line_in(document, text, nth=1):
    """The line on which a text starts for the nth time."""
    at = -1
    for _ in range(nth):
        at = document.index(text, at + 1)
    return document.count("\n", 0, at) + 1


def changed(old, new, document=PROFILE):
    """The document with its first `old` replaced, and the line on which that stands."""
    return document.replace(old, new, 1), line_in(document, old)


def test_a_profile_is_read_as_it_is_written():
    assay = parse_assay(PROFILE)
    assert (assay.id, assay.kind, assay.format, assay.label) == ("two-lines", "cassette", "sandwich", "gold")
    assert (assay.window_mm, assay.read_window_min) == ((16.0, 4.0), (15.0, 30.0))
    assert assay.codes == {"loinc": "94558-4", "snomed": "10828004"}
    assert [line.name for line in assay.lines] == ["C", "Pan", "Pf"]
    control, pan, pf = assay.lines
    assert (control.label, control.position_mm, control.analyte) == ("blue-latex", 4.0, None)
    assert (pan.cutoff, pan.limit_of_blank, pan.threshold_ratio) == (0.01, 0.004, None)
    assert (pf.cutoff, pf.limit_of_blank, pf.threshold_ratio) == (0.0, 0.0, 0.5)
    assert assay.rules[0].pattern == {"Pf": True, "Pan": None}
    assert assay.rules[0].outcomes == {"pf": Outcome.POSITIVE, "pan": Outcome.INDETERMINATE}
    assert assay.calibrations[0].limits == (1.0, 200.0)
    assert not assay.open_ended


def test_a_rule_may_speak_of_one_analyte_of_a_panel():
    pair = '[[rules]]\nwhen = {{ {0} = "{1}" }}\nthen = {{ {2} = "{3}" }}\ntext = "x"\n'
    rows = [("Pf", "pf"), ("Pan", "pan")]
    rules = "".join(
        pair.format(line, state, analyte, outcome)
        for line, analyte in rows
        for state, outcome in (("present", "positive"), ("absent", "negative"))
    )
    document = PROFILE[: PROFILE.index("[[rules]]")] + rules
    assert len(parse_assay(document).rules) == 4


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('schema = "lfa-assay/1"', 'schema = "lfa-assay/2"', "schema must be 'lfa-assay/1'"),
        ('id = "two-lines"', 'id = "Two Lines"', "id must look like"),
        ('id = "two-lines"', 'id = "../secret"', "id must look like"),
        ('name = "Two lines"', 'name = ""', "name must have 1 to 120 characters"),
        ('name = "Two lines"', "name = 3", "name must be text, not a number"),
        ('name = "Two lines"', 'name = "a\\u001b[2J"', "name must not contain control characters"),
        ('kind = "cassette"', 'kind = "casette"', "did you mean 'cassette'"),
        ('format = "sandwich"', 'format = ["sandwich"]', "format must be one of sandwich, competitive"),
        ('label = "gold"', 'label = "silver"', "label must be one of gold"),
        (
            'kind = "cassette"',
            'kind = "cassette"\nlable = "gold"',
            "unknown key 'lable' (did you mean 'label'?)",
        ),
        ("window_mm = [16.0, 4]", "window_mm = 16", "window_mm must be an array, not a number"),
        ("window_mm = [16.0, 4]", "window_mm = [16]", "window_mm must have 2 to 2 elements; it has 1"),
        ("window_mm = [16.0, 4]", "window_mm = [16, 0]", "element 2 must be above 0"),
        ("window_mm = [16.0, 4]", "window_mm = [nan, 4]", "element 1 must be a number, not infinite"),
        (
            "window_mm = [16.0, 4]",
            "window_mm = [4, 16]",
            "window_mm must give the length along the flow first",
        ),
        (
            "read_window_min = [15, 30]",
            "read_window_min = [30, 15]",
            "read_window_min must be two increasing",
        ),
        ("read_window_min = [15, 30]", "read_window_min = [15]", "read_window_min must be two numbers"),
        ('codes = { loinc = "94558-4"', 'codes = { loinc = "94558-5"', "LOINC number with its check digit"),
        ('codes = { loinc = "94558-4"', 'codes = { loinc = "malaria"', "LOINC number with its check digit"),
        ('codes = { loinc = "94558-4"', 'codes = { icd = "A1"', "codes has 'icd'"),
        ('snomed = "10828004"', 'snomed = "12"', "codes has a snomed that must look like"),
        ("codes = {", "codes = 3 #", "codes must be a table, not a number"),
        ('assumed = ["much"]', "assumed = [1]", "assumed element 1 must be text"),
        ('notes = "none"', "open_ended = 1", "open_ended must be true or false"),
        ('notes = "none"', "open_ended = true", "an open-ended assay lists one control line"),
        ('notes = "none"', "notes = 1979-05-27", "notes must be text, not a date or time"),
        ('id = "pf"', 'id = "p f"', "id must look like 'pf'"),
        ('id = "pan"', 'id = "pf"', "id 'pf' is given twice"),
        ('result_key = "result_mal_pan"', 'result_key = "mal_pan"', "result_key must look like"),
        (
            'result_key = "result_mal_pan"',
            'result_key = "result_mal_pf"',
            "result_key 'result_mal_pf' is given twice",
        ),
        ('role = "control"', 'role = "contol"', "did you mean 'control'"),
        ('name = "Pf"\nrole', 'name = "Pan"\nrole', "name 'Pan' is given twice"),
        ("position = 0.25", "position = -0.1", "position must be from 0 to 1; it is -0.1"),
        ("position = 0.25", "position = 1.2", "position must be from 0 to 1; it is 1.2"),
        ("position = 0.25", 'position = "left"', "position must be a number, not text"),
        ("position = 0.25", "position = true", "position must be a number, not true or false"),
        ("position = 0.5", "position = 0.2", "line Pan must lie further from the downstream end than line C"),
        ("position_mm = 4.0", "position_mm = 9.0", "position_mm 9 in 16 mm is not at position 0.25"),
        ("tolerance = 0.1", "tolerance = 0", "tolerance must be above 0 and at most 0.5"),
        ("tolerance = 0.1", "tolerance = 0.3", "the tolerance of line C reaches beyond the window"),
        ('analyte = "pan"', 'analyte = "pv"', "there is no analyte 'pv'"),
        ("cutoff = 0.01", "cutoff = 0.001", "the cutoff of line Pan is below its limit of blank"),
        ("threshold_ratio = 0.5", "threshold_ratio = 0", "threshold_ratio must be above 0"),
        ('when = { Pf = "present", Pan = "any" }', "when = {}", "when must not be empty"),
        ('when = { Pf = "present", Pan = "any" }', "when = 3", "when must be a table, not a number"),
        (
            'when = { Pf = "present", Pan = "any" }',
            'when = { Pf = "yes" }',
            "when has 'Pf', which must be one of",
        ),
        ('when = { Pf = "present", Pan = "any" }', 'when = { Pv = "present" }', "there is no line 'Pv'"),
        ('when = { Pf = "present", Pan = "any" }', 'when = { C = "present" }', "leave C out"),
        ('then = { pf = "positive"', 'then = { pv = "positive"', "there is no analyte 'pv'"),
        ('then = { pf = "positive"', 'then = { pf = "not_read"', "then has 'pf', which must be one of"),
        ('text = "Pf."', 'text = " "', "text must have 1 to 500 characters"),
        ('analyte = "pf"\nlot', 'analyte = "pv"\nlot', "no test line shows an analyte 'pv'"),
        ('model = "4pl"', 'model = "5pl"', "model must be one of 4pl"),
        ("parameters = { a = 0.0, ", "parameters = { ", "model 4pl takes a, b, c, d"),
        ("parameters = { a = 0.0, ", "parameters = { x = 0.0, ", "parameters has 'x'"),
        (
            "parameters = { a = 0.0, b = 1.0, c = 20.0",
            "parameters = { a = 0, b = 1, c = -2",
            "4pl needs c above 0",
        ),
        ("limits = [1.0, 200.0]", "limits = [0.0, 200.0]", "limits must be above 0"),
        ("limits = [1.0, 200.0]", "limits = [200.0, 1.0]", "limits must be two increasing numbers"),
    ],
)
def test_a_wrong_value_is_refused_at_its_own_line(old, new, what):
    document, line = changed(old, new)
    first = line + (new.count("\n") if old in new else 0)
    found = [text for at, text in problems(document) if at == first]
    assert any(what in text for text in found), problems(document)


@pytest.mark.parametrize(
    ("old", "what"),
    [
        ('id = "two-lines"\n', "id is missing"),
        ('name = "C"\n', "lines 1: name is missing"),
        ("position = 0.75\n", "lines 3: position is missing"),
        ('analyte = "pan"\n', "test line Pan does not say which analyte it shows"),
        ('text = "None."\n', "rules 3: text is missing"),
        ('unit = "ng/mL"\n', "calibrations 1: unit is missing"),
    ],
)
def test_a_missing_key_is_reported_at_the_head_of_its_table(old, what):
    document, line = changed(old, "")
    heads = [i for i, row in enumerate(document.splitlines()[: line - 1], start=1) if row.startswith("[[")]
    assert (heads[-1] if heads else 1, what) in problems(document)


@pytest.mark.parametrize("table", ["analytes", "lines", "rules"])
def test_a_missing_table_is_reported(table):
    document = PROFILE.replace(f"[[{table}]]", "[[calibrations]]")
    assert (1, f"[[{table}]] is missing") in problems(document)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("lines = 3\n", (1, "lines must be an array of tables, written [[lines]]")),
        ("a = 1\n[lines]\nb = 1\n", (2, "lines must be an array of tables, written [[lines]]")),
        ("lines = [\n  {},\n  3,\n]\n", (3, "lines must be a table, not a number")),
        ("[[lines]]\n" * 17, (1, "there are 17 lines; at most 16 are allowed")),
    ],
)
def test_tables_of_the_wrong_shape_are_reported(document, problem):
    assert problem in problems(document)


def test_a_test_without_a_control_line_is_refused():
    document = PROFILE.replace('role = "control"', 'role = "test"\nanalyte = "pf"')
    assert (
        line_in(document, "[[lines]]"),
        "there is no control line: without one a failed test cannot be told",
    ) in problems(document)


def test_a_test_without_a_test_line_is_refused():
    document = PROFILE.replace('role = "test"', 'role = "control"')
    found = problems(document)
    assert (line_in(document, "[[lines]]"), "there is no test line") in found
    assert (line_in(document, 'analyte = "pan"'), "control line Pan cannot show an analyte") in found


def test_a_threshold_ratio_on_a_control_line_is_refused():
    document, line = changed('label = "blue-latex"', "threshold_ratio = 1")
    assert problems(document) == [(line, "threshold_ratio is for the test lines of a sandwich assay")]


def test_overlapping_tolerances_are_refused_at_the_second_line():
    document, line = changed("position = 0.5\ntolerance = 0.1", "position = 0.5\ntolerance = 0.16")
    assert problems(document) == [
        (line + 1, "the tolerances of lines C and Pan overlap"),
        (line + 10, "the tolerances of lines Pan and Pf overlap"),
    ]


def test_lines_may_touch_with_their_tolerances():
    document, _ = changed("position = 0.5\ntolerance = 0.1", "position = 0.5\ntolerance = 0.15")
    assert parse_assay(document).lines[1].tolerance == 0.15


def test_an_incomplete_truth_table_names_the_first_combination_without_a_rule():
    document = (
        PROFILE[: PROFILE.index("[[rules]]")] + PROFILE[PROFILE.index('[[rules]]\nwhen = { Pf = "absent"') :]
    )
    rules = line_in(document, "[[rules]]")
    assert problems(document) == [
        (rules, "no rule says what Pan present, Pf present (and 1 more) means for pan"),
        (rules, "no rule says what Pan present, Pf present (and 1 more) means for pf"),
    ]


def test_an_analyte_without_any_rule_is_refused():
    document = re.sub(r", pan = \"\w+\" }", " }", PROFILE)
    assert (line_in(document, "[[rules]]"), "no rule says what any strip means for pan") in problems(document)


def test_a_contradiction_is_refused_at_the_later_rule_and_not_hidden_by_the_first():
    document, line = changed('when = { Pf = "absent", Pan = "present" }', 'when = { Pan = "present" }')
    assert problems(document) == [(line - 1, "rules 1 and 2 meet the same lines")]


def test_two_rules_for_the_same_lines_are_refused_even_if_they_agree():
    again = (
        '\n[[rules]]\nwhen = { Pf = "absent", Pan = "absent" }\nthen = { pf = "negative" }\ntext = "Again."\n'
    )
    assert problems(PROFILE + again) == [(PROFILE.count("\n") + 2, "rules 3 and 4 meet the same lines")]


def test_competitive_logic_in_a_sandwich_assay_is_refused():
    document = ONE_LINE.replace('"competitive"', '"sandwich"')
    assert problems(document) == [(25, "in a sandwich assay line T cannot make t negative")]


def test_sandwich_logic_in_a_competitive_assay_is_refused():
    document = ONE_LINE.replace('t = "negative"', 't = "x"').replace('t = "positive"', 't = "negative"')
    document = document.replace('t = "x"', 't = "positive"')
    assert problems(document) == [(25, "in a competitive assay line T cannot make t positive")]


def test_a_competitive_test_line_needs_a_cutoff():
    document = ONE_LINE.replace("cutoff = 0.01\n", "")
    assert problems(document) == [
        (16, "test line T needs a cutoff: in a competitive assay its absence must be proven")
    ]


def test_an_analyte_that_hangs_on_too_many_lines_is_refused():
    lines = "".join(
        f'[[lines]]\nname = "L{i}"\nrole = "test"\nanalyte = "t"\n'
        f"position = {0.45 + 0.05 * i:.2f}\ntolerance = 0.02\n"
        for i in range(7)
    )
    every = ", ".join(f'L{i} = "present"' for i in range(7))
    head = ONE_LINE[: ONE_LINE.index('[[lines]]\nname = "T"')].replace("competitive", "sandwich")
    rule = f'[[rules]]\nwhen = {{ {every} }}\nthen = {{ t = "positive" }}\ntext = "x"\n'
    assert problems(head + lines + rule) == [(7, "t depends on 7 lines; the most is 6")]


@pytest.mark.parametrize(
    ("curve", "key", "what"),
    [
        (
            'model = "loglinear"\nparameters = { a = 1, b = 0 }',
            "parameters",
            "loglinear needs b other than 0",
        ),
        ('model = "loglinear"\nparameters = { a = 1, b = 1e-300 }', "limits", "the curve is flat within"),
        (
            'model = "4pl"\nparameters = { a = 1, b = 1e6, c = 9, d = 2 }',
            "limits",
            "the curve is flat within",
        ),
        ('model = "4pl"\npoints = [[1, 0], [2, 1], [3, 2]]', "[[cal", "model 4pl takes a, b, c, d"),
        ('model = "pchip"', "[[cal", "points belong to the model pchip, which needs them"),
        (
            'model = "pchip"\npoints = [[1, 0], [2, 1]]',
            "points",
            "points must have 3 to 50 elements; it has 2",
        ),
        ('model = "pchip"\npoints = [[1, 0], [2, 1], [3, 1]]', "points", "a signal that only rises or falls"),
        (
            'model = "pchip"\npoints = [[0, 0], [2, 1], [300, 2]]',
            "points",
            "increasing concentrations above 0",
        ),
        (
            'model = "pchip"\npoints = [[1, 0], [2, 1], [30, 2]]',
            "limits",
            "limits must lie within the points",
        ),
    ],
)
def test_a_curve_that_cannot_be_used_is_refused(curve, key, what):
    document = PROFILE[: PROFILE.index("model =")] + curve + '\nlimits = [1.0, 200.0]\nunit = "x"\n'
    ((line, text),) = problems(document)
    assert line == line_in(document, key)
    assert what in text


def test_a_curve_may_be_given_by_its_points():
    curve = 'model = "pchip"\npoints = [[1, 0.5], [20, 0.2], [300, 0.1]]\n'
    document = PROFILE[: PROFILE.index("model =")] + curve + 'limits = [1, 200]\nunit = "x"\n'
    assert parse_assay(document).calibrations[0].points == ((1.0, 0.5), (20.0, 0.2), (300.0, 0.1))


def test_a_lot_is_calibrated_once():
    document = PROFILE + PROFILE[PROFILE.index("[[calibrations]]") :]
    assert problems(document) == [(line_in(document, "lot =", nth=2), "lot 'any' of pf is given twice")]


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ("id = \n", 1),
        ("id = 'a'\nid = 'b'\n", 2),
        ("\n\n[[lines]\n", 3),
        ("a = '''\nnever closed\n", 3),
        ("a = " + "[" * 5000, 1),
        ("a = 1" + "0" * 5000, 1),
    ],
)
def test_what_is_not_toml_is_refused_with_its_line(document, line):
    with pytest.raises(
        AssayError, match=rf"^kit\.toml:{line}: (this is not TOML|the file is nested too deeply)"
    ):
        parse_assay(document, "kit.toml")


@given(st.data())
def test_a_mangled_profile_is_read_or_refused_but_never_crashes(data):
    start = data.draw(st.integers(0, len(PROFILE) - 1))
    length = data.draw(st.integers(0, 40))
    patch = data.draw(st.text("[]{}\"=.#\n'01aC\\ ", max_size=5))
    document = PROFILE[:start] + patch + PROFILE[start + length :]
    with contextlib.suppress(AssayError):
        parse_assay(document)


@given(st.permutations(PROFILE.split("\n\n")[1:]))
def test_the_order_of_tables_of_different_kinds_does_not_matter(tables):
    kinds = [table.split("\n", 1)[0] for table in tables]
    ordered = {kind: [t for t in PROFILE.split("\n\n")[1:] if t.startswith(kind)] for kind in kinds}
    shuffled = [ordered[kind].pop(0) for kind in kinds]
    document = "\n\n".join([PROFILE.split("\n\n", maxsplit=1)[0], *shuffled])
    assert parse_assay(document) == parse_assay(PROFILE)


def test_all_problems_are_reported_at_once_in_order_of_their_lines():
    document = PROFILE.replace('kind = "cassette"', 'kind = "x"').replace("position = 0.5", "position = 5")
    lines = [line for line, _ in problems(document)]
    assert lines == [4, 35]
    assert all(a < b for a, b in itertools.pairwise(lines))


def test_the_error_names_the_file(tmp_path):
    path = tmp_path / "my kit.toml"
    path.write_text(PROFILE.replace("position = 0.5", "position = 5"), encoding="utf-8")
    with pytest.raises(
        AssayError, match=rf"^{re.escape(str(path))}:35: position must be from 0 to 1; it is 5\. "
    ):
        load_assay(path)
