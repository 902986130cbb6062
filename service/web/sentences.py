"""The reader's own English sentences in the language of the page.

A document tells its result in English. Here that text is taken apart into the sentences that the reader is
known to say, each of which has a translation. If any part is not known, as with a kit of the clinic's own,
the whole stays as it was said: a result is never told by half, and never guessed.
"""

import functools
import re
from dataclasses import dataclass

from service.web.words import Words, load_words

__all__ = ["Sentence", "translate"]

_HOLE = re.compile(r"\\{(\w+)\\}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said, and whether in English for want of a translation."""

    text: str
    english: bool = False


def translate(said: str, words: Words) -> Sentence:
    """Return what the reader said in another language, or as it was said.

    Parameters
    ----------
    said : str
        One sentence or several.
    words : Words
        Of the language.

    Examples
    --------
    >>> translate("Test line T is there: positive.", load_words("en")).text
    'Test line T is there: positive.'
    >>> translate("My own kit says yes.", load_words("fr"))
    Sentence(text='My own kit says yes.', english=True)
    """
    if words.code == "en":
        return Sentence(said)
    # Only where the analytes are told one by one does any name before a colon count as an analyte's.
    one_by_one = said.endswith(load_words("en")("said.second-look"))
    told, rest = [], said
    while rest:
        found = _first(rest, one_by_one=one_by_one)
        if found is None:
            return Sentence(said, english=True)
        key, values, rest = found
        told.append(words(key, **values))
    return Sentence(" ".join(told))


def _first(text: str, *, one_by_one: bool) -> tuple[str, dict[str, str], str] | None:
    """Return the key and the values of the sentence with which a text begins, and what follows it."""
    for key, pattern in _known():
        allowed = one_by_one or not key.startswith("said.one-")
        if allowed and (match := pattern.match(text)):
            return key, match.groupdict(), text[match.end() :]
    return None


@functools.cache
def _known() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the sentences that the reader is known to say, those with the most fixed text first."""
    english = load_words("en").sentences
    said = {key: english[key] for key in english if key.startswith(("said.", "outcome.not_read.sentence"))}
    ordered = sorted(said, key=lambda key: -len(re.sub(r"{\w+}", "", said[key])))
    return tuple((key, _pattern(said[key])) for key in ordered)


def _pattern(sentence: str) -> re.Pattern[str]:
    """Return what matches a sentence, whatever is in its braces, up to the end of it or of the text."""
    holes = _HOLE.sub(r"(?P<\1>[^:]+?)", re.escape(sentence))
    return re.compile(f"{holes}(?: |$)")
