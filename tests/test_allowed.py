"""A value that a shipped notebook does not know is refused at every door before anything runs."""

from __future__ import annotations

import ast
import warnings

import pytest

import cxkit as cx
from cxkit.running.notebooks.notebook import find_notebook, parameters_cell, read_notebook
from cxkit.running.notebooks.parameters import Parameter, check_parameters, parse_parameters, read_parameters
from cxkit.survey.reading_options import OPTIONS
from cxkit.survey.survey import ROLES

NOTEBOOKS = ["01_validate_instrument", "02_benchmark", "03_organisational_gaps"]
# Names of data, files and organisations, and what people write themselves: what they may be depends on the data.
FREE_TEXT = {
    "instrument_path", "norm_data", "organisation", "period", "population", "selection", "survey_path", "wave",
}  # fmt: skip

# What a dict may hold: the options of read_survey that plain data can say, and the respondents' attributes.
KEYS = {"reading": set(OPTIONS) - {"about"}, "respondent": set(ROLES), "norm_respondent": set(ROLES)}


def parameters_of(name: str) -> dict[str, Parameter]:
    return {parameter.name: parameter for parameter in read_parameters(find_notebook(name))}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_choice_and_every_number_of_a_shipped_notebook_is_declared(name):
    for parameter in parameters_of(name).values():
        limited = parameter.kind in ("int", "float") or (parameter.kind == "str" and parameter.name not in FREE_TEXT)
        limited |= parameter.kind == "dict"
        assert parameter.allowed == ((KEYS[parameter.name],) if parameter.kind == "dict" else parameter.allowed)
        assert bool(parameter.allowed) == limited, parameter
        if parameter.allowed:
            assert check_parameters({parameter.name: parameter.default}, [parameter])


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_notebook_checks_the_same_when_its_cells_run(name):
    notebook = read_notebook(find_notebook(name))
    index = parameters_cell(notebook)
    cell = next(c for c in notebook["cells"][index + 1 :] if c["cell_type"] == "code")
    names = {p.name: p.default for p in read_parameters(notebook)}
    exec(compile(ast.parse(cell["source"]), name, "exec"), dict(names))
    with pytest.raises(cx.NotebookError, match="seed = -1 does not fit: a whole number from 0 up is wanted"):
        exec(compile(ast.parse(cell["source"]), name, "exec"), names | {"seed": -1})


WRONG = {
    "missing=pairwise": "missing = 'pairwise' does not fit: \"fiml\" or \"listwise\" is wanted (default 'fiml').",
    "missing=listwize": "Did you mean 'listwise'?",
    "groups=levels": "Did you mean 'level'?",
    "smallest_group=3": "smallest_group = 3 does not fit: 0 or a whole number from 5 up is wanted (default 0).",
    "n_factors=-1": "n_factors = -1 does not fit: a whole number from 0 up is wanted (default 0).",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_value_is_refused_at_the_command_line_and_in_a_list_of_runs(text):
    known = list(parameters_of("01_validate_instrument").values())
    name, _, value = text.partition("=")
    plain = int(value) if value.lstrip("-").isdigit() else value
    for door in (lambda: parse_parameters([text], known), lambda: check_parameters({name: plain}, known)):
        with pytest.raises(cx.NotebookError) as refused:
            door()
        assert WRONG[text] in str(refused.value)


MISSPELT = [
    ({"reading": {"decimals": ","}}, "Did you mean 'decimal'?"),
    ({"reading": {"instrument": "x.toml"}}, "reading = {'instrument': 'x.toml'} does not fit"),
    ({"respondent": {"levl": "Job level"}}, "Did you mean 'level'?"),
    ({"norm_respondent": {"organization": "Company"}}, "Did you mean 'organisation'?"),
]


@pytest.mark.parametrize(("values", "words"), MISSPELT)
def test_a_misspelt_key_of_a_dict_is_refused_at_every_door_with_the_parameter_and_the_keys(values, words):
    for name in NOTEBOOKS:
        known = parameters_of(name)
        if not set(values) <= set(known):
            continue
        allowed = {parameter: list(known[parameter].allowed) for parameter in values}
        doors = (
            lambda known=known: parse_parameters([f"{k}={v!r}" for k, v in values.items()], list(known.values())),
            lambda known=known: check_parameters(values, list(known.values())),
            lambda allowed=allowed: cx.check_notebook(values, **allowed),
        )
        for door in doors:
            with pytest.raises(cx.NotebookError) as refused:
                door()
            assert words in str(refused.value)
            for part in (*values, f"no other keys than {', '.join(sorted(KEYS[next(iter(values))]))} is wanted"):
                assert part in str(refused.value)


def test_all_wrong_values_of_a_notebook_come_at_once():
    with pytest.raises(cx.NotebookError) as refused:
        cx.check_notebook({"missing": "fmil", "seed": True, "n": 4}, missing=["fiml", "listwise"], seed=[(0, None)],
                          n=[1, (3, 5)], gone=["x"])  # fmt: skip
    assert str(refused.value) == (
        "The notebook's parameters: 3 problems found.\n"
        "  missing = 'fmil' does not fit: \"fiml\" or \"listwise\" is wanted. Did you mean 'fiml'?\n"
        "  seed = True does not fit: a whole number from 0 up is wanted.\n"
        "  'gone' is not set in the parameters cell"
    )


def test_what_the_next_cell_says_is_read_without_running_it():
    cells = [
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "way = 'a'"},
        {"cell_type": "code", "metadata": {}, "source": "%pip list"},
        {"cell_type": "code", "metadata": {}, "source": "cx.check_notebook(globals(), way=['b'])"},
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    assert read_parameters(notebook)[0].allowed == ()  # it may stand in the first cell after the parameters only
    cells.pop(1)
    assert read_parameters(notebook)[0].allowed == ("b",)


def test_a_list_that_must_name_somebody_is_refused_at_every_door():
    words = r"leaders = \[\] does not fit: a list of at least one name is wanted"
    cells = [
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "leaders = ['a']"},
        {"cell_type": "code", "metadata": {}, "source": "cx.check_notebook(globals(), leaders=[[...]])"},
    ]
    known = list(read_parameters({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    with pytest.raises(cx.NotebookError, match=words):
        parse_parameters(["leaders=[]"], known)
    assert parse_parameters(['leaders=["x"]'], known) == {"leaders": ["x"]}
    with pytest.raises(cx.NotebookError, match=words):
        cx.check_notebook({"leaders": []}, leaders=[[...]])
    cx.check_notebook({"leaders": ["x"]}, leaders=[[...]])


@pytest.mark.parametrize(
    ("name", "parameter"), [("03_organisational_gaps", "group"), ("03_organisational_gaps", "unit"),
                            ("01_validate_instrument", "groups")]
)  # fmt: skip
def test_an_attribute_that_the_survey_lacks_is_said_in_the_cell_that_reads_it(name, parameter, tmp_path):
    everybody = cx.simulate_culture(organisations=2, respondents=(30, 30), seed=3).frame
    everybody.to_csv(tmp_path / "mine.csv", index=False)
    defaults, cells = reading_cells(name)
    names: dict[str, object] = {}
    exec(compile(defaults, name, "exec"), names)
    names |= {
        "survey_path": str(tmp_path / "mine.csv"), "instrument_path": "culture8", "organisation": "",
        "respondent": {"level": "level", "organisation": "organisation", "unit": "unit", "function": "function"},
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(compile(cells, name, "exec"), dict(names))
    words = (
        f"{parameter} = \"wave\": '.*' does not say the wave of its respondents, so that what compares them by it is"
    )
    with pytest.warns(cx.CxkitWarning, match=words) as warned:
        exec(compile(cells, name, "exec"), names | {parameter: "wave"})
    assert "set " + parameter + " to one that it knows (level, function, unit, organisation)" in str(warned[0].message)


def reading_cells(name):
    """The code of the cells from the parameters to the one that reads the survey."""
    sources = [cell["source"] for cell in read_notebook(find_notebook(name))["cells"] if cell["cell_type"] == "code"]
    last = next(i for i, source in enumerate(sources) if "cx.load_survey(survey_path" in source)
    return sources[0], "\n".join(sources[1 : last + 1])


MISNAMED = [
    ("03_organisational_gaps", {"leaders": ["Executive"]}, "leaders = ['Executive']: 'culture_synthetic, organisation "
     "Synthetic 28' has no level 'Executive'. Did you mean 'Executives'?"),
    ("03_organisational_gaps", {"organisation": "Synthetik 28", "wave": "2"}, "2 problems found.\n  organisation = "
     "\"Synthetik 28\": 'culture_synthetic' has no organisation 'Synthetik 28'. Did you mean 'Synthetic 28'?"),
    ("03_organisational_gaps", {"survey_path": "bfi"}, "organisation = \"Synthetic 28\": 'bfi' does not say the "
     "organisation of its respondents. Take everybody (organisation = \"\", or -p organisation= on the command line)"),
    ("02_benchmark", {"survey_path": "bfi"}, "-p organisation= on the command line"),
    ("01_validate_instrument", {"compared_groups": ["Staff", "Manager"]}, "compared_groups = ['Staff', 'Manager']: "
     "'culture_synthetic' has no level 'Manager'. Did you mean 'Managers'?"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "changed", "words"), MISNAMED)
def test_a_name_that_the_survey_lacks_is_refused_in_the_cell_that_reads_it(name, changed, words):
    defaults, cells = reading_cells(name)
    names: dict[str, object] = {}
    exec(compile(defaults, name, "exec"), names)
    exec(compile(cells, name, "exec"), dict(names))  # the notebook's own parameters fit
    with pytest.raises(cx.NotebookError) as refused:
        exec(compile(cells, name, "exec"), names | changed)
    assert words in str(refused.value)


def test_lists_of_groups_without_their_role_are_left_to_the_analysis():
    cx.check_notebook_names({"leaders": ["x"], "groups": []}, cx.load_survey("bfi"), leaders="level", groups="")


@pytest.mark.parametrize("norm_data", ["own file", "data set"])
def test_the_norm_is_a_file_of_ones_own_or_a_data_set(norm_data, tmp_path):
    everybody = cx.simulate_culture(organisations=14, respondents=(25, 30), seed=3).frame
    of_one = everybody["organisation"] == everybody["organisation"].iloc[0]
    renamed = everybody.rename(columns={"organisation": "Company"})
    renamed[of_one].to_csv(tmp_path / "mine.csv", index=False)
    renamed[~of_one].to_csv(tmp_path / "others.csv", index=False)
    own = norm_data == "own file"
    changed = {
        "survey_path": str(tmp_path / "mine.csv"), "instrument_path": "culture8", "respondent": {"level": "level"},
        "organisation": "", "norm_data": str(tmp_path / "others.csv") if own else "culture_synthetic",
        "norm_respondent": {"organisation": "Company"} if own else {}, "population": "x", "period": "y",
        "selection": "z",
    }  # fmt: skip
    sources = [
        cell["source"] for cell in read_notebook(find_notebook("02_benchmark"))["cells"] if cell["cell_type"] == "code"
    ]
    names: dict[str, object] = {}
    exec(compile(sources[0], "02", "exec"), names)
    names |= changed
    for source in sources[1:]:
        if "picture()" not in source:
            exec(compile(source, "02", "exec"), names)
        if "cx.build_norm" in source:
            break
    assert names["norm"], names["norm"]
    assert names["others"].role("organisation").nunique() == (13 if own else 48)
