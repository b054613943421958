"""The panel for written answers: what is chosen is saved, blind and independent; keys and clicks do the same."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cxkit.coursework.assignment.data import Criterion
from cxkit.coursework.written.panel import marking_panel
from cxkit.coursework.written.panel_state import MarkingRound, PanelMark, levels_of
from cxkit.errors import MarkingError
from tests.coursework.written_sheet import MemorySheet

ME, OTHER = "A. Example", "B. Second"
ALL = {"claim": 3, "doubt": 2, "language": 1}


@pytest.fixture
def sheet() -> MemorySheet:
    return MemorySheet(6)


@pytest.fixture
def marking(sheet) -> MarkingRound:
    return MarkingRound(sheet, ME)


def codes(sheet: MemorySheet) -> list[str]:
    return [answer.code for answer in sheet.answers("argument")]


@pytest.mark.parametrize(
    ("levels", "points", "expected"),
    [
        (("0: nothing", "4: all: of it"), 4, [("0", 0, "nothing"), ("4", 4, "all: of it")]),
        (("none", "some", "all"), 4, [("0", 0, "none"), ("2", 2, "some"), ("4", 4, "all")]),
        (("none", "some", "all"), 3, [("0", 0, "none"), ("1", 1.5, "some"), ("2", 3, "all")]),
        ((), 2, [("0", 0, ""), ("1", 1, ""), ("2", 2, "")]),
        (("0: no", "12: yes"), 12, [("0", 0, "no"), ("1", 12, "yes")]),
    ],
)
def test_levels_have_points_and_a_key_of_one_sign(levels, points, expected):
    found = levels_of(Criterion(id="c", text="C", points=points, levels=levels))
    assert [(level.key, level.points, level.text) for level in found] == expected


def test_every_choice_is_saved_at_once_with_its_marker(sheet, marking):
    marking.choose("claim", 3)
    assert sheet.marks == {("argument", codes(sheet)[0], ME): PanelMark(points={"claim": 3})}
    marking.comment("Good.")
    marking.choose("claim", 2)
    assert sheet.marks["argument", codes(sheet)[0], ME] == PanelMark(points={"claim": 2}, comment="Good.")
    saves = sheet.saves
    marking.comment("Good.")
    assert sheet.saves == saves
    with pytest.raises(MarkingError, match=r"has no level of 2\.5 points"):
        marking.choose("claim", 2.5)


def test_it_begins_at_the_first_answer_without_marks_and_finds_the_last(sheet, marking):
    for place in (0, 1, 2, 3, 5):
        sheet.save("argument", codes(sheet)[place], ME, PanelMark(points=ALL))
    again = MarkingRound(sheet, ME)
    assert (again.place, again.marked) == (4, 5)
    again.go(1)
    assert again.go_to_unmarked()
    assert again.place == 4
    again.type_keys("321")
    assert not again.go_to_unmarked()
    assert again.marked == 6
    # Another marker begins from the start.
    assert MarkingRound(sheet, OTHER).marked == 0


def test_going_on_stops_at_both_ends(marking):
    marking.go(-1)
    assert marking.place == 0
    marking.go(99)
    assert marking.place == 5


def test_keys_give_levels_and_comments(sheet, marking):
    marking.type_keys("3-1 c2 c1 c2")
    assert marking.mark.points == {"claim": 3, "language": 1}
    assert marking.mark.comment == "Good: you say how sure you are.\nWhich number says so?"
    assert not marking.complete()
    marking.type_keys("-0")
    assert marking.mark.points == {"claim": 3, "language": 1, "doubt": 0}
    assert marking.complete()
    assert marking.total == 4


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("9", "'9' is no level of the criterion 'claim': 0, 1, 2, 3."),
        ("3211", "'3211' has 4 keys, the rubric 3 criteria."),
        ("321 c7", "There is no comment c7 in the bank; it has 2."),
        ("321 c0", "There is no comment c0"),
        ("abc", "'a' is no level"),
    ],
)
def test_keys_that_mean_nothing_change_nothing(sheet, marking, keys, message):
    with pytest.raises(MarkingError, match=re.escape(message)):
        marking.type_keys(keys)
    assert sheet.marks == {}


def test_what_another_gave_is_seen_only_after_the_own_mark(sheet, marking):
    sheet.save("argument", codes(sheet)[0], OTHER, PanelMark(points=ALL))
    marking.choose("claim", 1)
    marking.choose("doubt", 1)
    assert marking.others() == {}
    marking.choose("language", 1)
    assert marking.others() == {OTHER: PanelMark(points=ALL)}


def test_a_comment_goes_into_the_bank_once(sheet, marking):
    assert not marking.keep_comment()
    marking.comment("Say why.")
    assert marking.keep_comment()
    assert not marking.keep_comment()
    assert sheet.bank("argument")[-1] == "Say why."


def test_without_marker_question_or_rubric_it_says_so(sheet):
    with pytest.raises(MarkingError, match="Say who marks"):
        MarkingRound(sheet, "  ")
    with pytest.raises(MarkingError, match="Known: argument, limits"):
        MarkingRound(sheet, ME, "structure")
    sheet._questions = []
    with pytest.raises(MarkingError, match="no written question with a rubric"):
        MarkingRound(sheet, ME)


def widgets(top: Any, kind: str) -> list[Any]:
    found = [top] if type(top).__name__ == kind else []
    return found + [one for child in getattr(top, "children", ()) for one in widgets(child, kind)]


def words(top: Any) -> str:
    return "\n".join(one.value for one in widgets(top, "HTML") if "<style>" not in one.value)


def level(top: Any, text: str, number: int = 0) -> Any:
    return [one for one in widgets(top, "Button") if text in one.description][number]


def type_in(top: Any, text: str, *, enter: bool) -> None:
    """As a browser does it: word of Enter first, then the value."""
    (field,) = widgets(top, "Text")
    if enter:
        field._handle_custom_msg({"event": "submit"}, [])
    field.value = text


def test_a_click_is_saved_and_marked_and_the_button_stays(sheet):
    panel = marking_panel(sheet, ME)
    button = level(panel, "says it and shows the number")
    button.click()
    assert sheet.marks["argument", codes(sheet)[0], ME].points == {"claim": 2}
    assert level(panel, "✓") is button
    assert "Saved." in words(panel)
    assert "0 of 6" in words(panel)


def test_enter_saves_and_goes_on_and_leaving_the_field_does_not(sheet):
    panel = marking_panel(sheet, ME)
    type_in(panel, "321", enter=True)
    assert "1 of 6" in words(panel)
    assert codes(sheet)[1] in words(panel)
    type_in(panel, "111", enter=False)
    assert "2 of 6" in words(panel)
    assert codes(sheet)[1] in words(panel)
    type_in(panel, "n", enter=True)
    assert codes(sheet)[2] in words(panel)
    type_in(panel, "p", enter=True)
    assert codes(sheet)[1] in words(panel)
    assert widgets(panel, "Text")[0].value == ""
    type_in(panel, "99", enter=True)
    assert "is no level of the criterion" in words(panel)
    assert widgets(panel, "Text")[0].value == "99"


def test_a_comment_belongs_to_its_answer_whatever_is_clicked_next(sheet):
    panel = marking_panel(sheet, ME)
    (box,) = widgets(panel, "Textarea")
    box.value = "To the first."
    level(panel, "Next →").click()
    assert box.value == ""
    box.value = "To the second."
    level(panel, "Previous").click()
    assert box.value == "To the first."
    assert [sheet.marks["argument", code, ME].comment for code in codes(sheet)[:2]] == [
        "To the first.",
        "To the second.",
    ]


def test_another_question_has_its_own_rubric_and_progress(sheet):
    panel = marking_panel(sheet, ME)
    type_in(panel, "321", enter=True)
    widgets(panel, "Dropdown")[0].value = "limits"
    assert "Names one measurement" in words(panel)
    assert "Takes a position" not in words(panel)
    assert "0 of 6" in words(panel)
    level(panel, "missing").click()
    assert "1 of 6" in words(panel)
    assert sheet.marks["limits", sheet.answers("limits")[0].code, ME].points == {"plan": 0}


def test_answers_and_comments_stay_text_and_nobody_is_named(sheet):
    panel = marking_panel(sheet, ME)
    level(panel, "Next →").click()
    level(panel, "Next →").click()
    assert "&lt;script&gt;document.title" in words(panel)
    assert "<script" not in words(panel)
    level(panel, "Next →").click()
    assert "Nothing was written." in words(panel)
    evil = marking_panel(sheet, "<img src=x onerror=alert(1)>")
    assert "<img" not in words(evil)


def test_all_marked_is_said(sheet):
    panel = marking_panel(sheet, ME)
    for _ in range(6):
        type_in(panel, "000", enter=True)
    assert "6 of 6" in words(panel)
    assert "All answers to this question are marked." in words(panel)
    assert widgets(panel, "IntProgress")[0].bar_style == "success"


def test_the_other_marker_is_shown_beside_the_own_mark_in_the_order_of_the_rubric(sheet):
    sheet.save("argument", codes(sheet)[0], OTHER, PanelMark(points={"language": 1, "claim": 3}))
    panel = marking_panel(sheet, ME)
    type_in(panel, "--2", enter=True)
    assert OTHER not in words(panel)
    type_in(panel, "10", enter=False)
    assert "You gave 3 (1, 0, 2); B. Second gave 4 (3, –, 1)." in words(panel)


def test_a_comment_that_changed_in_another_window_is_not_overwritten(sheet):
    first, second = marking_panel(sheet, ME), marking_panel(sheet, ME)
    widgets(first, "Textarea")[0].value = "From the first window."
    level(second, "missing").click()
    place = ("argument", codes(sheet)[0], ME)
    assert sheet.marks[place] == PanelMark(points={"claim": 0}, comment="From the first window.")
    widgets(first, "Textarea")[0].value = "Again."
    widgets(second, "Textarea")[0].value = "From the second."
    assert sheet.marks[place].comment == "Again.\nFrom the second."
    assert widgets(second, "Textarea")[0].value == "Again.\nFrom the second."


def test_what_could_not_be_saved_is_told_and_stays_in_its_field(sheet, monkeypatch):
    panel = marking_panel(sheet, ME)
    (box,) = widgets(panel, "Textarea")

    def full(*_: Any) -> None:
        raise MarkingError("The disk is full.")

    monkeypatch.setattr(sheet, "save", full)
    box.value = "A long thought."
    assert "The disk is full." in words(panel)
    level(panel, "Next →").click()
    assert (box.value, codes(sheet)[0] in words(panel)) == ("A long thought.", True)
    widgets(panel, "Dropdown")[0].value = "limits"
    assert widgets(panel, "Dropdown")[0].value == "argument"
    monkeypatch.undo()
    level(panel, "Next →").click()
    assert sheet.marks["argument", codes(sheet)[0], ME].comment == "A long thought."
    assert codes(sheet)[1] in words(panel)
