"""One run of a submission beside what is right there."""

from __future__ import annotations

from dataclasses import dataclass

from cxkit.coursework.assignment.data import ParameterSet
from cxkit.coursework.marking.reference import Reference
from cxkit.coursework.marking.running import Left


@dataclass(frozen=True)
class Trial:
    """One run of the submission beside what is right there."""

    parameters: ParameterSet
    left: Left
    reference: Reference
