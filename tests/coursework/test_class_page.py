"""The class page: what it says, that students' code stays text, that two submissions stand side by side."""

from __future__ import annotations

import base64
import re
from xml.etree import ElementTree

import pytest

from cxkit.coursework.class_view import class_html, data_reuse
from cxkit.coursework.class_view.evidence import number_in, shown_pairs
from cxkit.coursework.similarity import class_similarity
from tests.coursework.classes import STARTER, honest, notebook, sources
from tests.coursework.synthetic_class import SyntheticClass, synthetic_class
from tests.coursework.test_feedback import Page


@pytest.fixture(scope="module")
def some_class() -> SyntheticClass:
    return synthetic_class(40)


@pytest.fixture(scope="module")
def html(some_class) -> str:
    similarity = class_similarity(some_class.notebooks, released=[notebook(STARTER)])
    reuse = data_reuse(some_class.marks.values(), some_class.expected)
    return class_html(
        some_class.assignment, some_class.marks.values(), names=some_class.names, similarity=similarity, reuse=reuse
    )


def test_it_is_for_the_instructor_and_says_that_likeness_is_no_verdict(html):
    words = Page(html).words
    assert "For the instructor." in words
    assert "Do not publish it" in words
    assert "This is evidence for you to look at, not a verdict." in words
    assert "Synthetic class" in words
    for verdict in ("plagiari", "cheat", "copied", "guilty", "fraud", "misconduct", "suspect"):
        assert verdict not in words.casefold()


def test_the_pair_and_the_number_that_were_planted_are_shown_and_no_other(html):
    words = re.sub(r"\s+", " ", Page(html).words)
    assert re.findall(r"(Synthetic Student \d\d \(syn\d+\)) and (Synthetic Student \d\d)", words) == [
        ("Synthetic Student 03 (syn003)", "Synthetic Student 04")
    ]
    section = words[words.index("Answers that follow from another") :]
    assert re.findall(r"syn\d{3}", section) == ["syn006", "syn005"]
    assert "1 of 40" in section


def test_figures_are_within_the_page_well_formed_and_described(html):
    images = [attributes for tag, attributes in Page(html).elements if tag == "img"]
    assert len(images) == 4
    for image in images:
        kind, _, content = image["src"].partition("base64,")
        assert kind == "data:image/svg+xml;"
        drawn = base64.b64decode(content)
        assert ElementTree.fromstring(drawn).tag.endswith("svg")
        assert b"<script" not in drawn
        assert re.search(r"\d", image["alt"])
        assert len(image["alt"]) > 60


def test_the_same_class_gives_the_same_bytes(some_class, html):
    again = synthetic_class(40)
    similarity = class_similarity(again.notebooks, released=[notebook(STARTER)])
    reuse = data_reuse(again.marks.values(), again.expected)
    marks = sorted(again.marks.values(), key=lambda one: one.student, reverse=True)
    assert html == class_html(again.assignment, marks, names=again.names, similarity=similarity, reuse=reuse)


def test_code_of_students_stays_text():
    one = synthetic_class(12)
    evil = "\n".join(f"x{n} = '</pre><script>alert({n})</script>' + items.a{n}.b{n}.c{n}(k{n}=1)" for n in range(40))
    books = one.notebooks | {"syn001": notebook(STARTER, evil), "syn002": notebook(STARTER, evil)}
    page = Page(class_html(one.assignment, one.marks.values(), similarity=class_similarity(books)))
    assert "script" not in {tag for tag, _ in page.elements}
    assert page.words.count("<script>alert(39)</script>") == 2
    assert page.open == []


def test_lines_stand_side_by_side_with_what_differs_only_in_names():
    books = {f"s{n:02d}": honest(n) for n in range(30)}
    books["s01"] = notebook(*(source.replace("items", "mine") for source in sources(books["s00"])))
    (shown,) = shown_pairs(class_similarity(books, released=[notebook(STARTER)]), [notebook(STARTER)])
    assert (shown.pair.left, shown.pair.right) == ("s00", "s01")
    for passage in shown.passages:
        left = [line.text for line in passage.left if line.matched]
        # The line of the starter that was renamed, too, is the copy's own now.
        right = [line.text for line in passage.right if line.matched and line.text != "mine = survey.answers"]
        assert [text.replace("items", "mine") for text in left] == right
        # What was released stands in no passage.
        assert not set(left) & set(STARTER.splitlines())
    assert 0 < shown.same_lines < shown.lines


def test_a_class_without_submissions_or_comparison_has_a_page():
    one = synthetic_class(12)
    marks = list(one.marks.values())
    html = class_html(one.assignment, marks[:4])
    assert "Fewer than ten submissions" in html
    assert "Submissions were not compared" in html
    assert "Not looked for" in html
    nobody = [own for own in marks if not own.submission_sha256]
    assert "0 of 2" in Page(class_html(one.assignment, nobody)).words
    assert "0 of 0" in Page(class_html(one.assignment, [])).words


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.82", 0.82), ("−0.5", -0.5), (" 12 ", 12.0), ("1e-3", 0.001), ("about 3", None), ("", None), ("1e999", None),
     ("nan", None), ("0x10", None), ("1_000", None)],
)  # fmt: skip
def test_only_a_number_is_a_number(text, value):
    assert number_in(text) == value
