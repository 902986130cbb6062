"""The registry of flags: one place that says what each means and what the user can do.

A flag's code always means the same thing, in the library, on the command line and over HTTP.
A *rejecting* flag makes the outcome ``not_read``: the picture does not allow a reading.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FLAGS", "FlagDefinition", "explain", "rejects"]


@dataclass(frozen=True, slots=True)
class FlagDefinition:
    """What one flag means.

    Attributes
    ----------
    code : str
        Stable, kebab-case name.
    what : str
        What is wrong, in one sentence for the person who took the picture.
    advice : str
        What to do about it, in one sentence.
    rejecting : bool
        True when no result may be given with this flag.
    technical : bool
        True when it concerns programs only: it stands in the document, but nobody is warned of it.
    """

    code: str
    what: str
    advice: str
    rejecting: bool = False
    technical: bool = False


_DEFINITIONS = (
    FlagDefinition(
        "no-strip-found",
        "No test strip or read window was found in the picture.",
        "Lay the test flat on a plain surface, fill the frame with it and take the picture again.",
        rejecting=True,
    ),
    FlagDefinition(
        "too-small",
        "The read window is too small in the picture to measure its lines.",
        "Move the camera closer until the test fills the frame, then take the picture again.",
        rejecting=True,
    ),
    FlagDefinition(
        "low-resolution",
        "The read window covers few pixels; faint lines may be missed.",
        "Move closer, or send the original picture rather than a reduced copy.",
    ),
    FlagDefinition(
        "blurred",
        "The picture is too blurred to tell a line from its surroundings.",
        "Hold the phone still, tap the test to focus and take the picture again.",
        rejecting=True,
    ),
    FlagDefinition(
        "soft",
        "The picture is slightly blurred; faint lines look weaker than they are.",
        "Tap the test to focus before taking the picture.",
    ),
    FlagDefinition(
        "too-dark",
        "The picture is too dark to measure.",
        "Take the picture in more light, without the shadow of hand or phone on the test.",
        rejecting=True,
    ),
    FlagDefinition(
        "clipped",
        "The picture is over-exposed, so that lines may have vanished in white.",
        "Take the picture without flash and away from direct sun.",
        rejecting=True,
    ),
    FlagDefinition(
        "glare",
        "Light is reflected on the read window and hides part of it.",
        "Tilt the test or move the lamp until the reflection is gone, then take the picture again.",
        rejecting=True,
    ),
    FlagDefinition(
        "shadow-edge",
        "The edge of a shadow lies across the read window.",
        "Move so that the test is either all in light or all in shade.",
    ),
    FlagDefinition(
        "noisy",
        "The picture is grainy; faint lines may be missed.",
        "Take the picture in more light.",
    ),
    FlagDefinition(
        "heavy-jpeg",
        "The picture was strongly compressed, which can erase faint lines.",
        "Send the original file, for example as a document rather than as a chat picture.",
    ),
    FlagDefinition(
        "tilted",
        "The test was photographed at a slant.",
        "Hold the phone flat above the test.",
    ),
    FlagDefinition(
        "stained",
        "The membrane is stained or not yet clear, so faint lines cannot be told from the stain.",
        "Wait until the end of the test's reading time; if the stain stays, repeat the test.",
    ),
    FlagDefinition(
        "weak-control",
        "The control line is weak.",
        "Check the kit's expiry date, storage and sample volume; repeat the test if in doubt.",
    ),
    FlagDefinition(
        "no-control-line",
        "No control line is visible: the test did not work or was not used.",
        "Repeat the test with a new kit.",
    ),
    FlagDefinition(
        "no-strip-in-window",
        "The window is a dark hole: there is no strip in the device.",
        "Use a device with its strip in place.",
    ),
    FlagDefinition(
        "partial-line",
        "A line does not cross the whole membrane.",
        "Look at the test by eye; repeat it if in doubt.",
    ),
    FlagDefinition(
        "orientation-assumed",
        "The picture does not show which end of the window is the control's.",
        "Photograph the whole test, with its letters and sample well.",
    ),
    FlagDefinition(
        "control-assumed",
        "Only one line is visible and it was taken for the control line.",
        "Check by eye that the line lies at the letter C.",
    ),
    FlagDefinition(
        "unexpected-line",
        "There is a line where this kit has none.",
        "Check that the right kit was chosen and that nothing lies on the window.",
    ),
    FlagDefinition(
        "faint-line",
        "A line is near the limit of what can be told from the membrane.",
        "Take a sharper, closer picture, or repeat the test.",
    ),
    FlagDefinition(
        "patterned",
        "What was found may be print or a part of a pattern, not a test.",
        "Photograph the whole test alone, on a plain ground.",
    ),
    FlagDefinition(
        "window-uncertain",
        "What looks like a read window cannot be told for sure from its surroundings.",
        "Photograph the whole test closer and from straight above.",
    ),
    FlagDefinition(
        "scale-unknown",
        "The size of the test is not known, so areas are given in pixels instead of millimetres.",
        "Name the kit with --assay.",
        technical=True,
    ),
    FlagDefinition(
        "alpha-flattened",
        "The picture has transparent parts, which were laid on white.",
        "Send the original photo.",
    ),
    FlagDefinition(
        "strips-differ",
        "The picture shows several tests with different results.",
        "Read the result of each test.",
    ),
)

FLAGS: dict[str, FlagDefinition] = {d.code: d for d in _DEFINITIONS}


def explain(code: str) -> str:
    """Say in plain words what a flag means and what to do.

    Parameters
    ----------
    code : str
        A flag's code, as in ``Reading.flags``.

    Returns
    -------
    str
        Two sentences.

    Raises
    ------
    KeyError
        If there is no such flag.

    Examples
    --------
    >>> explain("too-dark").split(".")[0]
    'The picture is too dark to measure'
    """
    definition = FLAGS[code]
    return f"{definition.what} {definition.advice}"


def rejects(codes: tuple[str, ...]) -> bool:
    """Tell whether any of these flags forbids a result.

    Examples
    --------
    >>> rejects(("tilted", "glare"))
    True
    """
    return any(FLAGS[code].rejecting for code in codes)
