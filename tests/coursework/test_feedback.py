"""Feedback pages: what they say, that a student's text stays a text, that they load nothing and can be read."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.feedback import (
    Decision,
    Deduction,
    feedback_content,
    feedback_html,
    question_prompts,
    write_feedback,
)
from cxkit.coursework.marks.data import AnswerCheck, QuestionMark, SubmissionMarks
from cxkit.coursework.marks.folder import read_marks, write_marks
from cxkit.coursework.marks.written import CriterionResult, WrittenResult, with_written
from cxkit.coursework.page import plain_text, points_on_page
from cxkit.coursework.page.words import with_code
from cxkit.errors import MarkingError
from tests.coursework import small_assignment
from tests.coursework.synthetic_class import example_assignment, synthetic_class

ASSIGNMENT = example_assignment()
NASTY = '<script>alert(1)</script><img src="https://example.org/x.png" onerror=alert(1)>"\'&\u202egnp\u0007</samp>'


class Page(HTMLParser):
    """The elements of a page and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        if "style" not in self.open:
            self.words += data


def mark(question: str = "reliability", **changes) -> QuestionMark:
    return QuestionMark(**({"question": question, "points": 0, "out_of": 6, "outcome": "wrong"} | changes))


def marks(*questions: QuestionMark, **changes) -> SubmissionMarks:
    own = {"student": "s1", "assignment": ASSIGNMENT.id, "submission_sha256": "ab" * 32, "questions": questions}
    return SubmissionMarks(**(own | changes))


def test_everything_of_the_student_stays_text():
    hostile = marks(
        mark(
            feedback=(NASTY,),
            answers=(AnswerCheck(name=NASTY, outcome="wrong", given=NASTY, asked=NASTY, reason=NASTY),),
        ),
        student="s1",
        source=NASTY,
    )
    written = [
        WrittenResult(
            question="limits", comment=NASTY, text=NASTY,
            criteria=(CriterionResult(criterion="plan", points=1, level=NASTY, comment=NASTY),),
        )
    ]  # fmt: skip
    deductions = [Deduction(points=1, reason=NASTY)]
    html = feedback_html(feedback_content(ASSIGNMENT, hostile, name=NASTY, written=written, deductions=deductions))
    page = Page(html)
    plain = Page(feedback_html(feedback_content(ASSIGNMENT, marks())))
    assert {tag for tag, _ in page.elements} - {tag for tag, _ in plain.elements} <= {
        "table", "tbody", "tr", "th", "td", "ul", "li", "dl", "div", "dt", "dd", "samp", "bdi", "code", "h3",
        "blockquote", "strong",
    }  # fmt: skip
    assert not {"script", "img", "iframe", "link", "object", "svg"} & {tag for tag, _ in page.elements}
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert page.words.count("<script>alert(1)</script>") == 13
    assert "\u202e" not in html
    assert r"\u202egnp\u0007" in page.words


def test_a_page_loads_nothing_and_may_not():
    html = feedback_html(feedback_content(ASSIGNMENT, marks()))
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?!#)\S*(?:https?:|//)""", html)
    assert "default-src 'none'" in html
    assert all(
        attributes["href"].startswith("#") for tag, attributes in Page(html).elements if tag == "a"
    )  # within the page


def test_every_link_leads_to_a_question_and_every_id_is_there_once():
    page = Page(feedback_html(feedback_content(ASSIGNMENT, marks(mark()))))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {attributes["href"][1:] for tag, attributes in page.elements if tag == "a"}
    assert links == {f"q-{question.id}" for question in ASSIGNMENT.questions} <= set(ids)
    assert page.open == []


def test_it_says_what_was_asked_what_was_given_why_and_where_to_read():
    answer = AnswerCheck(name="alpha", outcome="wrong", given="0.62", asked="a number, within 0.005", reason="Too low.")
    words = Page(feedback_html(feedback_content(ASSIGNMENT, marks(mark(answers=(answer,), feedback=("Reverse!",))))))
    for expected in ("alpha", "0.62", "a number, within 0.005", "Too low.", "Reverse!", "01_validate_instrument.ipynb"):
        assert expected in words.words


def test_points_deductions_and_what_waits_add_up():
    right = mark("screening", points=4, out_of=4, outcome="right")
    waiting = mark("argument", points=0, out_of=8, outcome="awaiting")
    found = feedback_content(
        ASSIGNMENT,
        marks(right, mark(points=2, outcome="partly"), waiting),
        deductions=[Deduction(points=0.6, reason="Late")],
    )
    assert (found.earned, found.points, found.out_of, found.waiting) == (6, 5.4, 40, 8)
    html = feedback_html(found)
    assert "Not final: 8 points wait" in html
    assert "−0.6" in html
    assert [question.id for question in found.most_to_gain] == ["structure", "factors"]
    below = feedback_content(ASSIGNMENT, marks(right), deductions=[Deduction(points=9, reason="Late")])
    assert below.points == 0


def test_where_to_read_and_why_nothing_was_marked_are_said_once():
    read = ASSIGNMENT.question("reliability").read
    html = feedback_html(feedback_content(ASSIGNMENT, marks(mark(feedback=("Reverse!", f"Read: {read}.")))))
    assert html.count(read) == 1
    refused = [mark(q.id, out_of=q.points, outcome="refused", feedback=("Two files.",)) for q in ASSIGNMENT.questions]
    html = feedback_html(feedback_content(ASSIGNMENT, marks(*refused, submission_sha256="")))
    assert html.count("Two files.") == 1
    assert "Most to gain" not in html
    assert "Nothing was handed in." in feedback_html(feedback_content(ASSIGNMENT, marks(submission_sha256="")))


def test_what_a_person_has_set_counts_instead():
    own = marks(mark("screening", points=4, out_of=4, outcome="right"))
    late = [Deduction(points=1, reason="1 day late")]
    found = feedback_content(ASSIGNMENT, own, deductions=late, decision=Decision(points=30, reason="Broken <data>"))
    assert found.points == 30
    html = feedback_html(found)
    assert "Set by hand: Broken &lt;data&gt;" in html
    assert "1 day late" not in html
    excused = feedback_content(ASSIGNMENT, own, decision=Decision(points=None, reason="Ill"))
    assert "<strong>Excused</strong> from 40 points" in feedback_html(excused)
    assert Page(feedback_html(excused)).open == []


def test_a_written_mark_takes_the_place_of_the_one_that_waits():
    waiting = mark("limits", points=0, out_of=4, outcome="awaiting")
    result = WrittenResult(question="limits", criteria=(CriterionResult(criterion="plan", points=4),))
    found = feedback_content(ASSIGNMENT, marks(waiting), written=[result])
    last = found.questions[-1]
    assert (last.points, last.outcome, found.waiting) == (4, "right", 0)
    assert "Full marks" in feedback_html(found)


def test_a_written_mark_that_lacks_a_criterion_goes_on_waiting():
    waiting = mark("argument", points=0, out_of=8, outcome="awaiting")
    part = WrittenResult(question="argument", criteria=(CriterionResult(criterion="claim", points=2),), text="My view.")
    found = feedback_content(ASSIGNMENT, marks(waiting), written=[part])
    assert (found.questions[5].outcome, found.waiting, found.questions[5].text) == ("awaiting", 8, "My view.")
    assert with_written(ASSIGNMENT, marks(waiting), [part]) == marks(waiting)


def test_written_marks_join_the_others():
    own = marks(mark("screening", points=4, out_of=4), mark("limits", points=0, out_of=4, outcome="awaiting"))
    result = WrittenResult(question="limits", criteria=(CriterionResult(criterion="plan", points=2.5),))
    joined = with_written(ASSIGNMENT, own, [result])
    assert (joined.points, joined.questions[1].outcome) == (6.5, "partly")
    assert joined.questions[0] == own.questions[0]
    twice = WrittenResult(question="limits", criteria=result.criteria * 2)
    with pytest.raises(MarkingError, match="has the criterion 'plan' twice"):
        with_written(ASSIGNMENT, own, [twice])


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (CriterionResult(criterion="plan", points=5), "gives 5 points for 'plan', which has 0 to 4"),
        (CriterionResult(criterion="plan", points=-1), "gives -1 points"),
        (CriterionResult(criterion="style", points=1), "the criterion 'style', which its rubric does not have"),
    ],
)
def test_written_marks_that_do_not_fit_the_rubric_are_refused(result, message):
    with pytest.raises(MarkingError, match=re.escape(message)):
        feedback_content(ASSIGNMENT, marks(), written=[WrittenResult(question="limits", criteria=(result,))])


def test_marks_of_something_else_are_refused():
    with pytest.raises(MarkingError, match="are of assignment 'other', not of 'validate-instrument'"):
        feedback_content(ASSIGNMENT, marks(assignment="other"))
    with pytest.raises(MarkingError, match="hold the question 'unknown'"):
        feedback_content(ASSIGNMENT, marks(mark("unknown")))


def test_nobody_sees_anything_of_another_student():
    one = synthetic_class(12)
    for student, own in one.marks.items():
        html = feedback_html(feedback_content(one.assignment, own, name=one.names[student]))
        assert not [other for other in one.marks if other != student and other in html]
        assert not [name for other, name in one.names.items() if other != student and name in html]


def test_a_class_is_written_once_and_the_same_bytes_stay(tmp_path):
    one = synthetic_class(12)
    paths = write_feedback(tmp_path, one.assignment, one.marks.values(), names=one.names, written=one.written)
    assert [path.name for path in paths] == [f"{student}.html" for student in one.marks]
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}
    write_feedback(tmp_path, one.assignment, one.marks.values(), names=one.names, written=one.written)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths} == before
    assert "Synthetic class" in paths[0].read_text(encoding="utf-8")


@pytest.mark.parametrize("student", ["../up", "a/b", ".hidden", "", "a\x00"])
def test_an_id_cannot_lead_out_of_the_folder(tmp_path, student):
    with pytest.raises(MarkingError, match="not fit for a file's name"):
        write_feedback(tmp_path / "f", ASSIGNMENT, [marks(student=student)])
    with pytest.raises(MarkingError, match="not fit for a file's name"):
        write_marks(tmp_path / "m", [marks(student=student)])
    assert not any(tmp_path.iterdir())


def test_marks_come_back_from_their_folder_as_they_were(tmp_path):
    one = synthetic_class(12)
    write_marks(tmp_path, one.marks.values())
    assert read_marks(tmp_path, one.assignment.id) == tuple(one.marks.values())


def test_all_problems_of_a_folder_of_marks_come_at_once(tmp_path):
    good = marks()
    write_marks(tmp_path, [good, marks(student="s2", assignment="other")])
    (tmp_path / "again.json").write_text(json.dumps(good.as_data()), encoding="utf-8")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    (tmp_path / "list.json").write_text("[]", encoding="utf-8")
    with pytest.raises(MarkingError) as refused:
        read_marks(tmp_path, ASSIGNMENT.id)
    for words in (
        "4 problems",
        "broken.json does not",
        "list.json does not",
        "'other'",
        "s1.json and again.json are both",
    ):
        assert words in str(refused.value)
    with pytest.raises(MarkingError, match="There are no marks in"):
        read_marks(tmp_path / "nowhere", ASSIGNMENT.id)


def _luminance(colour: str) -> float:
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_pair_of_text_and_ground_has_the_contrast_of_wcag_aa():
    style = re.search("<style>(.*?)</style>", feedback_html(feedback_content(ASSIGNMENT, marks())), re.DOTALL)[1]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", style))
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    pairs = [
        ("ink", "paper"),
        ("ink", "wash"),
        ("soft", "paper"),
        ("soft", "wash"),
        ("accent", "paper"),
        ("accent", "wash"),
    ]
    pairs += [(name, f"{name}-wash") for name in ("right", "partly", "wrong", "waiting")]
    for text, ground in pairs:
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    # No other colour is written anywhere in the style.
    assert not re.search(r"(?<!: )#[0-9a-f]{3,6}\b", style.split("}", 1)[1])


def test_names_between_backticks_are_set_as_code_and_escaped():
    assert with_code("of `a<b` and `c`.") == "of <code>a&lt;b</code> and <code>c</code>."
    assert with_code("one ` alone <i>") == "one ` alone &lt;i&gt;"


def test_words_of_numbers_and_texts():
    assert [points_on_page(p) for p in (6.0, 4.5, 10 / 3, 0, -0.001, -2.5, 100)] == [
        "6",
        "4.5",
        "3.33",
        "0",
        "0",
        "−2.5",
        "100",
    ]
    assert plain_text("a" * 700).endswith("a [... and 100 more characters]")
    assert plain_text("x\r\ny\rz\t\ud800") == "x\ny\nz\t\\ud800"


def test_the_question_stands_there_as_it_was_set_without_solution_and_cleaned(tmp_path):
    made = small_assignment.cells()
    made.insert(
        3, nbformat.v4.new_markdown_cell("## Centre\n\nThe **mean**. <script>alert(1)</script><b onclick='x'>b</b>")
    )
    assignment = read_assignment(small_assignment.write_assignment(tmp_path, cells=made))
    prompts = question_prompts(assignment)
    assert prompts == {"centre": '<p class="heading">Centre</p>\n<p>The <strong>mean</strong>. <b>b</b></p>'}
    own = marks(mark("centre", out_of=4), assignment=assignment.id)
    html = feedback_html(feedback_content(assignment, own, prompts=prompts))
    assert "The <strong>mean</strong>." in html
    assert Page(html).open == []
    assert not [secret for secret in (small_assignment.CANARY, "The centre moves", "BEGIN SOLUTION") if secret in html]


def test_every_question_of_the_source_finds_its_own_words(tmp_path):
    made = small_assignment.cells()
    own_cell = nbformat.v4.new_markdown_cell("Take the root.")
    own_cell.metadata.cxkit = {"question": "spread"}
    made.insert(5, nbformat.v4.new_markdown_cell("In your own words."))
    made.insert(4, own_cell)
    prompts = question_prompts(read_assignment(small_assignment.write_assignment(tmp_path, cells=made)))
    assert prompts == {"spread": "<p>Take the root.</p>"} | {"words": "<p>In your own words.</p>"}


@given(st.text(st.characters() | st.sampled_from("<>&\"'\u202e\u2066\x00\x1b"), max_size=60))
def test_whatever_a_student_writes_stands_there_and_makes_no_element(text):
    answer = AnswerCheck(name="alpha", outcome="wrong", given=text)
    plain = AnswerCheck(name="alpha", outcome="wrong", given="x")
    html = feedback_html(feedback_content(ASSIGNMENT, marks(mark(answers=(answer,)))))
    html.encode("utf-8")
    page, usual = (
        Page(feedback_html(feedback_content(ASSIGNMENT, marks(mark(answers=(one,)))))) for one in (answer, plain)
    )
    if text:
        assert [tag for tag, _ in page.elements] == [tag for tag, _ in usual.elements]
    assert plain_text(text) in page.words
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f]", html)
