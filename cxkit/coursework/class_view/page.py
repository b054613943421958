"""The class view as one html file for the instructor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cxkit.coursework.class_view.drawings import (
    Drawing,
    expected_drawing,
    quality_drawing,
    questions_drawing,
    totals_drawing,
)
from cxkit.coursework.class_view.evidence import shown_pairs
from cxkit.coursework.class_view.items import TAIL, ClassStatistics, class_statistics
from cxkit.coursework.class_view.rules import RULES, misbehaving, signed
from cxkit.coursework.marks.data import SubmissionMarks
from cxkit.coursework.page import plain_text, render_page
from cxkit.coursework.similarity import ClassSimilarity, ReusedAnswer

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Assignment

TEMPLATE = Path(__file__).parent / "template" / "class.html.j2"


def class_html(
    assignment: Assignment,
    marks: Iterable[SubmissionMarks],
    *,
    names: Mapping[str, str] | None = None,
    similarity: ClassSimilarity | None = None,
    released: Iterable[Mapping[str, Any]] = (),
    reuse: Iterable[ReusedAnswer] | None = None,
    unknown: int = 0,
) -> str:
    """How did the class do, which questions deserve a look, and which submissions?

    Parameters
    ----------
    assignment : Assignment
    marks : iterable of SubmissionMarks
        One for each student; written marks, if any, in them.
    names : mapping, optional
        By student's id, as people write them.
    similarity : ClassSimilarity, optional
        From `class_similarity`; without it the page says that submissions were not compared.
    released : iterable of mapping
        The notebooks that students were given, as for `class_similarity`: their lines are not shown as shared.
    reuse : iterable of ReusedAnswer, optional
        From `data_reuse`; None where all students have the same data.
    unknown : int
        Of how many students it is not known what their data give, so that they are not in `reuse`.

    Returns
    -------
    str
        A self-contained page. It holds names and is for the instructor alone, and says so.
    """
    listed = sorted(marks, key=lambda one: one.student)
    statistics = class_statistics(listed)
    titles = {question.id: question.title for question in assignment.questions}
    called = {one.student: plain_text((names or {}).get(one.student, one.student), 100) for one in listed}
    totals = np.array(statistics.totals)
    return render_page(
        TEMPLATE,
        assignment=assignment,
        statistics=statistics,
        titles=titles,
        called=called,
        median=float(np.median(totals)) if len(totals) else 0.0,
        mean=float(totals.mean()) if len(totals) else 0.0,
        sd=float(totals.std(ddof=1)) if len(totals) > 1 else 0.0,
        findings=misbehaving(statistics),
        rules=RULES,
        tail=TAIL,
        drawings=_drawings(statistics, titles),
        notes=[(one.student, plain_text(note, 500)) for one in listed for note in one.notes],
        similarity=similarity,
        typical=_typical(similarity),
        pairs=shown_pairs(similarity, released) if similarity is not None else (),
        expected=_expected(similarity),
        reuse=None if reuse is None else tuple(reuse),
        unknown=unknown,
        synthetic=any(one.source.startswith("synthetic") for one in listed),
        signed=signed,
    )


def _drawings(statistics: ClassStatistics, titles: Mapping[str, str]) -> dict[str, Drawing | None]:
    if not statistics.items:
        return {"totals": None, "questions": None, "quality": None}
    return {
        "totals": totals_drawing(statistics),
        "questions": questions_drawing(statistics, titles),
        "quality": quality_drawing(statistics, titles),
    }


def _typical(similarity: ClassSimilarity | None) -> dict[str, float]:
    """What a pair is to be compared with."""
    if similarity is None or len(similarity.all_similarities) == 0:
        return {"pairs": 0, "middle": 0.0, "high": 0.0}
    middle, high = np.quantile(similarity.all_similarities, [0.5, 0.95])
    return {"pairs": len(similarity.all_similarities), "middle": float(middle), "high": float(high)}


def _expected(similarity: ClassSimilarity | None) -> Drawing | None:
    if similarity is None or len(similarity.all_similarities) == 0:
        return None
    marked = tuple(pair.similarity for pair in similarity.pairs)
    return expected_drawing(similarity.all_similarities, marked, similarity.listed_from)
