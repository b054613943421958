"""The errors themselves: one family, all findings at once, five examples then a count, the nearest name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxkit
from cxkit import errors
from cxkit.errors import CxkitError, CxkitWarning, Problems, SurveyError, closest, counted, fault_of, nearest, reason_of

FAMILY = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CxkitError)]


@pytest.mark.parametrize("kind", FAMILY)
def test_one_family_and_each_documented(kind):
    assert kind.__doc__
    with pytest.raises(CxkitError, match="words"):
        raise kind("words")


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("InstrumentError", ValueError),
        ("SurveyError", ValueError),
        ("AnalysisError", ValueError),
        ("ModelError", ValueError),
        ("NotebookError", RuntimeError),
        ("AssignmentError", ValueError),
        ("MarkingError", RuntimeError),
    ],
)
def test_each_is_a_built_in_error_too(name, builtin):
    assert issubclass(getattr(errors, name), builtin)


def test_a_warning_is_no_error():
    assert issubclass(CxkitWarning, UserWarning)
    assert not issubclass(CxkitWarning, CxkitError)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0, "row"), "0 rows"),
        ((1, "row"), "1 row"),
        ((2043, "row"), "2,043 rows"),
        ((2, "hypothesis", "hypotheses"), "2 hypotheses"),
        ((1, "hypothesis", "hypotheses"), "1 hypothesis"),
    ],
)
def test_counted(arguments, text):
    assert counted(*arguments) == text


class TestProblems:
    def raised(self, problems: Problems) -> str:
        with pytest.raises(SurveyError) as refused:
            problems.raise_as(SurveyError)
        return str(refused.value)

    def test_none(self):
        assert not Problems("a.csv")

    def test_one_bare(self):
        problems = Problems("a.csv")
        problems.add("the column L3 occurs twice.")
        assert problems
        assert self.raised(problems) == "a.csv: 1 problem found.\n  the column L3 occurs twice."

    def test_several_with_examples_and_remedies(self):
        problems = Problems("a.csv")
        problems.add("2 answers are odd.", ["row 2: x", "row 3: y"], "correct them.")
        problems.add("a column is missing.", remedy="add it.")
        assert self.raised(problems) == (
            "a.csv: 2 problems found.\n"
            "  2 answers are odd.\n"
            "    row 2: x\n"
            "    row 3: y\n"
            "    -> correct them.\n"
            "  a column is missing.\n"
            "    -> add it."
        )

    @pytest.mark.parametrize(("count", "last"), [(5, "    e5"), (6, "    and 1 more"), (2005, "    and 2,000 more")])
    def test_five_examples_then_a_count(self, count, last):
        problems = Problems("a.csv")
        problems.add("many.", [f"e{i}" for i in range(1, count + 1)])
        lines = self.raised(problems).split("\n")
        assert lines[2:7] == [f"    e{i}" for i in range(1, 6)]
        assert lines[-1] == last


class TestNearest:
    def test_a_name_that_is_like_it(self):
        assert nearest("loyality", ["speed", "loyalty"]) == " Did you mean 'loyalty'?"
        assert nearest("MANAGERS", ["Managers", "Staff"]) == " Did you mean 'Managers'?"
        assert nearest("1", [10, 1]) == " Did you mean '1'?"

    def test_else_the_names_there_are(self):
        assert nearest("unit", ["id", "level"]) == " Known: id, level."
        assert nearest("x", [f"item{i}" for i in range(13)]) == (
            " Known: item0, item1, item2, item3, item4, item5, item6, item7, item8, item9, item10, item11, ... "
            "(13 in all)."
        )

    def test_else_nothing(self):
        assert nearest("x", []) == ""
        assert closest("unit", ["id", "level"]) == ""
        assert closest("x", []) == ""

    def test_names_may_come_once(self):
        assert nearest("unit", (name for name in ("id", "level"))) == " Known: id, level."

    @given(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=5))
    def test_only_known_names_are_offered(self, name, known):
        offer = closest(name, known)
        assert offer == "" or any(offer == f" Did you mean '{k}'?" for k in known)
        assert not known or nearest(name, known)

    @given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5))
    def test_a_name_that_is_there_is_offered_in_some_spelling(self, known):
        offered = closest(known[0], known).removeprefix(" Did you mean '").removesuffix("'?")
        assert offered.casefold() == known[0].casefold()


_OF_ANY_KIND = {"Exception", "BaseException", "KeyError", "LookupError", "TypeError", "AttributeError"}


def _bare(handler):
    """Uses of what was caught as text, where it may be a KeyError or another whose text is no reason."""
    kinds = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    for node in ast.walk(handler) if kinds & _OF_ANY_KIND else ():
        shown = node.value if isinstance(node, ast.FormattedValue) else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "str" and node.args:
            shown = node.args[0]
        if isinstance(shown, ast.Name) and shown.id == handler.name:
            yield node.lineno
        if ast.unparse(shown or handler.type) == f"type({handler.name}).__name__":
            yield node.lineno


def test_no_message_is_a_bare_name_of_an_exception_or_of_a_key():
    told = []
    for path in sorted((Path(cxkit.__file__).parent).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for handler in (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name):
            told += [f"{path.name}:{line}" for line in _bare(handler)]
    # These look at the kind first; the sandbox's probe tells doctor what the system refused, in the system's words
    assert {one.partition(":")[0] for one in told} <= {"apart.py", "database.py", "probe.py"}, told


@pytest.mark.parametrize(
    ("error", "said", "fault"),
    [
        (KeyError("msg_id"), "'msg_id' is missing in it", "KeyError: there is no 'msg_id'"),
        (ValueError(""), "why is not known", "ValueError, without a message"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"), "it is not text in UTF-8", "UnicodeDecodeError: 'utf-8'"),
        (AttributeError("'list' object"), "it is not built as expected", "AttributeError: 'list' object"),
        (FileNotFoundError(2, "No such file"), "No such file", "FileNotFoundError: "),
        (RecursionError("maximum"), "it is nested too deeply", "RecursionError: maximum"),
    ],
)
def test_what_a_librarys_error_says_is_a_reason(error, said, fault):
    assert reason_of(error) == said
    assert fault_of(error).startswith(fault)


@pytest.mark.parametrize(("name", "near"), [
    ("opennes", "openness"), ("levle", "level"), ("lvl", "level"), ("data/score.csv", "scores.csv"),
    ("education", None), ("gender", None),
])  # fmt: skip
def test_only_a_near_name_is_advised(name, near):
    known = ["openness", "level", "function", "scores.csv", "unit", "organisation"]
    assert closest(name, known) == (f" Did you mean '{near}'?" if near else "")
