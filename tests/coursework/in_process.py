"""Marks the kit's own assignments without a kernel: many students' data and many answers in seconds.

Only for notebooks that we wrote. What runs here is the marker that marks students' work; in place of the sandbox, cells
are executed in this process, and what is the same for all students of a parameter set is executed once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from cxkit.coursework.assignment.data import Assignment, Mistake, ParameterSet, Question
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.regions import split
from cxkit.coursework.assignment.source import mistake_notebook, model_notebook, questions_of, read_source
from cxkit.coursework.marking.answers import Value, read_answers
from cxkit.coursework.marking.collector import collect
from cxkit.coursework.marking.reference import References
from cxkit.coursework.marking.running import Left, data_for, injected
from cxkit.coursework.marking.submission import mark_notebook
from cxkit.coursework.marks.data import QuestionMark

if TYPE_CHECKING:
    from nbformat import NotebookNode

ASSIGNMENTS = Path(__file__).parents[2] / "assignments"


class Class:
    """An assignment, and marks of notebooks on the data of any student.

    Parameters
    ----------
    name : str
        Of a folder in `assignments/`.
    folder : Path
        For data and references.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.assignment: Assignment = read_assignment(ASSIGNMENTS / name)
        self.folder = folder
        self.references = References(self.assignment, folder, policy="open")
        self._namespaces: dict[tuple[str, ...], dict[str, Any]] = {}
        self._left: dict[tuple[str, ...], dict[str, Value]] = {}

    def question(self, name: str) -> Question:
        """A question of the assignment."""
        return self.assignment.question(name)

    def mark_model(self, seed: int | None) -> dict[str, QuestionMark]:
        """What the model answer earns on a student's data."""
        return self._mark(model_notebook(self.assignment), seed)

    def mark_mistake(self, question: Question, mistake: Mistake, seed: int | None) -> QuestionMark:
        """What a foreseen mistake earns on a student's data."""
        return self._mark(mistake_notebook(self.assignment, question, mistake), seed)[question.id]

    def mark_code(self, question: Question, code: str, seed: int | None) -> QuestionMark:
        """What code in place of the model's earns on a student's data."""
        other = Mistake(id="other", points=0, feedback="", code=code)
        return self._mark(mistake_notebook(self.assignment, question, other), seed)[question.id]

    def values(self, seed: int | None) -> dict[str, Any]:
        """The variables of the released cells and of the model's tasks on a student's data, public parameters."""
        data = data_for(self.assignment, seed, self.folder / "data")
        notebook, _ = injected(self.assignment, model_notebook(self.assignment), self.assignment.public)
        names: dict[str, Any] = {}
        with self._in_place_of(data):
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    exec(cell.source, names)
        return names

    def forget(self, seed: int | None) -> None:
        """Drop what was kept of a student's data, so that a whole class fits into memory."""
        own = tuple(map(str, data_for(self.assignment, seed, self.folder / "data").values()))
        for kept in (self._namespaces, self._left):
            for key in [key for key in kept if set(own) <= set(key)]:
                del kept[key]  # type: ignore[attr-defined]

    def _mark(self, notebook: NotebookNode, seed: int | None) -> dict[str, QuestionMark]:
        with (
            mock.patch("cxkit.coursework.marking.submission.run_for_answers", self._run),
            mock.patch("cxkit.coursework.marking.reference.run_for_answers", self._run),
        ):
            marks = mark_notebook(self.references, notebook, seed=seed)
        return {one.question: one for one in marks.questions}

    def _run(
        self,
        assignment: Assignment,
        notebook: NotebookNode,
        parameters: ParameterSet,
        data: Mapping[str, Path],
        **_: object,
    ) -> Left:
        """What `run_for_answers` gives: each question's cells run on what the cells of no question left."""
        prepared, _place = injected(assignment, notebook, parameters)
        names: dict[str, Any] = {}
        before = (parameters.id, *map(str, data.values()))
        at_question: dict[str, dict[str, Value]] = {}
        with self._in_place_of(data):
            for cell in prepared.cells:
                asked = [key for key in questions_of(cell) if assignment.question(key).kind == "computed"]
                if cell.cell_type != "code":
                    continue
                here = (*before, cell.source)
                if not questions_of(cell):
                    names, before = self._after(here, cell.source, names), here
                for key in asked:
                    if (key, *here) not in self._left:
                        self._left[key, *here] = _answers(assignment, key, cell.source, names)
                    at_question[key] = {**at_question.get(key, {}), **self._left[key, *here]}
        return Left(at_question=at_question, at_end={k: v for left in at_question.values() for k, v in left.items()})

    def _after(self, key: tuple[str, ...], source: str, names: dict[str, Any]) -> dict[str, Any]:
        """The variables after a cell; a copy of the dictionary, since tasks do not change what they are given."""
        if key not in self._namespaces:
            after = dict(names)
            exec(source, after)
            self._namespaces[key] = after
        return self._namespaces[key]

    @contextmanager
    def _in_place_of(self, data: Mapping[str, Path]) -> Iterator[None]:
        """A working folder in which the data lie where the notebook expects them."""
        folder = self.folder / "work" / sha256("".join(map(str, data.values())).encode()).hexdigest()[:16]
        for relative, path in data.items():
            link = folder / relative
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.exists():
                link.symlink_to(path.resolve())
        here = Path.cwd()
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(here)


def _answers(assignment: Assignment, question: str, source: str, names: Mapping[str, Any]) -> dict[str, Value]:
    """What a task's cell leaves; nothing where it fails."""
    own = dict(names)
    try:
        exec(source, own)
    except Exception:
        return {}
    asked = [[answer.name, answer.type] for answer in assignment.question(question).answers]
    return dict(read_answers(collect(own, asked), assignment))


def key(assignment: str, question: str) -> str:
    """The code of the model answer of a question."""
    cells = read_source(read_assignment(ASSIGNMENTS / assignment).source)["cells"]
    own = [cell for cell in cells if cell["cell_type"] == "code" and question in questions_of(cell)]
    pieces = [piece for cell in own for piece in split(cell["source"], "code", lambda _: None)]
    return "\n".join(piece.text for piece in pieces if piece.is_solution)


def code_of(assignment: str, name: str) -> str:
    """The code of a foreseen mistake."""
    return (ASSIGNMENTS / assignment / "mistakes" / f"{name}.py").read_text(encoding="utf-8")


def left_by(code: str, given: dict[str, Any]) -> dict[str, Any]:
    """The variables after code that finds `given` there."""
    import numpy as np
    import pandas as pd
    from scipy import stats

    names = {"np": np, "pd": pd, "stats": stats, **given}
    exec(code, names)
    return names
