"""Reads the questions of assignment.toml: answers, foreseen mistakes, rubrics, and whether their points sum."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cxkit.coursework.assignment import format as form
from cxkit.coursework.assignment.data import Answer, Criterion, Mistake, Partial, Question, Tolerance
from cxkit.coursework.assignment.toml_tables import Tables
from cxkit.errors import Problems, nearest

MISTAKES = "mistakes"
_LISTS = ("units", "options", "accept", "key", "columns", "sign_free", "factor_columns")


def read_questions(data: Mapping[str, Any], folder: Path, tables: Tables) -> tuple[Question, ...]:
    """Every question that can be read; problems are noted in `tables`."""
    questions = [
        _question(place, table, folder, tables)
        for place, table in tables.several(data, "questions", form.QUESTION, "At the top")
    ]
    _check_together(questions, folder, tables.problems)
    return tuple(questions)


def _question(place: str, table: Mapping[str, Any], folder: Path, tables: Tables) -> Question:
    read = tables.values(table, form.QUESTION, place)
    answers = tuple(
        _answer(f"{place}, {inner}", one, tables) for inner, one in tables.several(table, "answers", form.ANSWER, place)
    )
    mistakes = tuple(
        _mistake(f"{place}, {inner}", one, folder, read["points"], tables)
        for inner, one in tables.several(table, "mistakes", form.MISTAKE, place)
    )
    rubric = _rubric(place, table, tables)
    question = Question(
        id=read["id"] or "",
        title=read["title"] or "",
        points=read["points"] or 0,
        kind=read["kind"] or "computed",
        answers=answers,
        mistakes=mistakes,
        rubric=rubric,
        after=tuple(read["after"]),
        read=read["read"],
    )
    _check_parts(question, place, tables.problems)
    return question


def _check_parts(question: Question, place: str, problems: Problems) -> None:
    """A computed question has answers, a written one a rubric, and their points sum."""
    if question.kind == "written":
        for name, there in (("answers", question.answers), ("mistakes", question.mistakes), ("after", question.after)):
            if there:
                problems.add(f'{place}: a written question has no {name}. Say kind = "computed", or take them out.')
        parts, what = [criterion.points for criterion in question.rubric], "rubric's criteria"
        lacking = "it needs a rubric: begin [[questions.rubric.criteria]] with id, points and text."
    else:
        if question.rubric:
            problems.add(f'{place}: a computed question has no rubric. Say kind = "written", or take it out.')
        parts, what = [answer.points for answer in question.answers], "answers"
        lacking = "it needs an answer: begin [[questions.answers]] with name, type and points."
        if question.answers and not question.after and all(map(_is_guessed, question.answers)):
            alone = "a number of few values" if any(one.few_values for one in question.answers) else "a choice"
            problems.add(f"{place}: it asks for {alone} alone, which can be guessed.",
                         remedy="add an answer that it follows from, or name the question that it rests on: "
                         'after = ["..."].')  # fmt: skip
    if not parts:
        problems.add(f"{place}: {lacking}")
    elif question.points and abs(sum(parts) - question.points) > 1e-9:
        problems.add(f"{place}: points = {question.points:g}, but the points of its {what} sum to {sum(parts):g}.")


def _is_guessed(answer: Answer) -> bool:
    return answer.type == "choice" or answer.few_values


def _answer(place: str, table: Mapping[str, Any], tables: Tables) -> Answer:
    read = tables.values(table, form.ANSWER, place)
    kind = read["type"]
    for name in table:
        types = form.ANSWER.keys[name].types if name in form.ANSWER.keys else ()
        if types and kind is not None and kind not in types:
            tables.problems.add(f"{place}: '{name}' is for {' and '.join(types)}, and this is a {kind}.")
    if kind == "choice" and len(read["options"]) < 2:
        tables.problems.add(f'{place}: a choice needs at least two options: options = ["...", "..."].')
    if read["further_rows"] and read["any_order"]:
        tables.problems.add(f"{place}: of rows in any order none can be told to be a further one.",
                            remedy="take out further_rows, or take out any_order and name the key.")  # fmt: skip
    if kind == "figure" and not read["facts"]:
        tables.problems.add(f'{place}: a figure needs facts to be compared: facts = {{ xlabel = "..." }}.')
    tables.values(read["facts"], form.FACTS, f"{place}, facts")
    partial = tuple(
        _partial(f"{place}, {inner}", one, tables)
        for inner, one in tables.several(table, "partial", form.PARTIAL, place)
    )
    if partial and kind not in ("number", "series", "table", None):
        tables.problems.add(f"{place}: 'partial' is for number, series and table, and this is a {kind}.")
    tolerance = Tolerance(absolute=read["absolute"], relative=read["relative"])
    _check_partial(tolerance, partial, place, tables.problems)
    return Answer(
        name=read["name"] or "",
        type=kind or "number",
        points=read["points"] or 0,
        tolerance=tolerance,
        any_order=read["any_order"],
        further_rows=read["further_rows"],
        few_values=read["few_values"],
        facts=read["facts"],
        partial=partial,
        **{name: tuple(read[name]) for name in _LISTS},
    )


def _partial(place: str, table: Mapping[str, Any], tables: Tables) -> Partial:
    read = tables.values(table, form.PARTIAL, place)
    tolerance = Tolerance(absolute=read["absolute"], relative=read["relative"])
    return Partial(tolerance=tolerance, share=read["share"] or 0, feedback=read["feedback"] or "")


def _check_partial(own: Tolerance, partial: Sequence[Partial], place: str, problems: Problems) -> None:
    """Each wider than the one before, and worth less; else it could never count."""
    before, share = own, 1.0
    for number, one in enumerate(partial, 1):
        now = one.tolerance
        if not (now.absolute > before.absolute or now.relative > before.relative):
            problems.add(f"{place}: partial no. {number} is not wider than what stands before it. "
                         "Give it a larger absolute or relative tolerance; the narrowest comes first.")  # fmt: skip
        if one.share >= share and one.share > 0:
            problems.add(f"{place}: partial no. {number} is worth no less than what stands before it.")
        before, share = now, one.share


def _mistake(place: str, table: Mapping[str, Any], folder: Path, of: float | None, tables: Tables) -> Mistake:
    read = tables.values(table, form.MISTAKE, place)
    problems = tables.problems
    if read["points"] is not None and of is not None and read["points"] >= of:
        problems.add(
            f"{place}: points = {read['points']:g}, but the question has {of:g}: a mistake must cost something."
        )
    code = ""
    if read["id"] is not None:
        path = folder / MISTAKES / f"{read['id']}.py"
        try:
            code = path.read_text(encoding="utf-8")
            ast.parse(code)
        except FileNotFoundError:
            there = [one.stem for one in path.parent.glob("*.py")]
            problems.add(f"{place}: there is no file {MISTAKES}/{path.name}.{nearest(path.stem, there)}",
                         remedy="write into it the code that makes the mistake, in place of the solution.")  # fmt: skip
        except (OSError, UnicodeDecodeError):
            problems.add(f"{place}: {MISTAKES}/{path.name} cannot be read as text in UTF-8.")
        except SyntaxError as error:
            problems.add(f"{place}: {MISTAKES}/{path.name}, line {error.lineno} is not Python: {error.msg}.")
    return Mistake(id=read["id"] or "", points=read["points"] or 0, feedback=read["feedback"] or "", code=code)


def _rubric(place: str, table: Mapping[str, Any], tables: Tables) -> tuple[Criterion, ...]:
    rubric = tables.one(table, "rubric", place)
    tables.values(rubric, form.RUBRIC, f"{place}, [questions.rubric]")
    criteria = []
    for inner, one in tables.several(rubric, "criteria", form.CRITERION, f"{place}, [questions.rubric]"):
        read = tables.values(one, form.CRITERION, f"{place}, {inner}")
        criteria.append(
            Criterion(id=read["id"] or "", text=read["text"] or "", points=read["points"] or 0,
                      levels=tuple(read["levels"]))
        )  # fmt: skip
    for name in _repeated([criterion.id for criterion in criteria]):
        tables.problems.add(f"{place}: two criteria of its rubric have the id '{name}'.")
    return tuple(criteria)


def _check_together(questions: Sequence[Question], folder: Path, problems: Problems) -> None:
    ids = [question.id for question in questions]
    for name in _repeated(ids):
        problems.add(f"two questions have the id '{name}'.")
    for number, question in enumerate(questions):
        for name in question.after:
            _check_after(name, question, ids[:number], ids, problems)
    owners: dict[str, str] = {}
    for question in questions:
        for answer in question.answers:
            if answer.name in owners and answer.name:
                problems.add(f"the answer '{answer.name}' is declared twice: in '{owners[answer.name]}' and in "
                             f"'{question.id}'. One variable can be the answer to one question only.")  # fmt: skip
            owners.setdefault(answer.name, question.id)
    declared = [mistake.id for question in questions for mistake in question.mistakes]
    for name in _repeated(declared):
        problems.add(f"two mistakes have the id '{name}', and so one file. Give each its own.")
    for path in sorted((folder / MISTAKES).glob("*.py")):
        if path.stem not in declared:
            problems.add(f"{MISTAKES}/{path.name} belongs to no declared mistake.{nearest(path.stem, declared)}",
                         remedy="declare it with that id under [[questions.mistakes]], or delete it.")  # fmt: skip


def _check_after(name: str, question: Question, before: Sequence[str], ids: Sequence[str], problems: Problems) -> None:
    place = f"[[questions]] '{question.id}': after = ['{name}']"
    if name not in ids:
        problems.add(f"{place} names no question.{nearest(name, ids)}")
    elif name not in before:
        problems.add(f"{place} must name a question that stands before it.")


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if name and names.count(name) > 1})
