"""Words such as "Don't know" are declared as "no answer" as numbers are, and the advice to do so works as it stands."""

from __future__ import annotations

import ast
import re
import shlex

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.cli import main
from cxkit.errors import InstrumentError, SurveyError
from cxkit.running.notebooks.parameters import parse_parameters, read_parameters
from cxkit.survey.instrument_file import instrument_from

ABOUT = {"name": "words", "title": "Words", "citation": "a test", "licence": "CC0"}
LABELS = {"1": "Never", "2": "Rarely", "3": "Often", "4": "Always"}
ITEMS = [{"key": key, "text": "?"} for key in ("a", "b", "c")]
TOML = (
    'name = "words"\ntitle = "Words"\ncitation = "a test"\nlicence = "CC0"\n'
    '[scale]\nlow = 1\nhigh = 4\nlabels = {{ 1 = "Never", 4 = "Always" }}\n{codes}'
    '[[dimension]]\nkey = "d"\ntitle = "D"\n'
    'items = [{{ key = "a", text = "?" }}, {{ key = "b", text = "?" }}, {{ key = "c", text = "?" }}]\n'
)
ANSWERS = "a,b,c\n1,2,4\nDon't know,2,4\nNever,DON’T KNOW.,3\n4,3,Always\n2,99,1\n"
AS_READ = [[1, 2, 4], [np.nan, 2, 4], [1, np.nan, 3], [4, 3, 4], [2, np.nan, 1]]


def instrument(*, codes=(), single=None):
    described = {
        **ABOUT,
        "scale": {"low": 1, "high": 4, "labels": LABELS, "missing_codes": list(codes)},
        "dimension": [{"key": "d", "title": "D", "items": ITEMS}],
    }
    if single:
        described["scales"] = {"other": {"low": 0, "high": 10, "labels": {"0": single}}}
        described["single"] = [{"key": "N", "text": "?", "measure": "nps", "scale": "other"}]
    return instrument_from(described, where="words.toml")


def written(folder, text, *, codes=""):
    (folder / "words.toml").write_text(TOML.format(codes=codes), encoding="utf-8")
    (folder / "words.csv").write_text(text, encoding="utf-8")
    return folder / "words.csv", folder / "words.toml"


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        ([], ["Don't know", 99]),
        ([], ["dont know", "99"]),
        (["don't know", 99], []),
        ([99], {"d": ["Don't know"]}),
        ([], {"a": ["Don't know"], "b": [99, "don't know!"]}),
    ],
)
def test_words_are_declared_where_numbers_are(tmp_path, declared, given):
    data, _ = written(tmp_path, ANSWERS)
    survey = cx.read_survey(data, instrument(codes=declared), missing_codes=given)
    np.testing.assert_array_equal(survey.given.to_numpy(), AS_READ)
    assert cx.missing_pattern(survey).items["missing"].tolist() == pytest.approx([1 / 5, 2 / 5, 0])


def test_words_count_as_numbers_do_in_every_number_of_missing_answers(tmp_path):
    generator = np.random.default_rng(5)
    answers = pd.DataFrame(generator.integers(1, 5, (60, 3)), columns=["a", "b", "c"]).astype(object)
    answers = answers.mask(generator.random((60, 3)) < 0.2, 99)
    answers.to_csv(tmp_path / "numbers.csv", index=False)
    answers.replace(99, "No opinion").to_csv(tmp_path / "words.csv", index=False)
    by_number = cx.read_survey(tmp_path / "numbers.csv", instrument(), missing_codes=[99])
    by_word = cx.read_survey(tmp_path / "words.csv", instrument(), missing_codes=["No opinion"])
    pd.testing.assert_frame_equal(by_number.given, by_word.given)
    assert cx.missing_pattern(by_number).text == cx.missing_pattern(by_word).text


def test_a_label_is_refused_as_a_code(tmp_path):
    with pytest.raises(InstrumentError, match=r"'never' could be the label 'Never' of 1 or the words 'NEVER' for"):
        instrument(codes=["NEVER"])
    data, _ = written(tmp_path, ANSWERS.replace("a,b,c", "a,b,c,N").replace("\n", ",1\n").replace("N,1", "N"))
    for_all = {"missing_codes": ["Don't know", 99]}
    with pytest.raises(SurveyError) as refused:
        cx.read_survey(data, instrument(single="Don't know"), **for_all)
    assert str(refused.value).startswith(
        "words.csv: 1 problem found.\n"
        '  missing_codes: "Don\'t know" is an answer on the scale 0-10 of N; as a code it would wipe valid answers.\n'
        '    -> name the items where it means "no answer", such as missing_codes={\'d\': ["Don\'t know"]}.'
    )
    survey = cx.read_survey(data, instrument(single="Don't know"), missing_codes={"d": ["Don't know", 99]})
    assert int(survey.given["N"].isna().sum()) == 0


def test_what_is_neither_number_nor_word_is_refused(tmp_path):
    data, toml = written(tmp_path, ANSWERS)
    for codes in (99, [" "], [None], [float("nan")], [["a"]]):
        with pytest.raises(SurveyError, match=r"must be a list of numbers or words, such as \[99, \"Don't know\"\]"):
            cx.read_survey(data, toml, missing_codes=codes)
    for codes in ('["99"]', '[" "]', "[true]", '"Refused"'):
        with pytest.raises(InstrumentError, match="'missing_codes' must be a list of numbers or words"):
            cx.read_survey(*written(tmp_path, ANSWERS, codes=f"missing_codes = {codes}\n"))


REFUSALS = {
    "one word": "a,b,c\n1,2,4\nDon't know,2,4\n3,DON’T KNOW.,3\n4,3,Always\n",
    "several words": "a,b,c\n1,inf,4\nDon't know,2,Keine Angabe\n3,don't know,3\n",
    "a word and a number": "a,b,c\n1,2,4\nPasse,2,99\n3,Passe,3\n",
    'quotation marks and "dollars"': 'a,b,c\n1,2,4\n"Say ""no"" for $5",2,3\n3,2,3\n',
}


def typed(said, command):
    """The words that the refusal says to add to a command, as a shell splits them."""
    (line,) = re.findall(rf"cxkit {command}: (.*)", said)
    return shlex.split(line)


@pytest.mark.parametrize("text", REFUSALS.values(), ids=REFUSALS)
def test_what_check_advises_works_as_typed(tmp_path, capsys, text):
    data, toml = written(tmp_path, text)
    check = ["check", str(data), "--instrument", str(toml)]
    assert main(check) == 1
    said = capsys.readouterr().err
    assert "-> the labels are Never, Always; if " in said or "-> was 1-4 the scale" in said
    assert main([*check, *typed(said, "check")]) == 0
    parameters = read_parameters("notebooks/01_validate_instrument.ipynb")
    option, notebook = typed(said, "run")
    assert option == "-p"
    reading = parse_parameters([notebook], parameters)["reading"]
    assert cx.read_survey(data, toml, **reading).given.isna().to_numpy().any()


def test_the_advice_names_the_words_in_python(tmp_path):
    data, toml = written(tmp_path, REFUSALS["one word"])
    with pytest.raises(SurveyError) as refused:
        cx.read_survey(data, toml)
    (codes,) = re.findall(r'if "Don\'t know" means "no answer", say missing_codes=(\[.*?\]);', str(refused.value))
    assert cx.read_survey(data, toml, missing_codes=ast.literal_eval(codes)).given.isna().to_numpy().sum() == 2


def test_check_keeps_what_was_typed_before_and_passes_on_other_advice(tmp_path, capsys):
    data, toml = written(tmp_path, "a,b,c\n1,Refused,4\nPasse,2,3\n")
    check = ["check", str(data), "--instrument", str(toml)]
    assert main([*check, "--read", "missing_codes=['Passe']"]) == 1
    assert main([*check, *typed(capsys.readouterr().err, "check")]) == 0
    data.write_text("a;b;c\n1,5;2;3\n", encoding="utf-8")
    assert main(check) == 1
    assert typed(capsys.readouterr().err, "check") == ["--read", "decimal=,"]
    data.write_text("a,b,c\n1,2,3\n", encoding="utf-8")
    assert main([*check, "--read", "rename={'z': 'a'}"]) == 1
    assert "To say so in a shell" not in capsys.readouterr().err


def test_experts_may_pass_in_words(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("item,x,y\na,4,Cannot say\nb,3,9\n", encoding="utf-8")
    with pytest.raises(SurveyError, match="Cannot say"):
        cx.read_expert_ratings(path, kind="relevance", items=instrument(), missing_codes=[9])
    read = cx.read_expert_ratings(path, kind="relevance", items=instrument(), missing_codes=[9, "cannot say"])
    assert read.judgements.isna().to_numpy().sum() == 2
