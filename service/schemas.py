"""The shapes of what goes over the wire, for the OpenAPI document and the clients made from it."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field

from service.answers import Decision, OverrideReason

__all__ = [
    "SCHEMAS",
    "AnalyteModel",
    "AssayItem",
    "AssayList",
    "AuditItem",
    "AuditPage",
    "BatchItemModel",
    "BatchModel",
    "BatchResultPage",
    "ConfirmModel",
    "ImageModel",
    "JobModel",
    "JobProblem",
    "LineModel",
    "OverrideModel",
    "ProblemModel",
    "ProblemPart",
    "ReadingItem",
    "ReadingModel",
    "ReadingPage",
    "ResultModel",
    "ReviewModel",
    "ReviewedAnswer",
    "SeriesModel",
    "SeriesPoint",
    "SoftwareModel",
    "StripModel",
    "VersionItem",
    "VersionList",
    "VersionModel",
    "problem_schemas",
]

SCHEMAS: Final = "#/components/schemas/{model}"
"""Where the OpenAPI document keeps a shape."""

Point = Annotated[list[float], Field(min_length=2, max_length=2)]
Quad = Annotated[list[Point], Field(min_length=4, max_length=4)]
Outcome = Literal["positive", "negative", "invalid", "indeterminate", "not_read"]
PictureOutcome = Literal["positive", "negative", "invalid", "indeterminate", "not_read", "multiple"]
AnswerStatus = Literal["preliminary", "final", "corrected"]
SeenVersion = Annotated[int, Field(ge=1, le=1_000_000)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SoftwareModel(_Model):
    """What made the reading."""

    name: str
    version: str


class ImageModel(_Model):
    """The picture: digest of its bytes, format, and size after EXIF orientation."""

    sha256: str
    format: str
    width: int
    height: int


class AnalyteModel(_Model):
    """The answer for one analyte."""

    outcome: Outcome
    confidence: float | None
    ratio: float | None
    ratio_sigma: float | None
    concentration: float | None


class LineModel(_Model):
    """One line, found or absent, with its measured height."""

    name: str
    role: Literal["control", "test"]
    detected: bool
    center: Point | None
    position: float | None
    height: float | None
    height_sigma: float | None
    area: float | None
    area_sigma: float | None
    snr: float | None


class StripModel(_Model):
    """What one strip in the picture says."""

    id: int
    kind: str
    assay: str
    outline: Quad | None
    window: Quad
    orientation: Literal["known", "assumed"]
    outcome: Outcome
    summary: str
    analytes: dict[str, AnalyteModel]
    lines: list[LineModel]
    px_per_mm: float | None
    quality: dict[str, float | None]
    flags: list[str]


class ReadingModel(_Model):
    """What one picture says; the same document as the library's and the command line's."""

    schema_: Annotated[Literal["lfa-reading/1"], Field(alias="schema")]
    software: SoftwareModel
    source: str
    image: ImageModel
    outcome: PictureOutcome
    flags: list[str]
    strips: list[StripModel]


class ReadingItem(_Model):
    """One reading in a list; ``outcome`` is the answer that counts, a person's before the machine's."""

    id: str
    received_at: str
    taken_at: str | None
    assay: str
    site: str
    operator: str | None
    subject: str | None
    lot: str | None
    status: AnswerStatus
    outcome: PictureOutcome
    machine_outcome: PictureOutcome
    human_outcome: PictureOutcome | None
    attention: int
    image_sha256: str
    version: int
    href: str


class ReadingPage(_Model):
    """Part of the list of readings, the newest first; ``next`` is null on the last part."""

    items: list[ReadingItem]
    next: str | None


JobState = Literal["queued", "running", "done", "failed"]


class JobProblem(_Model):
    """Why a picture could not be read, in the words of an error."""

    code: str
    title: str
    detail: str


class JobModel(_Model):
    """A picture that is kept and read later; ``reading`` is there when it is done."""

    id: str
    state: JobState
    assay: str
    reading_id: str
    reading: str | None
    batch_id: str | None
    error: JobProblem | None
    created_at: str
    finished_at: str | None


class BatchModel(_Model):
    """Pictures that belong together; ``done`` when closed and nothing waits any more."""

    id: str
    state: Literal["open", "closed", "done"]
    assay: str
    created_at: str
    closed_at: str | None
    counts: dict[JobState, int]


class BatchItemModel(_Model):
    """One picture of a batch; the outcome is there when it is read, and not when it was erased."""

    reading_id: str
    job_id: str
    state: JobState
    outcome: PictureOutcome | None
    reading: str | None
    error: JobProblem | None


class BatchResultPage(_Model):
    """Part of a batch's pictures in the order in which they came; ``next`` is null on the last part."""

    items: list[BatchItemModel]
    next: str | None


class ResultModel(BaseModel):
    """A reading in flat keys.

    Beside these there is a ``result_…`` for each analyte under the kit's own key, with ``machine_result_…``,
    ``human_result_…`` and ``confidence_…``. Where a picture shows several strips, ``result_…`` is
    ``multiple`` unless they agree, and ``strip1_result_…`` and so on tell each.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, str | float | None]

    id: str
    status: Literal["preliminary", "final", "corrected", "erased"]
    outcome: PictureOutcome | None
    machine_outcome: PictureOutcome | None
    human_outcome: PictureOutcome | None
    reason: OverrideReason | None
    reviewed_at: str | None
    assay: str | None
    site: str | None
    operator: str | None
    subject: str | None
    lot: str | None
    taken_at: str | None
    received_at: str | None
    software: str | None
    version: int | None = None
    strips: int | None = None
    image_kept: bool | None = None
    machine_summary: str | None = None
    advice_code: str | None = None
    advice: str | None = None


class ReviewedAnswer(_Model):
    """A person's answer for one analyte on one strip."""

    strip: Annotated[int, Field(ge=1, le=10_000)]
    analyte: Annotated[str, Field(min_length=1, max_length=64)]
    outcome: Outcome


class ConfirmModel(_Model):
    """A person says that the machine is right.

    ``seen`` is the number of the answer that the person looked at: if there is a newer one, the review is
    refused.
    """

    decision: Literal["confirm"]
    seen: SeenVersion | None = None


class OverrideModel(_Model):
    """A person says otherwise than the machine.

    ``answers`` are for single analytes, and ``outcome`` is for all that these do not name; where it is
    missing the machine's answer stands. ``seen`` is as in a confirmation.
    """

    decision: Literal["override"]
    reason: OverrideReason
    answers: Annotated[list[ReviewedAnswer], Field(max_length=200)] = []
    outcome: Outcome | None = None
    seen: SeenVersion | None = None


ReviewModel = Annotated[
    ConfirmModel | OverrideModel,
    Discriminator(
        "decision", custom_error_type="decision_unknown", custom_error_message="confirm or override"
    ),
]


class VersionItem(_Model):
    """One answer about a reading, a machine's or a person's, with its whole document."""

    number: int
    kind: Literal["machine", "review"]
    decision: Decision | None
    reason: str | None
    status: AnswerStatus
    outcome: PictureOutcome
    assay: str
    software: str
    key_id: str | None
    created_at: str
    document: dict[str, Any]


class VersionList(_Model):
    """Every answer about a reading, the first first."""

    items: list[VersionItem]


class SeriesPoint(_Model):
    """One analyte on one strip of one reading of a subject."""

    at: str
    reading_id: str
    assay: str
    status: AnswerStatus
    strip: int
    analyte: str
    result: Outcome
    machine_result: Outcome | None
    human_result: Outcome | None
    confidence: float | None
    ratio: float | None
    ratio_sigma: float | None
    concentration: float | None
    height: float | None
    height_sigma: float | None


class SeriesModel(_Model):
    """A subject's answers over time, the first first."""

    subject: str
    points: list[SeriesPoint]


class AssayItem(_Model):
    """One assay that can be asked for."""

    id: str
    name: str


class AssayList(_Model):
    """Every assay that can be asked for."""

    items: list[AssayItem]


class AuditItem(_Model):
    """Who did what; ``sha256`` binds it to all entries before it."""

    seq: int
    at: str
    key_id: str
    site: str
    action: str
    target: str
    detail: dict[str, str | int | float | bool | None]
    sha256: str


class AuditPage(_Model):
    """Part of the audit table, the newest first; ``next`` is null on the last part."""

    items: list[AuditItem]
    next: str | None


class VersionModel(_Model):
    """What is running."""

    name: str
    version: str
    schema_: Annotated[str, Field(alias="schema")]


class ProblemPart(_Model):
    """A part of the request that is wrong."""

    where: str
    name: str
    code: str


class ProblemModel(_Model):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: list[ProblemPart] = []


def problem_schemas() -> dict[str, dict[str, Any]]:
    """Return the shapes of an error by name, for the document: no route has them as its model."""
    problem = ProblemModel.model_json_schema(ref_template=SCHEMAS)
    parts: dict[str, dict[str, Any]] = problem.pop("$defs")
    return {**parts, ProblemModel.__name__: problem}
