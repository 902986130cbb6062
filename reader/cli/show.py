"""A reading as a person reads it on a terminal: result, sentence, and what to do about each warning."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rich.table import Table
from rich.text import Text

from reader.reading import Outcome, Reading, StripReading
from reader.report.words import analyte_text, flag_text, flagged_strips, height_text, outcome_word

__all__ = ["counts_text", "reading_row", "reading_sheet", "timings_text"]

_STYLES = MappingProxyType(
    {
        Outcome.POSITIVE: "bold red",
        Outcome.NEGATIVE: "bold blue",
        Outcome.INVALID: "bold reverse",
        Outcome.INDETERMINATE: "bold yellow",
        Outcome.NOT_READ: "bold bright_black",
        Outcome.MULTIPLE: "bold cyan",
    }
)
_OUTCOME_WIDTH = max(len(outcome_word(outcome)) for outcome in Outcome)


def reading_sheet(reading: Reading) -> Table:
    """Lay out one picture's reading with every detail, for when it is the only one."""
    table = Table.grid(padding=(0, 2))
    table.add_column(width=_OUTCOME_WIDTH)
    table.add_column(ratio=1, overflow="fold")
    table.add_row("", Text(reading.source, "dim"))
    for strip in reading.strips:
        table.add_row(_outcome(strip.outcome), Text(_numbered(strip, reading) + strip.summary, "bold"))
        for name, analyte in strip.analytes.items():
            table.add_row("", analyte_text(name, analyte))
        for line in strip.lines:
            seen = "seen" if line.detected else "not seen"
            table.add_row("", Text(f"line {line.name}: {seen}, height {height_text(line)}", "dim"))
        table.add_row("", Text(f"assay {strip.assay}, {_orientation(strip)}", "dim"))
    if not reading.strips:
        table.add_row(_outcome(reading.outcome), "")
    for text in _warnings(reading):
        table.add_row("", text)
    return table


def reading_row(reading: Reading, name_width: int) -> Table:
    """Lay out one picture's reading as a row of a long table whose rows appear one by one."""
    table = Table.grid(padding=(0, 2))
    table.add_column(width=name_width, overflow="fold")
    table.add_column(width=_OUTCOME_WIDTH)
    table.add_column(ratio=1, overflow="fold")
    texts = [Text(_numbered(strip, reading) + _row_text(strip)) for strip in reading.strips]
    said = Text("\n").join([*texts, *_warnings(reading)])
    table.add_row(reading.source, _outcome(reading.outcome), said)
    return table


def counts_text(counts: Mapping[str, int], unreadable: int) -> str:
    """Say in a sentence how many pictures gave which result.

    Examples
    --------
    >>> counts_text({"negative": 2, "positive": 1}, 1)
    '3 pictures read: 1 positive, 2 negative. 1 input could not be read.'
    """
    parts = [f"{counts[outcome]} {outcome_word(outcome)}" for outcome in Outcome if counts.get(outcome)]
    text = f"{_number(sum(counts.values()), 'picture')} read" + (f": {', '.join(parts)}." if parts else ".")
    return text + (f" {_number(unreadable, 'input')} could not be read." if unreadable else "")


def timings_text(reading: Reading) -> str:
    """Say how long each stage took, ms."""
    return ", ".join(f"{stage} {value:.1f} ms" for stage, value in reading.timings_ms.items())


def _row_text(strip: StripReading) -> str:
    if len(strip.analytes) < 2:
        return strip.summary
    answers = ", ".join(f"{name} {outcome_word(a.outcome)}" for name, a in strip.analytes.items())
    return f"{strip.summary} ({answers})"


def _warnings(reading: Reading) -> list[Text]:
    texts = []
    for code, strips in flagged_strips(reading):
        several = len(reading.strips) > 1 and strips
        whose = f" (strip {', '.join(map(str, strips))})" if several else ""
        texts.append(Text.assemble(("! ", "yellow"), flag_text(code) + whose))
    return texts


def _outcome(outcome: Outcome) -> Text:
    return Text(outcome_word(outcome), _STYLES[outcome])


def _numbered(strip: StripReading, reading: Reading) -> str:
    return f"{strip.id} {outcome_word(strip.outcome)}: " if len(reading.strips) > 1 else ""


def _orientation(strip: StripReading) -> str:
    if strip.orientation == "assumed":
        return "which end is the control's was assumed"
    return "the control's end is known from the picture"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
