"""The words of every page: one file of sentences for each language, and the choice among them.

A sentence is found by its key, which is dotted English; what changes stands in braces in it. A page's
language is what ``?lang=`` says, else what the cookie remembers, else what the browser asks, else English.
"""

import datetime as dt
import functools
import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape
from starlette.requests import Request

__all__ = ["COOKIE", "LANGUAGES", "Words", "choose", "load_words", "words_for"]

# Each language's code and its own name, as a person looks for it.
LANGUAGES: Final[Mapping[str, str]] = {
    "en": "English",
    "fr": "Français",
    "pt": "Português",
    "es": "Español",
    "sw": "Kiswahili",
    "ar": "العربية",
    "hi": "हिन्दी",
    "ur": "اردو",
}
COOKIE: Final = "lfa-language"
_RIGHT_TO_LEFT: Final = frozenset({"ar", "ur"})
# First strong isolate and its end: a Latin name or a number keeps its own direction in a sentence.
_ISOLATED: Final = "\u2068{}\u2069"


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences of one language.

    Attributes
    ----------
    code : str
        Of the language, as in ``LANGUAGES``.
    sentences : mapping of str to str
        By key.

    Examples
    --------
    >>> t = load_words("en")
    >>> t("outcome.positive.word"), t.percent(0.5), t.direction
    ('Positive', '50.0%', 'ltr')
    """

    code: str
    sentences: Mapping[str, str]

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the sentence of a key, its braces filled.

        Raises
        ------
        KeyError
            If there is no such sentence, or a value of it is missing.
        """
        if not values:
            return self.sentences[key]
        if self.direction == "rtl":
            values = {name: _ISOLATED.format(value) for name, value in values.items()}
        return self.sentences[key].format_map(values)

    def markup(self, key: str, /, **values: object) -> Markup:
        """Return the sentence of a key as markup, its braces filled with markup or with text."""
        return escape(self.sentences[key]).format(**values)

    def __contains__(self, key: str) -> bool:
        """Tell whether there is a sentence of a key."""
        return key in self.sentences

    def starting(self, *beginnings: str) -> dict[str, str]:
        """Return the sentences whose keys start with one of these, their braces open."""
        return {key: said for key, said in self.sentences.items() if key.startswith(beginnings)}

    @property
    def direction(self) -> str:
        """Which way the language is written, for ``dir``."""
        return "rtl" if self.code in _RIGHT_TO_LEFT else "ltr"

    def number(self, value: float, digits: int) -> str:
        """Write a number with so many digits after the language's own point."""
        return f"{value:.{digits}f}".replace("-", "−").replace(".", self.sentences["number.point"])

    def percent(self, share: float, digits: int = 1) -> str:
        """Write a share of one as a percentage."""
        return self.sentences["number.percent"].format(value=self.number(100 * share, digits))

    def date(self, moment: str) -> str:
        """Write the day of a time in RFC 3339."""
        told = dt.datetime.fromisoformat(moment)
        month = self.sentences[f"date.month.{told.month}"]
        # Not isolated part by part: the isolate around the whole takes its direction from the month.
        return self.sentences["date.day"].format(day=told.day, month=month, year=told.year)

    def moment(self, moment: str) -> str:
        """Write a time in RFC 3339, as UTC, with its day."""
        told = dt.datetime.fromisoformat(moment).astimezone(dt.UTC)
        day = self.date(told.isoformat())
        return self.sentences["date.moment"].format(date=day, time=f"{told:%H:%M}")


@functools.cache
def load_words(code: str) -> Words:
    """Return the words of one of ``LANGUAGES``."""
    if code not in LANGUAGES:
        raise KeyError(code)
    file = importlib.resources.files("service") / "web" / "languages" / f"{code}.json"
    return Words(code, json.loads(file.read_text(encoding="utf-8")))


def choose(asked: str | None, remembered: str | None, accepted: str) -> str:
    """Return the code of the language to speak.

    Parameters
    ----------
    asked, remembered : str or None
        Codes from the address and from the cookie; others than those of ``LANGUAGES`` do not count.
    accepted : str
        The header ``Accept-Language``.

    Examples
    --------
    >>> choose(None, None, "sw-KE,sw;q=0.9,en;q=0.5"), choose("fr", "es", "ar"), choose("xx", None, "*")
    ('sw', 'fr', 'en')
    """
    wanted = (asked, remembered, *_by_preference(accepted))
    return next((code for code in wanted if code is not None and code in LANGUAGES), "en")


def words_for(request: Request) -> Words:
    """Return the words in which a request is answered."""
    asked, remembered = request.query_params.get("lang"), request.cookies.get(COOKIE)
    return load_words(choose(asked, remembered, request.headers.get("accept-language", "")))


def _by_preference(accepted: str) -> list[str]:
    """Return the languages of ``Accept-Language`` without their regions, the most wanted first."""
    weighed = []
    for part in accepted[:256].split(","):
        tag, _, weight = part.partition(";")
        weighed.append((_weight(weight), tag.strip().lower().partition("-")[0]))
    wanted = sorted(weighed, key=lambda one: -one[0])  # stable: what comes first wins a tie
    return [code for weight, code in wanted if weight > 0]


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
