"""What counts as an input, what a crate claims of it, and that neither tells where somebody keeps their files."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cxkit.cli import main
from cxkit.errors import CxkitWarning, NotebookError
from cxkit.running.kernels.forked import TemplateLost
from cxkit.running.pages.report import report_html
from cxkit.running.provenance import inputs, reasons, verify
from cxkit.running.provenance.again import Conditions, find_work, make_again
from cxkit.running.provenance.claims import read_claims_of
from cxkit.running.provenance.fingerprint import named_files
from cxkit.running.provenance.inputs import input_files, inputs_of, modules_in, named_in, named_inputs
from cxkit.running.provenance.manifest import manifest_of
from cxkit.running.provenance.places import told_parameters, told_path, without_places
from cxkit.running.provenance.reading import read_manifest
from cxkit.running.provenance.verify import verify_report
from cxkit.running.queue.batch import PlannedRun, _Task
from cxkit.running.queue.execution import Executed
from cxkit.running.queue.runs import read_runs
from cxkit.running.run import run_notebook
from tests.running.building import code, executed_run, notebook_of, shown, stream


@pytest.mark.parametrize(
    "value", [".", "./", "/", "..", "../", "people", "no such thing/", "", "\0", "a" * 2000, "x\ny"]
)
def test_a_word_that_is_a_folder_lists_nothing(value):
    Path("people").mkdir()
    Path("people/Anna_dismissal.docx").touch()
    assert not input_files({"decimal": value, "more": [value, {"a": value}]})
    assert not list(named_inputs([value]))


def test_a_folder_counts_where_its_name_ends_in_a_separator_and_files_do_anywhere(tmp_path):
    Path("data").mkdir()
    Path("data/a.csv").write_text("1")
    Path("b.csv").write_text("2")
    assert list(input_files({"x": "data/", "y": ["b.csv"]})) == ["b.csv", "data/a.csv"]
    assert inputs_of(input_files({"x": str(tmp_path / "data") + "/"})).keys() == {"data/a.csv"}
    Path("runs.toml").write_text(
        '[[run]]\nnotebook="03_organisational_gaps"\nname="a"\n[run.parameters]\norganisation="data/"'
    )
    (run,) = read_runs("runs.toml")
    assert run.parameters == {"organisation": "data/"}


def test_a_folder_without_end_is_not_walked(monkeypatch):
    Path("many").mkdir()
    for number in range(4):
        Path("many", str(number)).touch()
    monkeypatch.setattr(inputs, "MOST_FILES", 3)
    with pytest.warns(CxkitWarning, match="'many/' holds more than 3 files"):
        assert not input_files({"x": "many/"})
    begun = time.monotonic()
    assert not list(named_files(["/", "."]))
    assert time.monotonic() - begun < 0.5


def test_a_strangers_notebook_is_not_shown_the_folder_that_its_default_names(write_notebook):
    Path("data").mkdir()
    Path("secret.txt").touch()
    write_notebook("1", parameters="decimal = '.'\nfolder = 'data'")
    task = _Task.planned(PlannedRun(name="a", notebook=Path("lesson.ipynb")), Path("out"), "html")
    assert task.inputs == {}
    task = _Task.planned(PlannedRun(name="a", notebook=Path("lesson.ipynb"), inputs=("data",)), Path("out"), "html")
    assert list(task.inputs) == ["data"]


def test_data_of_the_kit_count_where_they_are_read():
    """A sentence, a column or an overridden default that equals the name of a data set reads none of it."""
    cells = (
        code("survey_path = 'culture_synthetic'", "parameters"),
        code("survey_path = 'b.csv'", "injected-parameters"),
    )
    named = named_in(notebook_of(*cells, "print('bfi')\ncx.load_survey(survey_path)"))
    assert named.read == ()
    assert not input_files({"survey_path": "b.csv"}, named)
    named = named_in(
        notebook_of("name = 'hs1939'\ncx.load_survey(name)\ncx.read_survey('x.csv', instrument='culture8')")
    )
    assert named.read == ("culture8", "hs1939", "x.csv")
    data = ["the kit's data set hs1939/card.toml", "the kit's data set hs1939/data.csv"]
    found = [*data, "the kit's instrument culture8", "the kit's instrument hs1939"]
    assert list(input_files({}, named)) == found
    assert list(input_files({"instrument_path": "culture8"})) == ["the kit's instrument culture8"]


def test_modules_beside_the_notebook_are_inputs(write_notebook, tmp_path):
    Path("nb").mkdir()
    Path("nb/helper.py").write_text("A = 1")
    Path("here.py").write_text("import cxkit")
    notebook = write_notebook("import helper, here", to="nb/lesson.ipynb")
    assert list(modules_in(notebook, [Path(), Path("nb")])) == ["here.py", "nb/helper.py"]
    run = replace(executed_run("import helper, here", folder=Path("nb")), parameters={})
    assert list(manifest_of(run)["inputs"]) == ["here.py", "nb/helper.py"]


def test_modules_below_a_folder_that_is_called_cxkit_count_and_the_kit_itself_does_not(write_notebook):
    Path("cxkit/nb").mkdir(parents=True)
    Path("cxkit/__init__.py").write_text("A = 1")
    Path("cxkit/nb/helper.py").write_text("import cxkit\nA = 1")
    notebook = write_notebook("import helper, cxkit", to="cxkit/nb/lesson.ipynb")
    modules = modules_in(notebook, [Path().resolve(), Path("cxkit/nb")])
    assert list(input_files({}, modules=modules)) == ["cxkit/nb/helper.py"]


def test_a_module_that_changed_or_was_laid_into_the_crate(write_notebook):
    """The crate is a stranger's folder: what lies in it is not imported."""
    Path("nb").mkdir()
    Path("nb/helper.py").write_text("A = 1")
    write_notebook("import helper\nhelper.A", to="nb/lesson.ipynb")
    run_notebook("nb/lesson.ipynb", output="b.html", progress=False)
    Path("b.crate/helper.py").write_text("A = 2")
    assert verify_report("b.html").holds
    Path("nb/helper.py").write_text("A = 1 ")
    assert [one.text for one in verify_report("b.html").findings] == [
        "nb/helper.py has other contents than when the report was made"
    ]


def test_who_has_the_files_elsewhere_comes_to_a_verified_report_by_what_is_said(write_notebook, monkeypatch):
    """Their names are those of the first run: a module's never came out from another folder."""
    for folder in ("first/nb", "first/data", "second", "kept"):
        Path(folder).mkdir(parents=True)
    monkeypatch.chdir("first")
    Path("nb/helper.py").write_text("A = 1")
    Path("data/x.csv").write_text("2")
    write_notebook("import helper\nhelper.A, open('data/x.csv').read()", to="first/nb/lesson.ipynb")
    run_notebook("nb/lesson.ipynb", output="../second/b.html", progress=False)
    for name in ("nb/helper.py", "nb/lesson.ipynb"):
        Path(name).rename(f"../kept/{Path(name).name}")
    monkeypatch.chdir("../second")
    work = find_work(Path("b.crate"), manifest := read_manifest(Path("b.crate")))
    module, data = (one.text for one in reversed(verify._changed_inputs(manifest, work)))
    assert data.endswith("the notebook's code names it so, from the folder of this call: put it there as 'data/x.csv'")
    assert module.endswith("lay it beside lesson.ipynb in a folder, and name that folder: --data FOLDER")
    Path("data").mkdir()
    Path("../first/data/x.csv").rename("data/x.csv")
    for folder in (Path("../kept"), Path("../kept").resolve()):
        assert verify._changed_inputs(manifest, find_work(Path("b.crate"), manifest, folder)) == []
    assert verify_report("b.html", data=Path("../kept")).holds
    Path("../kept/helper.py").write_text("A = 1 ")
    (found,) = verify_report("b.html", data=Path("../kept")).findings
    assert found.text == "nb/helper.py has other contents than when the report was made"


@pytest.mark.parametrize(
    ("code", "parameters", "name", "said"),
    [
        ("open('/data/of/anna/x.csv')", {}, "x.csv", "names it '/data/of/anna/x.csv', so it must lie there"),
        ("1", {"p": "x.csv"}, "x.csv", "it is looked for from the folder of this call: put it there as 'x.csv'"),
        ("1", {"p": "x.py"}, "x.py", "it is looked for from the folder of this call: put it there as 'x.py'"),
        ("1", {"q": ["x.csv"]}, "x.csv", "outside the folder of the first run: --data FOLDER says"),
        ("1", {}, "the kit's data set gone/a.csv", "it is no longer among the data of cxkit"),
    ],
)
def test_of_an_input_that_is_missing_it_is_said_where_it_was_looked_for(write_notebook, code, parameters, name, said):
    Path("b.crate").mkdir()
    write_notebook(code, to="b.crate/notebook.ipynb")
    told = {"parameters": parameters, "given": [*parameters], "elsewhere": ["q"] if "q" in parameters else []}
    manifest = claims_of_run(**told, inputs={name: "0" * 64})
    (found,) = verify._changed_inputs(manifest, find_work(Path("b.crate"), manifest))
    assert found.text.startswith(f"{name} is missing: ")
    assert said in found.text


def claims_of_run(**changed):
    run = executed_run("import numpy", folder=Path(), parameters={"seed": 3}, given=("seed",))
    told = manifest_of(run)
    return read_claims_of({**told, "versions": {"python": "3.11.1", "numpy": "2.0", "rich": "1.0"}, **changed})


@pytest.mark.parametrize(
    ("changed", "kind", "text"),
    [
        ({"parameters": {"seed": 4}}, "file", "the crate says that the parameter seed was 4, and it is 3"),
        (
            {"parameters": {"seed": 3, "n": 28000}},
            "file",
            "the crate says that the parameter n was 28000, and it is none",
        ),
        ({"parameters": {"seed": True}}, "file", "the crate says that the parameter seed was true, and it is 3"),
        ({"parameters": {}, "given": []}, "file", "the crate says that the parameter seed was none, and it is 3"),
        ({"seed": 7}, "file", "the crate says that the seed was 7, and the notebook says None"),
        (
            {"data": [{"name": "a", "n": 28000}]},
            "file",
            "the crate names the surveys a of 28000, and the notebook none",
        ),
        ({"versions": {"python": "3.11.1"}}, "version", "numpy 2.0 is used, and the crate does not name it"),
        ({"versions": {"python": "3.11.1", "numpy": "2.0"}}, None, None),
        ({}, None, None),
    ],
)
def test_what_a_crate_claims_of_its_run_is_compared(changed, kind, text):
    found = list(reasons.other_claims(claims_of_run(**changed), claims_of_run(), {"numpy"}))
    assert [(one[0], one[2]) for one in found] == ([] if kind is None else [(kind, text)])


def test_an_input_that_the_crate_does_not_name_is_found():
    then, now = claims_of_run(inputs={}), claims_of_run(inputs={"in.txt": "0" * 64})
    assert list(reasons.other_claims(then, now, ())) == [
        ("input", "in.txt", "in.txt is read, and the crate does not name it")
    ]
    assert list(reasons.other_claims(replace(then, code=None), now, ())) == []


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The folder of somebody with a name, and where they work."""
    home = tmp_path / "home" / "anna.mueller"
    (home / "study").mkdir(parents=True)
    (home / "other").mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home / "study")
    monkeypatch.setenv("PWD", str(home / "study"))
    return home


def test_paths_are_told_from_here_or_by_their_last_part(home):
    for path in ("mine.csv", "../other/theirs.csv"):
        Path(path).write_text("1")
    told = {
        f"{home}/study/mine.csv": "mine.csv",
        f"{home}/other/theirs.csv": "theirs.csv",
        f"{home}/other/": "other/",
        f"{home}/not there.csv": "not there.csv",
        "../other/theirs.csv": "../other/theirs.csv",
        "mine.csv": "mine.csv",
        "/": "/",
        "/ 5": "/ 5",
    }
    assert told_parameters(dict(enumerate(told))) == dict(enumerate(told.values()))
    assert told_parameters({"a": [{"b": f"{home}/study/mine.csv"}]}) == {"a": [{"b": "mine.csv"}]}
    assert told_path(str(home / "study")) == "study"


def test_outputs_tell_no_place(home):
    Path("../other/theirs.csv").write_text("1")
    picture = "iVBORw0KGgo" + f"{home}/other/theirs.csv"
    outputs = [
        stream(f"read {home}/other/theirs.csv and {home}/study/mine.csv, warned in {home}/.venv/a.py:3\n"),
        shown(text__plain=["a\n", f"'{home}/study/x'"], image__png=picture, application__json={"a": [f"{home}/b"]}),
    ]
    run = executed_run(
        code(f"p = '{home}/other/theirs.csv'", "injected-parameters"), code("1", outputs=outputs), folder=home
    )
    clean = without_places(run.executed, {"p": f"{home}/other/theirs.csv"})
    assert clean["cells"][0]["source"] == "p = 'theirs.csv'"
    first, second = clean["cells"][1]["outputs"]
    assert first["text"] == "read theirs.csv and mine.csv, warned in ~/.venv/a.py:3\n"
    assert second["data"] == {"text/plain": ["a\n", "'x'"], "image/png": picture, "application/json": {"a": ["~/b"]}}
    assert str(home) in json.dumps(run.executed)  # the notebook itself is not changed
    del second["data"]["image/png"]
    page = report_html(replace(run, executed=clean, parameters={"p": f"{home}/other/theirs.csv"}))
    assert "anna" not in page


def test_a_report_on_files_of_other_folders_names_nobody_and_can_be_verified(home, write_notebook, tmp_path, capsys):
    Path("../other/in.txt").write_text("1.5 2.5")
    Path("../other/lesson.ipynb").write_bytes(
        (tmp_path / write_notebook("import os\nprint(name, open(name).read(), os.getcwd())")).read_bytes()
    )
    run_notebook(home / "other" / "lesson.ipynb", {"name": f"{home}/other/in.txt"}, output="b.html", progress=False)
    for path in (Path("b.html"), *Path("b.crate").iterdir()):
        assert "anna" not in path.read_text(), path
    manifest = read_manifest(Path("b.crate"))
    assert manifest.elsewhere == ("name",)
    assert list(manifest.inputs) == ["in.txt"]
    assert manifest.notebook.path == "lesson.ipynb"
    assert main(["verify", "b.html"]) == 2
    assert (
        "in.txt lay outside the folder of the first run. Call verify where it lies, or name its folder: --data"
        in capsys.readouterr().out
    )
    assert main(["verify", "b.html", "--data", "../other"]) == 0
    Path("../other/in.txt").write_text("1.5 2.6")
    assert main(["verify", "b.html", "--data", "../other"]) == 1


def test_a_report_made_contained_is_verified_contained(write_notebook, monkeypatch):
    Path("in.txt").write_text("1")
    write_notebook("open(name).read()")
    run = executed_run(code("open(name).read()"), folder=Path(), parameters={"name": "in.txt"}, given=("name",))
    seen = []

    def execute(plan, files, how, stop):
        seen.append((dict(plan.values), files, how.policy, how.limits.cell_seconds))
        raise NotebookError("no sandbox here")

    monkeypatch.setattr("cxkit.running.queue.execution.execute", execute)
    Path("b.crate").mkdir()
    Path("b.crate/notebook.ipynb").write_bytes(Path("lesson.ipynb").read_bytes())
    manifest = claims_of_run(**{**manifest_of(run), "policy": "contained"})
    work = find_work(Path("b.crate"), manifest)
    with pytest.raises(NotebookError, match="no sandbox here"):
        make_again(work, manifest, Conditions(policy="contained", timeout=7))
    assert seen == [({"name": "in.txt"}, {"in.txt": Path("in.txt")}, "contained", 7)]


@pytest.fixture
def shown_to(monkeypatch, write_notebook):
    """What a contained run of a notebook with this code is shown, where its crate names these inputs."""

    def shown(code, inputs, complaint="", data=None, **parameters):
        monkeypatch.setattr("cxkit.running.queue.execution.execute", lambda plan, files, *_: ending(files, complaint))
        Path("b.crate").mkdir(exist_ok=True)
        write_notebook(code, to="b.crate/notebook.ipynb", parameters="name = ''")
        told = {"parameters": {"name": ""}, "given": [], "policy": "contained", **parameters}
        manifest = claims_of_run(**told, inputs=dict.fromkeys(inputs, "0" * 64))
        with pytest.raises(NotebookError) as error:
            make_again(find_work(Path("b.crate"), manifest, data), manifest, Conditions(policy="contained"))
        return str(error.value)

    def ending(files, complaint):
        return Executed(None, complaint or f"shown: {sorted(files)}", 0.0)

    return shown


def test_a_contained_run_is_shown_the_inputs_of_its_crate_and_no_links_out(shown_to, tmp_path):
    """What its code names beside these is whatever lies here by that name."""
    for name in ("in.txt", "secret.txt", "own.py"):
        Path(name).write_text("1")
    code = "import own\nopen('in.txt'); open('secret.txt')"
    assert shown_to(code, ["in.txt"]) == "shown: ['in.txt']"
    assert shown_to(code, ["in.txt", "own.py"]) == "shown: ['in.txt', 'own.py']"
    Path("in.txt").unlink()
    Path("in.txt").symlink_to("secret.txt")
    assert shown_to(code, ["in.txt"]) == "shown: ['in.txt']"
    outside = tmp_path.parent / f"{tmp_path.name}.key"
    outside.write_text("1")
    Path("in.txt").unlink()
    Path("in.txt").symlink_to(outside)
    assert "'in.txt' lies outside the current folder, or is a link to a file elsewhere" in shown_to(code, ["in.txt"])
    Path("data").mkdir()
    Path("data/b.txt").symlink_to(outside)
    told = {"parameters": {"name": "b.txt"}, "given": ["name"], "elsewhere": ["name"]}
    assert "'b.txt' lies outside the current folder, or is a link to a file elsewhere" in shown_to(
        "1", ["b.txt"], data=Path("data"), **told
    )


@pytest.mark.parametrize("told_place", ["link/other.ipynb", "../other.ipynb", "../../../../../../etc/passwd"])
def test_a_crate_cannot_name_the_folder_that_a_contained_run_is_shown(shown_to, tmp_path, told_place):
    """By a link in a stranger's folder and the place of the notebook that the crate tells, any file could be shown."""
    private = tmp_path.parent / f"{tmp_path.name}.private"
    private.mkdir()
    for name in ("key", "other.ipynb"):
        (private / name).write_text("1")
    (tmp_path.parent / "other.ipynb").write_text("1")
    Path("link").symlink_to(private)
    Path("in.txt").symlink_to(private / "key")
    notebook = {"notebook": {"name": "other.ipynb", "path": told_place, "sha256": "0" * 64}}
    for name in ("link/key", "in.txt"):
        assert "lies outside the current folder, or is a link" in shown_to(f"open('{name}')", [name], **notebook)


def test_what_a_contained_run_cannot_see_is_said_where_it_fails_for_that(shown_to):
    Path("in.txt").write_text("1")
    said = shown_to(
        "open('in.txt'), open('../a')", ["in.txt"], "In cell 2: PermissionError: [Errno 13] Permission denied: '../a'"
    )
    assert "It ran contained, in a folder with the inputs of its crate alone (in.txt) and nothing above it" in said
    assert "contained" not in shown_to("1 / 0", ["in.txt"], "In cell 2: ZeroDivisionError: division by zero")


def test_a_machine_that_starts_no_kernel_is_no_fault_of_the_notebook():
    found = verify._no_run(claims_of_run(), TemplateLost("The process that starts kernels has ended."))
    assert found.text.startswith("nothing was run, since this machine started no kernel, which says nothing of the")
