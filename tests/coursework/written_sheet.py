"""A marking sheet that lives in memory, for the panel."""

from __future__ import annotations

from cxkit.coursework.assignment.data import Question
from cxkit.coursework.written.panel_state import BlindAnswer, PanelMark
from tests.coursework.synthetic_class import example_assignment

TEXTS = (
    "I would use it for teams, not for persons. Alpha is .86, its interval starts at .83, high enough for means of "
    "teams.\n\nWhat I cannot say is whether the answers mean the same in both departments: 14 people are too few.",
    "Yes. The questionnaire is reliable and valid because alpha is above .70.",
    "<b>Use it.</b> <script>document.title = 'taken over'</script>",
    "",
    "Not yet. Two of the eight factors correlate at .92, so I would first ask whether they are two.\n\n"
    "- Drop nothing on this evidence alone\n- Ask 60 more people\n- Test invariance again",
)


class MemorySheet:
    """Forty answers to each written question of the example; what is saved stays as long as the object."""

    def __init__(self, count: int = 40) -> None:
        self._questions = [question for question in example_assignment().questions if question.kind == "written"]
        self.count = count
        self.marks: dict[tuple[str, str, str], PanelMark] = {}
        self.saves = 0
        self.banks = {"argument": ["Which number says so?", "Good: you say how sure you are."]}

    def questions(self) -> list[Question]:
        return self._questions

    def answers(self, question: str) -> list[BlindAnswer]:
        return [
            BlindAnswer(code=f"{question[0].upper()}{n * 7919 % 997:03d}", text=TEXTS[n % 5]) for n in range(self.count)
        ]

    def mark(self, question: str, code: str, marker: str) -> PanelMark | None:
        return self.marks.get((question, code, marker))

    def others(self, question: str, code: str, marker: str) -> dict[str, PanelMark]:
        return {who: mark for (q, c, who), mark in self.marks.items() if (q, c) == (question, code) and who != marker}

    def save(self, question: str, code: str, marker: str, mark: PanelMark) -> None:
        self.marks[question, code, marker] = mark
        self.saves += 1

    def bank(self, question: str) -> list[str]:
        return self.banks.setdefault(question, [])

    def add_to_bank(self, question: str, comment: str) -> None:
        self.banks.setdefault(question, []).append(comment)
