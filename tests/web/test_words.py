"""The words of the pages: each language says everything, and nothing by halves."""

import ast
import inspect
import re
import string
from typing import Any

import pytest

import reader
from reader.interpret import load_assay
from reader.interpret.wording import summarise
from reader.reading import Outcome
from reader.strip import doubts, result
from service import refusals
from service.problems import HTTP_PROBLEMS, READER_PROBLEMS, Problem
from service.web.sentences import translate
from service.web.words import LANGUAGES, choose, load_words

OTHERS = [code for code in LANGUAGES if code != "en"]
ENGLISH = load_words("en").sentences
# What only a program or an administrator meets, never a person on a page.
FOR_PROGRAMS = {
    "bad-cluster",
    "bad-labels",
    "bad-option",
    "bad-run",
    "batch-closed",
    "batch-key-reused",
    "batch-not-found",
    "error",
    "extra-missing",
    "idempotency-key-reused",
    "job-not-found",
    "keys-missing",
    "reading-waits",
    "source-unreadable",
    "store",
    "strip-not-found",
    "worker-crashed",
    "worker-out-of-memory",
    "worker-timeout",
}


def holes(sentence: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(sentence) if name)


def by_part(key: str) -> list[tuple[int, str]]:
    """Months in their order, all else by name."""
    return [(int(part), "") if part.isdigit() else (99, part) for part in key.split(".")]


def of_reader() -> set[str]:
    """Every sentence that the reader may say of a strip."""
    assays = [load_assay(assay.id) for assay in reader.list_assays()]
    said = {rule.text for assay in assays for rule in assay.rules}
    for module in (doubts, result):
        tree = ast.parse(inspect.getsource(module))
        plain = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        documented = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if is_documented(node)}
        sentences = {text for text in plain - documented if isinstance(text, str)}
        said |= {text for text in sentences if re.fullmatch(r"[A-Z].*\.", text)}
    return said


def is_documented(node: ast.AST) -> bool:
    return isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_has_each_sentence_with_its_own_braces_in_order(code: str) -> None:
    sentences = load_words(code).sentences
    assert list(sentences) == sorted(ENGLISH, key=by_part)
    assert {key: holes(said) for key, said in sentences.items()} == {
        key: holes(said) for key, said in ENGLISH.items()
    }
    assert [key for key, said in sentences.items() if said != said.strip() or not said] == []


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_is_not_english_under_another_name(code: str) -> None:
    sentences = load_words(code).sentences
    long = {key for key, said in ENGLISH.items() if said.count(" ") > 3}
    assert {key for key in long if sentences[key] == ENGLISH[key]} == set()


@pytest.mark.parametrize("code", LANGUAGES)
def test_outcomes_are_told_apart_in_every_language(code: str) -> None:
    t = load_words(code)
    words = [t(f"outcome.{outcome.value}.word") for outcome in Outcome]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("code", ["ar", "ur", "hi"])
def test_a_language_is_written_in_its_own_script(code: str) -> None:
    script = {"ar": "\u0600-\u06ff", "ur": "\u0600-\u06ff", "hi": "\u0900-\u097f"}[code]
    bare = {"date.day", "date.moment", "number.percent", "number.point"}
    wrong = {key for key, said in load_words(code).sentences.items() if not re.search(f"[{script}]", said)}
    assert wrong <= bare


def test_every_flag_is_told_as_the_reader_tells_it() -> None:
    for code, flag in reader.FLAGS.items():
        assert ENGLISH[f"flags.{code}.what"] == flag.what
        assert ENGLISH[f"flags.{code}.advice"] == flag.advice
    assert {key.split(".")[1] for key in ENGLISH if key.startswith("flags.")} == set(reader.FLAGS)


def test_every_kit_has_its_name() -> None:
    assert {key: said for key, said in ENGLISH.items() if key.startswith("assay.")} == {
        f"assay.{assay.id}": assay.name for assay in reader.list_assays()
    }


def test_every_refusal_that_a_person_can_meet_is_told() -> None:
    own = {value.code for value in vars(refusals).values() if isinstance(value, Problem)}
    own |= {refusals.too_often(1.0).code, *(problem.code for problem in HTTP_PROBLEMS.values())}
    own |= {kind.code for kind in READER_PROBLEMS}
    told = {key.split(".")[1] for key in ENGLISH if key.startswith("problem.") and key.endswith(".title")}
    assert own - FOR_PROGRAMS - told == set()


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_of_the_reader_has_a_translation(code: str) -> None:
    words = load_words(code)
    said = {text.format(line="T2") for text in of_reader()}
    assert len(said) > 60
    assert {text for text in said if translate(text, words).english} == set()


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("assay", ["generic", "malaria-pf-pan", "hiv-1-2"])
@pytest.mark.parametrize("outcome", [Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.INDETERMINATE])
def test_a_verdict_that_no_rule_tells_is_told_analyte_by_analyte(
    code: str, assay: str, outcome: Outcome
) -> None:
    kit = load_assay(assay)
    outcomes = {spec.id: outcome for spec in kit.analytes}
    for first in (Outcome.NEGATIVE, Outcome.INDETERMINATE, Outcome.INVALID):
        likely = {line.name: line.role == "control" for line in kit.lines}
        said = summarise(kit, outcomes | {kit.analytes[0].id: first}, likely)
        assert not translate(said, load_words(code)).english


def test_no_control_line_is_told_in_every_language() -> None:
    kit = load_assay("generic")
    said = summarise(kit, {"T": Outcome.INVALID}, {"C": False, "T": True})
    assert {translate(said, load_words(code)).english for code in LANGUAGES} == {False}


def test_several_sentences_are_told_one_after_the_other() -> None:
    said = "Test line T1 is there: positive. Test line T2 is not there: negative."
    told = translate(said, load_words("fr")).text
    assert told == "La ligne de test T1 est là : positif. La ligne de test T2 n’est pas là : négatif."


@pytest.mark.parametrize(
    "said",
    [
        "My own kit says yes.",
        "Test line T is there: positive. And a rule of my own.",
        "Test line T is there: positive",
        "Test line T is there: positive.Test line T2 is there: positive.",
        "test line T is there: positive.",
    ],
)
def test_what_is_not_known_in_full_stays_as_it_was_said(said: str) -> None:
    told = translate(said, load_words("es"))
    assert (told.text, told.english) == (said, True)


def test_a_name_keeps_its_direction_in_a_sentence_from_right_to_left() -> None:
    assert "\u2068T1\u2069" in translate("Test line T1 is there: positive.", load_words("ar")).text
    assert load_words("ar").direction == load_words("ur").direction == "rtl"
    assert load_words("hi").direction == "ltr"


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert load_words("en").number(-0.0123, 3) == "−0.012"
    assert load_words("fr").number(0.0123, 3) == "0,012"
    assert (load_words("en").percent(0.999), load_words("es").percent(0.999)) == ("99.9%", "99,9 %")


def test_a_time_is_told_as_universal_time_with_its_day() -> None:
    moment = "2026-11-01T08:05:00.000000Z"
    assert load_words("en").moment(moment) == "1 November 2026, 08:05 UTC"
    assert load_words("pt").moment(moment) == "1 de novembro de 2026, 08:05 UTC"


@pytest.mark.parametrize("code", ["ar", "ur"])
def test_a_day_goes_from_right_to_left_as_one_piece(code: str) -> None:
    words, month = load_words(code), load_words(code)("date.month.11")
    assert words.date("2026-11-06") == f"6 {month} 2026"
    assert words.moment("2026-11-06T08:05:00Z").startswith(f"6 {month} 2026")
    said = words("dashboard.state.lower", date=words.date("2026-11-06"))
    assert f"\u20686 {month} 2026\u2069" in said
    assert said.count("\u2068") == 1


@pytest.mark.parametrize(
    ("asked", "remembered", "accepted", "spoken"),
    [
        ("fr", "es", "ar", "fr"),
        (None, "es", "ar", "es"),
        (None, None, "ar-EG,ar;q=0.9,en;q=0.8", "ar"),
        (None, None, "de,ur;q=0.4,hi;q=0.6", "hi"),
        (None, None, "de, sw;q=0", "en"),
        ("xx", "../en", "*", "en"),
        ("", "", "", "en"),
        (None, None, "pt;q=x,es;q=9,;;,=,fr;q=-1,hi;q=0.1", "hi"),
        (None, None, "en," * 10_000 + "fr", "en"),
    ],
)
def test_the_address_comes_before_the_cookie_and_that_before_the_browser(
    asked: str | None, remembered: str | None, accepted: str, spoken: str
) -> None:
    assert choose(asked, remembered, accepted) == spoken


def test_an_unknown_language_has_no_words() -> None:
    with pytest.raises(KeyError):
        load_words("xx")


def test_markup_takes_nothing_for_markup_that_is_none() -> None:
    told: Any = load_words("en").markup("result.tests", numbers="<b>")
    assert str(told) == "Tests &lt;b&gt;"
