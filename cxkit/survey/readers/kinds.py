"""Which system a file comes from."""

from __future__ import annotations

from cxkit.errors import SurveyError, nearest
from cxkit.survey.readers import (
    google_forms,
    limesurvey,
    microsoft_forms,
    plain,
    qualtrics,
    sosci,
    surveymonkey,
    typeform,
)
from cxkit.survey.readers.header import Rows, System

SYSTEMS = (
    qualtrics.SYSTEM, surveymonkey.SYSTEM, limesurvey.SYSTEM, sosci.SYSTEM, typeform.SYSTEM, microsoft_forms.SYSTEM,
    google_forms.SYSTEM, plain.SYSTEM,
)  # fmt: skip
"""Asked in this order; every file is at least a plain table."""

KINDS = tuple(system.key for system in SYSTEMS)


def system_of(rows: Rows, kind: str | None) -> System:
    """The system of that name, or the first that knows its own file.

    Raises
    ------
    SurveyError
        If there is no system of that name; the nearest is offered.
    """
    if kind is None:
        return next(system for system in SYSTEMS if system.recognises(rows))
    if kind not in KINDS:
        raise SurveyError(f"kind='{kind}' is no kind of file.{nearest(kind, KINDS)} There are {', '.join(KINDS)}.")
    return next(system for system in SYSTEMS if system.key == kind)
