"""Each dimension stands alone: where the answers to one do not allow an analysis, the others go on without it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from cxkit.errors import AnalysisError, ModelError, counted
from cxkit.survey.instrument import Dimension

T = TypeVar("T")


def of_each(dimensions: Sequence[Dimension], analyse: Callable[[Dimension], T]) -> tuple[dict[str, T], tuple[str, ...]]:
    """What an analysis finds of each dimension, and in a sentence why others are left out.

    Parameters
    ----------
    dimensions
        The dimensions.
    analyse
        Of one dimension; it refuses with an `AnalysisError` or `ModelError` whose message says why.

    Returns
    -------
    tuple
        By key what was found, in the order of the dimensions; and the sentences.

    Raises
    ------
    AnalysisError
        If no dimension is left: the reason of the first, and how many others there are.
    """
    found: dict[str, T] = {}
    refusals: list[tuple[Dimension, AnalysisError | ModelError]] = []
    for dimension in dimensions:
        try:
            found[dimension.key] = analyse(dimension)
        except (AnalysisError, ModelError) as refusal:
            refusals.append((dimension, refusal))
    if refusals and not found:
        _raise_first([refusal for _, refusal in refusals])
    return found, tuple(f"'{dimension.title}' is left out. {in_one_line(why)}" for dimension, why in refusals)


def _raise_first(refusals: Sequence[AnalysisError | ModelError]) -> None:
    first = refusals[0]
    others = len(refusals) - 1
    if not others:
        raise first
    raise AnalysisError(f"{first} ({counted(others, 'other dimension')} cannot be computed either.)") from first


def in_one_line(problem: object) -> str:
    """The words of a problem without its line breaks, for a sentence among others."""
    return " ".join(str(problem).split())
