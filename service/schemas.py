"""The shapes of what goes over the wire, for the OpenAPI document and the clients made from it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "AnalyteModel",
    "AssayItem",
    "AssayList",
    "BatchItemModel",
    "BatchModel",
    "BatchResultPage",
    "ImageModel",
    "JobModel",
    "JobProblem",
    "LineModel",
    "ProblemModel",
    "ProblemPart",
    "ReadingItem",
    "ReadingModel",
    "ReadingPage",
    "SoftwareModel",
    "StripModel",
    "VersionModel",
]

Point = Annotated[list[float], Field(min_length=2, max_length=2)]
Quad = Annotated[list[Point], Field(min_length=4, max_length=4)]
Outcome = Literal["positive", "negative", "invalid", "indeterminate", "not_read"]
PictureOutcome = Literal["positive", "negative", "invalid", "indeterminate", "not_read", "multiple"]


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
    """One reading in a list."""

    id: str
    received_at: str
    assay: str
    outcome: PictureOutcome
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


class AssayItem(_Model):
    """One assay that can be asked for."""

    id: str
    name: str


class AssayList(_Model):
    """Every assay that can be asked for."""

    items: list[AssayItem]


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
