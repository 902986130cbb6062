"""``lfa simulate``: pictures of tests whose truth is known."""

import json as json_text
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from reader.cli.streams import emit_json, progress, say
from reader.errors import OptionError, OutputError
from reader.interpret import load_assay
from reader.report.files import write_whole
from reader.simulate import FINE, QUICK, Choices, truth_document
from reader.simulate import simulate as make_picture
from reader.simulate.camera import Subsampling
from reader.simulate.choices import Ground, Kind
from reader.simulate.samples import write_samples

__all__ = ["simulate"]

simulate = typer.Typer(no_args_is_help=True, help="Make pictures of tests whose truth is known.")

_Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Where to; made if it is missing.")]
_Format = Literal["jpeg", "png", "webp", "heic"]
_FORMATS: dict[_Format, tuple[str, str]] = {
    "jpeg": ("JPEG", ".jpg"),
    "png": ("PNG", ".png"),
    "webp": ("WEBP", ".webp"),
    "heic": ("HEIF", ".heic"),
}
_TEST, _VIEW, _LIGHT, _CAMERA, _FILE = "Test", "View", "Table and light", "Camera", "File"


@simulate.command()
def samples(folder: _Folder) -> None:
    """Make the sample pictures with their truth, the same on every machine."""
    try:
        written = write_samples(folder)
    except OSError as error:
        raise OutputError(f"The samples cannot be written to {folder}: {error.strerror or error}.") from error
    say(f"{len(written)} files are in {folder}.")


@simulate.command()
def pictures(
    folder: _Folder,
    *,
    assay: Annotated[
        str, typer.Option("--assay", "-a", metavar="ID|FILE", help="The kit: see `lfa assays list`.")
    ] = "generic",
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many pictures.")] = 10,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the series.")] = 0,
    first: Annotated[int, typer.Option("--first", min=0, help="Number of the first picture.")] = 0,
    kind: Annotated[
        Kind | None, typer.Option("--kind", help="Whole test or close-up.", rich_help_panel=_TEST)
    ] = None,
    devices: Annotated[
        int | None, typer.Option("--devices", help="Tests side by side; 0 for none.", rich_help_panel=_TEST)
    ] = None,
    level: Annotated[
        list[str] | None,
        typer.Option(
            "--level",
            metavar="LINE=OD",
            help="Absorbance of a line, 0 for none; may be repeated.",
            rich_help_panel=_TEST,
        ),
    ] = None,
    haze: Annotated[
        float | None,
        typer.Option("--haze", metavar="OD", help="Left-over label.", rich_help_panel=_TEST),
    ] = None,
    stain: Annotated[
        float | None, typer.Option("--stain", metavar="OD", help="Blood.", rich_help_panel=_TEST)
    ] = None,
    texture: Annotated[
        float | None,
        typer.Option("--texture", help="Grain of the membrane, relative.", rich_help_panel=_TEST),
    ] = None,
    clean: Annotated[
        bool,
        typer.Option("--clean", help="Nothing that disturbs.", rich_help_panel=_TEST),
    ] = False,
    size: Annotated[
        str | None,
        typer.Option("--size", metavar="WxH", help="Of the picture, px.", rich_help_panel=_VIEW),
    ] = None,
    px_per_mm: Annotated[
        float | None, typer.Option("--px-per-mm", help="Scale of the picture.", rich_help_panel=_VIEW)
    ] = None,
    angle: Annotated[
        float | None,
        typer.Option("--angle", metavar="DEG", help="Turn of the tests, clockwise.", rich_help_panel=_VIEW),
    ] = None,
    tilt: Annotated[
        float | None,
        typer.Option("--tilt", metavar="DEG", help="Slant of the view.", rich_help_panel=_VIEW),
    ] = None,
    distortion: Annotated[
        float | None, typer.Option("--distortion", help="Of the lens, relative.", rich_help_panel=_VIEW)
    ] = None,
    background: Annotated[
        Ground | None,
        typer.Option("--background", help="What the tests lie on.", rich_help_panel=_LIGHT),
    ] = None,
    glare: Annotated[
        bool | None, typer.Option("--glare/--no-glare", help="A mirrored lamp.", rich_help_panel=_LIGHT)
    ] = None,
    shadow: Annotated[
        bool | None, typer.Option("--shadow/--no-shadow", help="A shadow's edge.", rich_help_panel=_LIGHT)
    ] = None,
    blur: Annotated[
        float | None,
        typer.Option("--blur", metavar="MM", help="Standard deviation.", rich_help_panel=_CAMERA),
    ] = None,
    motion: Annotated[
        float | None,
        typer.Option("--motion", metavar="MM", help="Length of a shake.", rich_help_panel=_CAMERA),
    ] = None,
    noise: Annotated[
        float | None,
        typer.Option("--noise", help="Of a pixel at full scale, relative.", rich_help_panel=_CAMERA),
    ] = None,
    exposure: Annotated[
        float | None,
        typer.Option("--exposure", help="Linear value of a white face.", rich_help_panel=_CAMERA),
    ] = None,
    white_balance: Annotated[
        tuple[float, float] | None,
        typer.Option("--white-balance", metavar="R B", help="Wrong gains.", rich_help_panel=_CAMERA),
    ] = None,
    contrast: Annotated[
        float | None, typer.Option("--contrast", help="Of the tone curve.", rich_help_panel=_CAMERA)
    ] = None,
    resize: Annotated[
        float | None, typer.Option("--resize", help="After the camera.", rich_help_panel=_FILE)
    ] = None,
    format_: Annotated[_Format, typer.Option("--format", help="Of files.", rich_help_panel=_FILE)] = "jpeg",
    jpeg: Annotated[
        int | None, typer.Option("--jpeg", metavar="1-100", help="Quality.", rich_help_panel=_FILE)
    ] = None,
    subsampling: Annotated[
        Subsampling | None, typer.Option("--subsampling", help="Of colour.", rich_help_panel=_FILE)
    ] = None,
    fine: Annotated[bool, typer.Option("--fine", help="Compute finer, at a third of the speed.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one truth document per picture, too.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Make pictures as people take them, each with its exact truth in a JSON file beside it.

    What is not given is drawn from what real photos are like. A picture depends on nothing but seed,
    number, assay and options: a longer series begins with the shorter one, and `--first 17 --count 1`
    makes picture 17 again.

    Examples: `lfa simulate pictures out --assay covid-19-ag --count 20 --seed 7` and `lfa simulate pictures
    out --assay malaria-pf-pan --level Pf=0.01 --level C=0.4 --px-per-mm 25 --jpeg 90 --tilt 10`
    """
    choices = Choices(
        kind=kind,
        levels=_levels(level or ()),
        devices=devices,
        size_px=None if size is None else _size(size),
        px_per_mm=px_per_mm,
        angle_deg=angle,
        tilt_deg=tilt,
        distortion=distortion,
        background=background,
        haze=haze,
        stain=stain,
        texture=texture,
        blur_mm=blur,
        motion_mm=motion,
        noise=noise,
        exposure=exposure,
        white_balance=white_balance,
        contrast=contrast,
        glare=glare,
        shadow=shadow,
        jpeg=jpeg,
        subsampling=subsampling,
        resize=resize,
        clean=clean,
    )
    profile = load_assay(assay)
    detail = FINE if fine else QUICK
    with progress(count, hidden=quiet, doing="Simulating") as step:
        for number in range(first, first + count):
            picture = make_picture(profile, seed=seed, number=number, choices=choices, detail=detail)
            name, suffix = _FORMATS[format_]
            file = f"{profile.id}-{number:05d}{suffix}"
            document = _write(folder / file, picture.encode(name), picture)
            if json:
                emit_json(document)
            step()
    if not quiet:
        say(f"{count} picture{'' if count == 1 else 's'} with their truth are in {folder}.")


@simulate.callback()
def common() -> None:
    """Make pictures of tests whose truth is known."""


def _write(path: Path, data: bytes, picture: Any) -> dict[str, Any]:
    """Write a picture, then its truth: where the truth is, the picture is whole."""
    document = truth_document(picture, data, path.name)
    write_whole(path, data)
    text = json_text.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    write_whole(path.with_suffix(".json"), text.encode("utf-8"))
    return document


def _levels(given: Sequence[str]) -> dict[str, float]:
    """Read LINE=OD.

    Examples
    --------
    >>> _levels(["C=0.4", "T=0.01"])
    {'C': 0.4, 'T': 0.01}
    """
    levels: dict[str, float] = {}
    for text in given:
        name, equals, value = text.rpartition("=")
        try:
            levels[name] = float(value)
        except ValueError:
            equals = ""
        if not name or not equals:
            raise OptionError(f"A level is given as LINE=OD, such as T=0.05, not as {text!r}.")
    return levels


def _size(text: str) -> tuple[int, int]:
    """Read WxH.

    Examples
    --------
    >>> _size("1200x1600")
    (1200, 1600)
    """
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise OptionError(f"A size is given as WxH, such as 1200x1600, not as {text!r}.")
    return int(width), int(height)
