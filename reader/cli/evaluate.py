"""``lfa evaluate``: how well pictures are read whose results are known, and why some are not."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from reader.cli.exits import ExitCode
from reader.cli.outputs import make_folder, refuse_inside
from reader.cli.streams import emit_json, print_data, progress, say
from reader.errors import SourceUnreadable
from reader.evaluate.answers import BUG, NO_READING, Answer, load_answers
from reader.evaluate.intervals import Share
from reader.evaluate.labels import Label, load_labels, located
from reader.evaluate.misses import examined
from reader.evaluate.numbers import SHARES, Numbers
from reader.evaluate.page import write_page
from reader.evaluate.reading import answered
from reader.evaluate.strengths import Scale
from reader.evaluate.study import Study, document, study_of
from reader.evaluate.words import NONE, count_text, interval_text, kappa_text, percent_text, share_text
from reader.evaluate.work import in_order
from reader.interpret import load_assay
from reader.reading import Outcome
from reader.report.words import outcome_word

__all__ = ["evaluate"]

_MOST_GROUPS = 10  # kinds of misses that are named on the terminal
_BY = {"right": "right", "sensitivity": "sens.", "specificity": "spec.", "called": "called", "wrong": "wrong"}
_NAME_WIDTH = 16  # columns that a name keeps, however narrow the terminal


def evaluate(
    photos: Annotated[Path, typer.Argument(help="Folder of the pictures.")],
    *,
    labels: Annotated[
        Path, typer.Option("--labels", metavar="FILE.csv", help="The known results: path, expected, …")
    ],
    assay: Annotated[
        str, typer.Option("--assay", "-a", metavar="ID|FILE|auto", help="The kit: see `lfa assays list`.")
    ] = "generic",
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Write a page with every miss there.")
    ] = None,
    readings: Annotated[
        Path | None,
        typer.Option("--readings", metavar="FILE.jsonl", help="Take these readings; read nothing anew."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
    processes: Annotated[int, typer.Option("--processes", metavar="N", help="Read N pictures at once.")] = 1,
) -> None:
    """Compare readings with known results: agreement, sensitivity, specificity, and every miss.

    The labels are a CSV file with the columns `path` and `expected` (positive, negative, invalid or
    not_read); `source`, `group` (photos of one physical test), `kind`, `usable`, `strength` and
    `test_lines_visible` may follow. Intervals are 95 %.

    Exit codes: 0 all pictures were read, 3 some files were no pictures, 4 none was, 5 the page could not
    be written, 6 the assay or the labels are wrong.
    """
    if assay != "auto":
        load_assay(assay)
    if not photos.is_dir():
        raise SourceUnreadable(f"{photos} is no folder.")
    known = load_labels(labels)
    sources = located(known, photos, str(labels)) if readings is None or report is not None else ()
    if report is not None:
        refuse_inside(report, [str(photos)], "report")
        make_folder(report)
    if readings is None:
        answers = _read_all(known, sources, assay, processes)
    else:
        answers = load_answers(readings, known, photos)
    study = study_of(known, answers, assay)
    if json:
        emit_json(document(study))
    else:
        print_data(*_tables(study))
    if report is not None:
        _report(report, study, dict(zip(map(_path, known), sources, strict=True)), processes)
    raise typer.Exit(_exit_code(known, answers))


def _read_all(
    known: Sequence[Label], sources: Sequence[str], assay: str, processes: int
) -> tuple[Answer, ...]:
    answers = []
    with progress(len(sources), hidden=False, streaming=False) as step:
        task = partial(answered, assay=assay)
        for label, answer in zip(known, in_order(task, sources, processes), strict=True):
            if answer.error:
                say(f"{label.path}: {answer.error}: {answer.sentence}")
            answers.append(answer)
            step()
    return tuple(answers)


def _report(folder: Path, study: Study, sources: dict[str, str], processes: int) -> None:
    missed = [case for group in study.misses for case in group.cases]
    with progress(len(missed), hidden=False, doing="Looking again", streaming=False) as step:
        looked = in_order(
            partial(examined, assay=study.assay), [sources[c.label.path] for c in missed], processes
        )
        page = write_page(folder, study, looked, step)
    say(f"The page is {page}.")


def _path(label: Label) -> str:
    return label.path


def _exit_code(labels: Sequence[Label], answers: Sequence[Answer]) -> ExitCode:
    errors = [answer.error for answer in answers if answer.error]
    if BUG in errors:
        return ExitCode.BUG
    unreadable = [error for error in errors if error != NO_READING]
    if not unreadable:
        return ExitCode.DONE
    return ExitCode.SOME_UNREADABLE if len(unreadable) < len(labels) else ExitCode.NONE_READABLE


def _tables(study: Study) -> list[Table | Text]:
    """Return everything that is printed, from top to bottom."""
    numbers = study.numbers
    head = f"{_pictures(numbers.pictures)}, assay {study.assay}"
    if numbers.tests < numbers.pictures - 0.05:
        head += f"; photos of one test count as one: {count_text(numbers.tests)} tests"
    parts: list[Table | Text] = [Text(head, "bold"), Text(), _confusion(numbers), Text()]
    parts += [_shares(numbers), Text()]
    for column, values in study.by.items():
        parts += [_broken_down(column, values), Text()]
    for scale in study.scales:
        parts += [_strength(scale), Text()]
    parts.append(_misses(study))
    if study.left_out:
        parts += [Text(), Text(f"Left out of all numbers: {_pictures(len(study.left_out))}.")]
    return parts


def _pictures(count: int) -> str:
    return f"{count} picture{'' if count == 1 else 's'}"


def _new_table(*heads: str, gap: int = 2) -> Table:
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="bold")
    for k, head in enumerate(heads):
        table.add_column(head, justify="right" if k else "left", overflow="fold", no_wrap=k > 0)
    return table


def _confusion(numbers: Numbers) -> Table:
    expected = [o for o in Outcome if any(a is o for a, _ in numbers.confusion)]
    read = [o for o in Outcome if any(b is o for _, b in numbers.confusion)]
    table = _new_table("expected ↓  read →", *map(outcome_word, read))
    for a in expected:
        counts = [numbers.confusion.get((a, b), 0.0) for b in read]
        table.add_row(outcome_word(a), *(count_text(n) if n else "·" for n in counts))
    return table


def _shares(numbers: Numbers) -> Table:
    table = _new_table("", "95 % interval")
    table.columns[1].justify = "left"
    for name, words in SHARES.items():
        if numbers.shares[name].value is not None:
            table.add_row(words, share_text(numbers.shares[name]))
    table.add_row("Cohen's kappa, no-calls a category", kappa_text(numbers.kappa))
    table.add_row("Cohen's kappa among the called", kappa_text(numbers.kappa_called))
    return table


def _broken_down(column: str, values: Mapping[str, Numbers]) -> Table:
    table = _new_table(f"by {column}, %", "tests", *_BY.values(), gap=1)
    table.columns[0].min_width = _NAME_WIDTH
    for name, numbers in values.items():
        cells = (_narrow(numbers.shares[key]) for key in _BY)
        table.add_row(Text(name or "(none)"), count_text(numbers.tests), *cells)
    return table


def _narrow(share: Share) -> Text:
    """Lay a share out over its interval, as tables with many of them need it."""
    if share.value is None:
        return Text(NONE)
    interval = interval_text(share).replace(" to ", NONE)
    return Text.assemble(f"{100 * share.value:.1f}", (f"\n{interval}", "dim"))


def _strength(scale: Scale) -> Table:
    table = _new_table(scale.title, "positives", "read so", "95 % interval", "wrong", "no call")
    for b in scale.bins:
        table.add_row(
            Text(b.name),
            count_text(b.positive.whole),
            percent_text(b.positive),
            interval_text(b.positive),
            count_text(b.wrong),
            count_text(b.no_call),
        )
    return table


def _misses(study: Study) -> Table:
    table = _new_table("misses", "pictures")
    for group in study.misses[:_MOST_GROUPS]:
        table.add_row(Text(group.title, "red" if group.wrong else ""), str(len(group.cases)))
    rest = sum(len(group.cases) for group in study.misses[_MOST_GROUPS:])
    if rest:
        table.add_row("others", str(rest))
    if not study.misses:
        table.add_row("none", "0")
    return table
