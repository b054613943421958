"""Write the figures in the instructors' notes of assignments, from the data of 36 students and from the generator.

    python tools/write_assignment_notes.py

Tests hold them on some of these students.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import cxkit as cx
from cxkit.coursework.assignment.data import Assignment
from cxkit.coursework.assignment.data_variants import write_variant
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.survey.survey import Survey

ASSIGNMENTS = Path(__file__).parents[1] / "assignments"
BEGIN, END = "<!-- figures: written by tools/write_assignment_notes.py -->\n", "<!-- end of figures -->\n"
STUDENTS = range(1, 37)
"""Seeds of the data of a class."""
MANY = 30_000
"""People of an organisation that stands for infinitely many."""
SEED = 20261152
"""Of the generator, as in write_assignment_data.py."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What the keys of validate-instrument come to on one student's data, or on the population."""

    bifactor: float
    schmid_leiman: float
    horn: int
    reduced: int
    alphas: tuple[float, ...] = ()


def validate_instrument(seed: int) -> Figures:
    """The keys on a student's data, and what the two named variants give."""
    assignment = read_assignment(ASSIGNMENTS / "validate-instrument")
    with tempfile.TemporaryDirectory() as folder:
        path = write_variant(assignment.files[0], seed, Path(folder) / "survey.csv")
        survey = cx.load_survey(str(path), instrument="culture8", respondent={"id": "respondent"})
    return figures_of(survey)


def figures_of(survey: Survey, random_data: Literal["resampled", "normal"] = "resampled") -> Figures:
    """The same of any survey with `culture8`."""
    return Figures(
        bifactor=cx.hierarchical_omega(survey, method="bifactor").omega_hierarchical,
        schmid_leiman=cx.hierarchical_omega(survey).omega_hierarchical,
        horn=cx.parallel_analysis(survey, method="components", random_data=random_data).n_factors,
        reduced=cx.parallel_analysis(survey, method="factor", random_data=random_data).n_factors,
        alphas=tuple(cx.cronbach_alpha(survey).frame["alpha"]),
    )


def population(*, careful: bool) -> Figures:
    """The same of very many people of the generator: of the careful ones alone, which is the truth, or of all."""
    made = cx.simulate_culture(organisations=2, respondents=(MANY, MANY), seed=SEED)
    survey = made.survey
    kept = (made.frame["organisation"] == "Synthetic 01") & survey.given.notna().all(axis=1)
    if careful:
        kept &= made.truth.respondents["manner"] == "careful"
    kept_rows = kept.to_numpy()
    chosen = replace(survey, given=survey.given[kept_rows], respondents=survey.respondents[kept_rows])
    return figures_of(chosen, "normal")  # drawing so many answers anew would take minutes


def _short(value: float) -> str:
    """Two digits without the 0 before the point."""
    return f"{value:.2f}".removeprefix("0")


def _range(values: Iterable[float]) -> str:
    listed = list(values)
    return f"{_short(min(listed))} to {_short(max(listed))}"


def paragraph(students: list[Figures], truth: Figures, everybody: Figures) -> str:
    """What the keys are, in words."""
    n = len(students)
    enough = sum(one.bifactor >= 0.75 for one in students)
    enough_by_variant = sum(one.schmid_leiman >= 0.75 for one in students)
    horn = sum(one.horn == truth.horn for one in students)
    nine = sum(one.reduced > truth.horn for one in students)
    return (
        f"Of {MANY:,} people of the same generator, the careful ones alone, omega hierarchical is "
        f"{_short(truth.bifactor)} (Schmid-Leiman: {_short(truth.schmid_leiman)}), and Horn's parallel analysis finds "
        f"{truth.horn} factors: that is the truth. In the data of {n} students the bifactor model gives "
        f"{_range(one.bifactor for one in students)}, which reaches .75 for {enough} of them; Schmid-Leiman, which "
        f"falls below in samples of this size, gives {_range(one.schmid_leiman for one in students)} and reaches .75 "
        f"for {enough_by_variant}. Horn's analysis finds {truth.horn} factors for {horn} of {n}; with communalities on "
        f"the diagonal more are kept for {nine}: a ninth gathers careless answers and reversed statements. With "
        f"all {MANY:,} people, careless ones included, Horn's analysis finds {everybody.horn}: it counts whatever "
        "answers have in common, not disciplines. The alphas of the disciplines are "
        f"{_range(alpha for one in students for alpha in one.alphas)}."
    )


def mistakes_table(assignment: Assignment) -> str:
    """What each foreseen mistake earns."""
    rows = ["| task | foreseen mistake | points | of |", "|---|---|---:|---:|"]
    rows += [
        f"| {question.title} | `{mistake.id}` | {mistake.points:g} | {question.points:g} |"
        for question in assignment.questions
        for mistake in question.mistakes
    ]
    return "\n".join(rows)


def main() -> None:
    """Write them."""
    warnings.simplefilter("ignore")
    students = []
    for seed in STUDENTS:
        students.append(validate_instrument(seed))
        sys.stderr.write(f"student {seed}: {students[-1]}\n")
    words = paragraph(students, population(careful=True), population(careful=False))
    table = mistakes_table(read_assignment(ASSIGNMENTS / "validate-instrument"))
    path = ASSIGNMENTS / "validate-instrument" / "notes.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{words}\n\n{table}\n\n{END}{after}", encoding="utf-8")
    print(f"wrote {path.parent.name}/{path.name}")


if __name__ == "__main__":
    main()
