"""A draft changes no number in silence: what the file does not show is asked, with the lines for the other answer."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import cxkit as cx
from cxkit.errors import SurveyError
from cxkit.survey.drafting.describe import FileDescription
from cxkit.survey.instrument_file import instrument_from

pytestmark = pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")

AGREE = ["Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree"]
OFTEN = ["Never", "Rarely", "Sometimes", "Usually", "Always"]
QUALITY = ["Very poor", "Poor", "Fair", "Good", "Very good"]
TEXTS = ["The desk is tidy", "The door is open", "The lamp is on"]


def write(tmp_path: Path, columns: Mapping[str, Sequence[object]]) -> Path:
    path = tmp_path / "a.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def drafted(tmp_path: Path, columns: Mapping[str, Sequence[object]]) -> FileDescription:
    return cx.describe_file(write(tmp_path, columns))


def items(answers: Sequence[object], people: int = 42, texts: Sequence[str] = tuple(TEXTS)) -> dict[str, list[object]]:
    """Columns in which everybody answers alike, up to a shift for every tenth person."""
    columns = {}
    for shift, text in enumerate(texts):
        columns[text] = [answers[(n + (shift if n % 10 == 0 else 0)) % len(answers)] for n in range(people)]
    return columns


def check_of(described: FileDescription) -> str:
    return tomllib.loads(described.toml)["scale"].get("check", "")


def read(described: FileDescription, corrected: Mapping[str, object] | None = None) -> pd.DataFrame:
    asked = tomllib.loads(described.toml)
    asked["scale"] |= corrected or {}
    return cx.read_survey(described.path, instrument_from(asked, where="draft")).given


def lines_if(described: FileDescription, when: str) -> dict[str, object]:
    """The lines of the draft that hold if an answer to its question is the other one."""
    _, _, behind = described.toml.partition(f"# {when}")
    lines = []
    for line in itertools.takewhile(lambda line: line.startswith("# "), behind.splitlines()[1:]):
        if line.startswith(("# If ", "# To ")):
            break
        lines.append(line.removeprefix("# "))
    assert lines, described.toml
    return tomllib.loads("\n".join(lines))


def numbers_by_word(described: FileDescription, corrected: Mapping[str, object] | None = None) -> dict[str, float]:
    frame = pd.read_csv(described.path, dtype=str, keep_default_na=False)
    numbers = read(described, corrected)
    found: dict[str, float] = {}
    for key in numbers:
        column = described.instrument.items[key].text
        for word, number in zip(frame[column], numbers[key], strict=True):
            assert np.array_equal(found.setdefault(word, number), number, equal_nan=True)
    return found


def ranks(words: Sequence[str], start: int = 1) -> dict[str, float]:
    return {word: float(number) for number, word in enumerate(words, start=start)}


EVEN = {
    "agree": ["Strongly disagree", "Disagree", "Agree", "Strongly agree"],
    "mild": ["Disagree", "Tend to disagree", "Tend to agree", "Agree"],
    "six": ["Completely disagree", "Mostly disagree", "Slightly disagree", "Slightly agree", "Mostly agree",
            "Completely agree"],
    "satisfied": ["Very dissatisfied", "Dissatisfied", "Satisfied", "Very satisfied"],
    "German": ["trifft überhaupt nicht zu", "trifft eher nicht zu", "trifft eher zu", "trifft voll und ganz zu"],
    "German six": ["sehr unzufrieden", "unzufrieden", "eher unzufrieden", "eher zufrieden", "zufrieden",
                   "sehr zufrieden"],
    "French": ["Pas du tout d’accord", "Pas d’accord", "D’accord", "Tout à fait d’accord"],
}  # fmt: skip


@pytest.mark.parametrize("words", EVEN.values(), ids=EVEN.keys())
def test_a_scale_without_a_middle_gets_none(words, tmp_path):
    described = drafted(tmp_path, items(words))
    assert numbers_by_word(described) == ranks(words)
    assert described.instrument.dimensions[0].scale.points == len(words)
    assert "Nobody chose a middle answer such as " in check_of(described)
    half = len(words) // 2
    assert f"'{words[half]}' is {half + 1}; if offered, '{words[half]}' is {half + 2}." in check_of(described)
    with_middle = lines_if(described, "If '")
    assert numbers_by_word(described, with_middle) == ranks(words[:half]) | ranks(words[half:], half + 2)


@pytest.mark.parametrize("words", [EVEN["agree"], EVEN["German six"], AGREE, OFTEN, QUALITY])
@pytest.mark.parametrize("unused", [0, -1])
def test_two_waves_have_the_same_numbers_though_nobody_chose_an_end(words, unused, tmp_path):
    missing = words[unused]
    described = drafted(tmp_path, items([word for word in words if word != missing]))
    seen = {word: number for word, number in ranks(words).items() if word != missing}
    assert numbers_by_word(described) == seen
    assert f"Nobody chose '{missing}': was it offered?" in check_of(described)
    shorter = lines_if(described, f"If '{missing}' could not be chosen")
    assert numbers_by_word(described, shorter) == ranks(list(seen))
    assert shorter["high"] == len(seen)


@pytest.mark.parametrize("words", [AGREE, OFTEN])
def test_whether_a_middle_was_offered_is_asked_where_nobody_chose_it(words, tmp_path):
    middle = words[2]
    described = drafted(tmp_path, items([word for word in words if word != middle]))
    asked = "Neither agree nor disagree" if words is AGREE else middle
    assert f"'{asked}': was it offered? It is not counted in" in check_of(described)
    with_middle = lines_if(described, f"If '{asked}' could be chosen")
    assert numbers_by_word(described, with_middle) == {word: n for word, n in ranks(words).items() if word != middle}


def test_whole_scales_of_words_ask_nothing(tmp_path):
    for words in (AGREE, OFTEN, QUALITY, ["No", "Rather no", "Maybe", "Rather yes", "Yes"]):
        described = drafted(tmp_path, items(words))
        assert numbers_by_word(described) == ranks(words)
        assert check_of(described) == ""


def test_scales_from_poor_ask_for_what_could_stand_below(tmp_path):
    words = ["Poor", "Fair", "Good", "Excellent"]
    described = drafted(tmp_path, items(words))
    assert numbers_by_word(described) == ranks(words)
    assert check_of(described).count("Nobody chose ") == 2  # "very poor" below, or "very good" between


def test_rows_of_a_matrix_share_the_scale_of_all_their_answers(tmp_path):
    columns = items(AGREE, texts=["How? [Fast]", "How? [Kind]"])
    columns["How? [Open]"] = ["Disagree", "Agree", "Agree"] * 14
    columns["How? [Late]"] = ["Agree"] * 42
    described = drafted(tmp_path, columns)
    assert [len(one.items) for one in described.instrument.dimensions] == [4]
    assert set(read(described)[described.instrument.dimensions[0].item_keys[2]]) == {2, 4}
    columns = {"How? [Fast]": ["Disagree", "Agree"] * 21, "How? [Kind]": ["Neutral"] * 42}
    assert [len(one.items) for one in drafted(tmp_path, columns).instrument.dimensions] == [2]


class TestNumbers:
    def scale(self, described: FileDescription) -> tuple[object, ...]:
        scale = described.instrument.dimensions[0].scale
        return scale.low, scale.high, sorted(scale.missing_codes)

    @pytest.mark.parametrize(
        ("numbers", "scale"),
        [
            ([1, 2, 3, 4, 8, 9], (1, 4, [8, 9])),
            ([1, 2, 3, 4, 5, 8, 9], (1, 5, [8, 9])),
            ([1, 2, 3, 4, 5, 6, 7, 8, 9], (1, 9, [])),
            ([1, 2, 3, 4, 5, -77], (1, 5, [-77])),
            ([1, 2, 3, 4, 5, -3, -2], (1, 5, [-3, -2])),
            ([*range(11), 77, 88, 99], (0, 10, [77, 88, 99])),
            ([*range(-3, 4)], (-3, 3, [])),
            ([*range(-2, 3), 99], (-2, 2, [99])),
            ([0, 3, 8, 9], (0, 10, [])),
        ],
    )
    def test_codes_are_numbers_apart(self, numbers, scale, tmp_path):
        described = drafted(tmp_path, items(numbers))
        assert self.scale(described) == scale
        answers = read(described).to_numpy()
        assert set(answers[~np.isnan(answers)]) == set(numbers) - set(scale[2])
        assert ('mean "no answer"' in check_of(described)) == bool(scale[2])

    @pytest.mark.parametrize("high", [4, 5])
    def test_zero_is_asked_and_counts_as_it_is(self, high, tmp_path):
        described = drafted(tmp_path, items(range(high + 1)))
        assert self.scale(described) == (0, high, [])
        assert 'Is 0 an answer, or does it mean "no answer"?' in check_of(described)
        corrected = read(described, lines_if(described, "If 0 means")).to_numpy()
        assert set(corrected[~np.isnan(corrected)]) == set(range(1, high + 1))

    def test_zero_in_one_row_of_a_matrix_leaves_the_row_there(self, tmp_path):
        columns = items([1, 2, 3, 4], texts=["How? [Fast]", "How? [Kind]", "How? [Open]"])
        columns["How? [New]"] = [0, 1, 2, 3, 4, 4] * 7
        described = drafted(tmp_path, columns)
        assert self.scale(described) == (0, 4, [])
        assert "It stands in 1 of 4 questions." in check_of(described)
        assert len(described.instrument.dimensions[0].items) == 4

    def test_a_gap_is_asked_with_both_ways_to_read_it(self, tmp_path):
        described = drafted(tmp_path, items([1, 2, 3, 7, 8]))
        assert self.scale(described) == (1, 8, [])
        assert "Nobody chose 4, 5 or 6. Behind that gap, do 7, 8 mean" in check_of(described)
        codes = read(described, lines_if(described, "If 7 or 8 can be chosen to give no answer")).to_numpy()
        assert set(codes[~np.isnan(codes)]) == {1, 2, 3}
        in_a_row = read(described, lines_if(described, "If these are the answers in a row"))
        assert set(in_a_row.to_numpy().ravel()) == {1, 2, 3, 4, 5}

    def test_two_numbers_are_no_rating_beside_one(self, tmp_path):
        described = drafted(tmp_path, {"Sex": [1, 2] * 21, **items([1, 2, 3, 4, 5])})
        assert [len(one.items) for one in described.instrument.dimensions] == [3]
        assert "'Sex' (two answers only" in described.text

    def test_whether_a_high_number_is_the_better_answer_is_asked(self, tmp_path):
        asked = drafted(tmp_path, items([1, 2, 3, 4, 5])).instrument.open_questions
        assert any('Is a high number the better answer? If not, say higher_is = "worse".' in one for one in asked)


class TestDirection:
    WORDS = ("Strongly agree", "Agree", "Neutral", "Disagree", "Strongly disagree")

    def check_both_ways(self, described: FileDescription) -> None:
        assert "1 is 'Strongly agree' and 5 'Strongly disagree': the higher the number" in check_of(described)
        as_drafted = read(described)
        turned = read(described, lines_if(described, "To turn the numbers round"))
        assert (as_drafted + turned == 6).all(axis=None)

    def test_numbered_labels(self, tmp_path):
        cells = [f"{number} - {word}" for number, word in enumerate(self.WORDS, start=1)]
        described = drafted(tmp_path, items(cells))
        assert set(read(described).iloc[:, 0]) == {1, 2, 3, 4, 5}
        self.check_both_ways(described)

    def test_only_the_ends_have_words(self, tmp_path):
        self.check_both_ways(drafted(tmp_path, items(["1 (Strongly agree)", "2", "3", "4", "5 (Strongly disagree)"])))

    def test_labels_of_a_statistics_file(self, tmp_path):
        frame = pd.DataFrame(items([1.0, 2.0, 3.0, 4.0, 5.0], texts=["gov1", "gov2", "gov3"]))
        labels = dict(enumerate(self.WORDS, start=1))
        path = tmp_path / "a.sav"
        pyreadstat.write_sav(frame, path, variable_value_labels=dict.fromkeys(frame, labels))
        self.check_both_ways(cx.describe_file(path))

    def test_ends_that_only_a_person_can_order_are_asked(self, tmp_path):
        described = drafted(tmp_path, items(["1 (cold)", "2", "3", "4", "5 (warm)"]))
        assert "1 is 'cold' and 5 'warm': is a high number the better answer?" in check_of(described)

    def test_labels_below_zero_are_answers(self, tmp_path):
        frame = pd.DataFrame(items([-2.0, -1.0, 0.0, 1.0, 2.0], texts=["a1", "a2", "a3"]))
        path = tmp_path / "a.sav"
        labels = dict(zip(range(-2, 3), AGREE, strict=True))
        pyreadstat.write_sav(frame, path, variable_value_labels=dict.fromkeys(frame, labels))
        described = cx.describe_file(path)
        assert str(described.instrument.dimensions[0].scale) == "-2-2"
        assert check_of(described) == ""


class TestRankings:
    PLACES = tuple(itertools.permutations([1, 2, 3])) * 7

    @pytest.mark.parametrize("names", [["Goal [a]", "Goal [b]", "Goal [c]"], ["Q5_1", "Q5_2", "Q5_3"]])
    def test_places_are_no_dimension(self, names, tmp_path):
        columns = items(AGREE) | dict(zip(names, zip(*self.PLACES, strict=True), strict=True))
        described = drafted(tmp_path, columns)
        assert [one.scale.points for one in described.instrument.dimensions] == [5]
        assert [len(one.items) for one in described.instrument.dimensions] == [3]
        assert described.text.count("a place in a ranking") == 3

    def test_neither_are_the_first_places_alone(self, tmp_path):
        names = [f"Goal [{letter}]" for letter in "abcde"]
        rows = [[1, 2, 3, "", ""], ["", "", 1, 2, 3], [2, "", "", 3, 1]] * 14
        described = drafted(tmp_path, items(AGREE) | dict(zip(names, zip(*rows, strict=True), strict=True)))
        assert described.text.count("a place in a ranking") == 5

    def test_ratings_that_differ_by_chance_are_kept(self, tmp_path):
        columns = dict(
            zip(["Goal [a]", "Goal [b]", "Goal [c]"], zip(*[*self.PLACES, (3, 3, 3)], strict=True), strict=True)
        )
        assert [len(one.items) for one in drafted(tmp_path, columns).instrument.dimensions] == [3]


class TestNoAnswer:
    @pytest.mark.parametrize(
        "words",
        [
            "I don't know", "Does not apply", "Can't judge", "Unsure", "Kann ich nicht beurteilen", "k. A.",
            "weiß nicht / keine Angabe", "Je ne sais pas", "Sans opinion", "NSP", "Sin respuesta", "99", "-99",
        ],
    )  # fmt: skip
    def test_its_words_leave_an_item_in_its_group(self, words, tmp_path):
        columns = items(AGREE)
        columns[TEXTS[1]][3:6] = [words] * 3
        described = drafted(tmp_path, columns)
        assert [len(one.items) for one in described.instrument.dimensions] == [3]
        assert read(described).isna().sum().sum() == 3
        assert 'mean "no answer"?' in check_of(described)

    def test_unknown_words_in_one_row_of_a_matrix_are_asked(self, tmp_path):
        columns = items(AGREE, texts=["How? [Fast]", "How? [Kind]", "How? [Open]"])
        columns["How? [Open]"][3:6] = ["Ask my boss"] * 3
        described = drafted(tmp_path, columns)
        assert [len(one.items) for one in described.instrument.dimensions] == [3]
        assert check_of(described) == "Does 'Ask my boss' mean \"no answer\"?"

    def test_a_label_that_says_so_is_a_code(self, tmp_path):
        described = drafted(tmp_path, items(["0 - N/A", *(f"{n} - {word}" for n, word in enumerate(AGREE, start=1))]))
        scale = described.instrument.dimensions[0].scale
        assert (scale.low, scale.high, scale.missing_codes) == (1, 5, ("0 - N/A",))


class TestGroups:
    def test_two_items_that_run_against_each_other_are_asked(self, tmp_path):
        answers = items(AGREE)[TEXTS[0]]
        described = drafted(tmp_path, {TEXTS[0]: answers, TEXTS[1]: [AGREE[4 - AGREE.index(one)] for one in answers]})
        asked = " ".join(described.instrument.open_questions)
        assert f"Their answers run against each other ('{TEXTS[0]}' against '{TEXTS[1]}')" in asked
        assert "run against each other" not in drafted(tmp_path, {TEXTS[0]: answers, TEXTS[1]: answers}).toml

    @pytest.mark.parametrize(
        "cells",
        [["0 - Not at all likely", *map(str, range(1, 10)), "10 - Extremely likely"], [3, 4, 5, 6, 7, 8, 9]],
        ids=["anchored", "nobody chose the ends"],
    )
    def test_the_question_for_the_nps(self, cells, tmp_path):
        question = "How likely is it that you would recommend this company?"
        described = drafted(tmp_path, items(AGREE) | items(cells, texts=[question]))
        (single,) = described.instrument.singles
        assert (single.measure, single.scale.low, single.scale.high) == ("nps", 0, 10)
        assert read(described)[single.key].iloc[:7].tolist() == ([0, 1, 2, 3, 4, 5, 6] if len(cells) > 7 else cells)


class TestRoles:
    OTHER = ("North", "South", "East") * 14

    def roles(self, tmp_path: Path, name: str, cells: Sequence[str] = OTHER) -> Mapping[str, object]:
        return tomllib.loads(drafted(tmp_path, items(AGREE) | {name: cells}).toml).get("respondent", {})

    @pytest.mark.parametrize(
        "name",
        [
            "The site is quick", "My team works well", "Our organisation is fair", "Das Team hilft mir",
            "Die Abteilung ist gut organisiert", "Position of the parking lot", "Level of noise",
            "La fonction est claire", "Ces affirmations", "How long have you been with the company?",
            "Is the site quick?", "What do you think of our company?", "Est-ce que la fonction est claire ?",
        ],
    )  # fmt: skip
    def test_a_statement_is_none(self, name, tmp_path):
        assert self.roles(tmp_path, name) == {}

    @pytest.mark.parametrize(
        ("name", "role"),
        [
            ("Your department", "function"), ("In welcher Abteilung arbeiten Sie?", "function"),
            ("Votre fonction", "function"), ("Store location", "unit"), ("Sales team", "unit"), ("team_name", "unit"),
            ("Which team are you in?", "unit"), ("Company (optional)", "organisation"), ("Ihre Stellung", "level"),
        ],
    )  # fmt: skip
    def test_a_name_or_a_question_is_one(self, name, role, tmp_path):
        assert list(self.roles(tmp_path, name)) == [role]

    def test_neither_a_row_of_a_matrix_nor_an_opinion_is_one(self, tmp_path):
        columns = items(AGREE, texts=["Your firm? [Fast]", "Your firm? [Kind]", "Your firm? [Firm]"])
        columns["Your firm? [Firm]"] = list(self.OTHER)
        columns["The team"] = items(OFTEN)[TEXTS[0]]
        assert "respondent" not in tomllib.loads(drafted(tmp_path, columns).toml)

    def test_the_order_of_unknown_levels_is_said(self, tmp_path):
        level = self.roles(tmp_path, "Job level", ["Wizard", "Apprentice", "Sage"] * 14)["level"]
        assert level["order"] == ["Apprentice", "Sage", "Wizard"]
        assert level["check"].endswith("the order here is that of the alphabet.")
        level = self.roles(tmp_path, "Job level", ["Bereichsleitung", "Mitarbeiter:in", "Teamleitung"] * 14)["level"]
        assert level["order"] == ["Mitarbeiter:in", "Teamleitung", "Bereichsleitung"]
        assert "alphabet" not in level["check"]


class TestNoDraft:
    """What the columns hold is named, and the lines to describe them by hand read the file."""

    @pytest.mark.parametrize(
        ("answers", "reason"),
        [
            (["cold", "tepid", "warm", "hot"], r"choices without a known order \('cold', 'tepid', 'warm', 'hot'\)"),
            ([*range(0, 101, 5), -99], "22 different numbers from -99 to 100"),
            ([21, 22, 23, 24, 25], "5 different numbers from 21 to 25"),
            ([1, 1.5, 2, 2.5, 3], "5 different numbers from 1 to 3"),
        ],
        ids=["words", "slider", "numbers of the system", "halves"],
    )
    def test_the_lines_by_hand(self, answers, reason, tmp_path):
        path = write(tmp_path, items(answers, people=60))
        with pytest.raises(SurveyError, match=reason) as refused:
            cx.describe_file(path)
        asked = instrument_from(tomllib.loads(str(refused.value).partition("\n\n")[2]), where="by hand")
        given = cx.read_survey(path, asked).given
        expected = ranks(answers).values() if isinstance(answers[0], str) else set(answers) - {-99}
        assert set(given.iloc[:, 0].dropna()) == set(expected)
