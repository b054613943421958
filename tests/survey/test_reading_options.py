"""What is asked of the reader wrongly is refused in the words of the option, never in those of Python."""

import inspect

import pytest

import cxkit as cx
from cxkit.survey.reading_options import OPTIONS

ODD = (
    3, 0, -1, 2.5, True, "x", "", ["a"], [1], [None], [["a"]], {}, {"a": "b"}, {"a": ["b"]}, {"a": {"b": 1}},
    {"CI1": 3}, {"respondent": [3]},
)  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("reading") / "mine.csv"
    cx.simulate_culture(organisations=2, respondents=(8, 8), seed=1).frame.to_csv(path, index=False)
    return path


def test_the_options_are_those_of_read_survey():
    named = list(inspect.signature(cx.read_survey).parameters)
    assert named[:3] == ["path", "instrument", "respondent"]
    assert tuple(named[3:]) == OPTIONS


@pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")
@pytest.mark.parametrize("option", [*OPTIONS, "respondent"])
def test_no_value_of_an_option_ends_in_the_words_of_python(option, path):
    refusals = []
    for value in ODD:
        try:
            cx.load_survey(path, instrument="culture8", **{option: value})
        except cx.errors.CxkitError as refusal:
            refusals.append(str(refusal))
    assert refusals
    assert all(option in words for words in refusals)


def test_an_option_of_the_wrong_kind_is_told_with_what_it_takes(path):
    words = (
        r"How to read the file \(options of read_survey; in a notebook, its parameter reading\): 2 problems found.\n"
        r"  sheet=\[1\] does not fit: the name or the number of a sheet is wanted.\n"
        r"  header_row='2' does not fit: the number of the row with the column names, from 1 up, is wanted."
    )
    with pytest.raises(cx.errors.OptionError, match=words):
        cx.read_survey(path, "culture8", header_row="2", sheet=[1])


def test_an_option_that_does_not_exist_is_told_with_the_nearest_and_all(path):
    with pytest.raises(cx.errors.OptionError) as refused:
        cx.load_survey(path, instrument="culture8", decimals=",", missing=[9])
    assert "parameter reading): there is no option 'decimals'. Did you mean 'decimal'? there is no option" in str(
        refused.value
    )
    assert f"There are {', '.join(OPTIONS)}." in str(refused.value)


def test_answers_and_instrument_that_are_swapped_are_told(path, tmp_path):
    described = tmp_path / "mine.toml"
    described.write_text("name = 'mine'")
    with pytest.raises(cx.SurveyError, match=r"mine.toml looks like an instrument; .* the two swapped"):
        cx.load_survey(described, instrument="culture8")
    words = r"mine.csv looks like a file of answers; .* instrument_path\). Are the two swapped"
    with pytest.raises(cx.InstrumentError, match=words):
        cx.load_survey(described, instrument=path)
    with pytest.raises(cx.InstrumentError, match=words):
        cx.read_instrument(path)
