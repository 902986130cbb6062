"""The commands, put together."""

from typing import Annotated

import typer

from reader._version import __version__
from reader.cli.assays import assays
from reader.cli.audit import audit
from reader.cli.batch import batch, verify
from reader.cli.doctor import doctor
from reader.cli.evaluate import evaluate
from reader.cli.export import export
from reader.cli.keeping import backup, restore
from reader.cli.keys import keys
from reader.cli.limits import limits
from reader.cli.read import read
from reader.cli.serve import serve
from reader.cli.simulate import simulate
from reader.cli.streams import emit_text

__all__ = ["app"]

app = typer.Typer(
    name="lfa",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Read lateral-flow tests from ordinary photos, with a standard error for every line.",
    epilog="Decision support for trained users, not a cleared device.",
)
app.command()(read)
app.command()(batch)
app.command()(verify)
app.command()(export)
app.command()(evaluate)
app.add_typer(assays, name="assays")
app.command()(doctor)
app.command()(serve)
app.add_typer(keys, name="keys")
app.add_typer(audit, name="audit")
app.command()(backup)
app.command()(restore)
app.add_typer(simulate, name="simulate")
app.command()(limits)


def _version(*, wanted: bool) -> None:
    if wanted:
        emit_text(f"lfa-reader {__version__}\n")
        raise typer.Exit


@app.callback()
def common(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=lambda wanted: _version(wanted=wanted), is_eager=True)
    ] = False,
) -> None:
    """Read lateral-flow tests from ordinary photos, with a standard error for every line."""
    del version
