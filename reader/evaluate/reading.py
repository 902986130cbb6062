"""Read one picture for an evaluation: what was read, or what kept it from being read."""

from __future__ import annotations

import traceback

from reader.errors import AssayError, InputError
from reader.evaluate.answers import BUG, Answer, to_answer
from reader.pipeline import read_file
from reader.reading import Outcome

__all__ = ["answered"]


def answered(path: str, assay: str) -> Answer:
    """Read a picture; what is no picture, and what makes the reader fail, is an answer, too.

    Parameters
    ----------
    path : str
        The picture.
    assay : str
        Id of a kit, a profile file, or ``"auto"``.
    """
    try:
        return to_answer(read_file(path, assay=assay).to_dict())
    except InputError as error:
        return Answer(Outcome.NOT_READ, error=error.code, sentence=str(error))
    except AssayError:
        raise
    except Exception:  # noqa: BLE001 - one picture's bug must not lose the others' results
        return Answer(Outcome.NOT_READ, error=BUG, sentence=traceback.format_exc())
