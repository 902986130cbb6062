"""Every flag and every error says what is wrong and what to do, under a stable name."""

from __future__ import annotations

import pickle
import re

import pytest

from reader import errors
from reader.flags import FLAGS, explain, rejects

KEBAB = re.compile(r"[a-z]+(-[a-z]+)*")
ERRORS = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("code", FLAGS)
def test_a_flag_says_what_is_wrong_and_what_to_do_in_a_sentence_each(code):
    flag = FLAGS[code]
    assert flag.code == code
    assert KEBAB.fullmatch(code)
    for sentence in (flag.what, flag.advice):
        assert re.fullmatch(r"[A-Z][^.]*[^.\s]\.", sentence), sentence
    assert explain(code) == f"{flag.what} {flag.advice}"


def test_an_unknown_flag_cannot_be_explained():
    with pytest.raises(KeyError):
        explain("no-such-flag")


@pytest.mark.parametrize("code", FLAGS)
def test_a_flag_rejects_alone_and_among_others_if_it_is_a_rejecting_one(code):
    assert rejects((code,)) is FLAGS[code].rejecting
    assert rejects(("scale-unknown", code)) is FLAGS[code].rejecting


def test_no_flags_reject_nothing():
    assert rejects(()) is False


def test_what_makes_a_picture_unreadable_rejects_and_a_mere_warning_does_not():
    rejecting = {code for code, flag in FLAGS.items() if flag.rejecting}
    assert {"no-strip-found", "too-small", "blurred", "too-dark", "clipped", "glare"} <= rejecting
    assert not {"soft", "noisy", "orientation-assumed", "scale-unknown", "weak-control"} & rejecting


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_has_a_code_a_default_message_and_advice(error):
    raised = error()
    assert isinstance(raised, errors.LfaError)
    assert KEBAB.fullmatch(error.code)
    assert raised.message == error.__doc__.strip().split("\n")[0]
    assert str(raised) == f"{raised.message} {error.advice}"
    assert error.advice.endswith(".")


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_s_own_message_replaces_the_default(error):
    raised = error("photo.jpg is odd.")
    assert raised.message == "photo.jpg is odd."
    assert str(raised).startswith("photo.jpg is odd. ")


def test_an_error_that_comes_from_another_process_says_the_same_once():
    error = errors.ImageTooSmall("The picture has only 3 x 4 pixels.")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.message, again.code) == (str(error), error.message, error.code)


def test_codes_are_unique():
    codes = [error.code for error in ERRORS]
    assert len(set(codes)) == len(codes)


def test_all_that_can_be_wrong_with_a_picture_is_an_input_error():
    inputs = {
        errors.EmptyInput,
        errors.UnsupportedFormat,
        errors.CorruptImage,
        errors.ImageTooSmall,
        errors.ImageTooLarge,
        errors.SourceUnreadable,
        errors.WorkerCrashed,
        errors.WorkerTimeout,
        errors.WorkerOutOfMemory,
    }
    assert {error for error in ERRORS if issubclass(error, errors.InputError)} == {
        *inputs,
        errors.InputError,
    }
