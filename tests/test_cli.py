"""The command line: exit codes, and messages without tracebacks."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

import cxkit
from cxkit.cli import main
from cxkit.errors import CxkitWarning, SurveyError
from tests.running.building import PARAMETERS, code, notebook_of, words


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CXKIT_DEBUG", raising=False)


def shelve(*cells: str, name: str = "01_lesson.ipynb") -> Path:
    Path("notebooks").mkdir(exist_ok=True)
    path = Path("notebooks") / name
    nbformat.write(notebook_of(code(PARAMETERS, "parameters"), words("# Lesson"), *cells), path)
    return path


def command_line(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cxkit.cli", *arguments], capture_output=True, text=True, check=False, **options
    )


def test_help_and_version(capsys):
    for arguments in (["--help"], ["run", "--help"]):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 0
    assert "run one notebook and write its report" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"cxkit {cxkit.__version__}\n"


def test_help_imports_nothing_heavy():
    text = (
        "import sys\nfrom cxkit.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'pandas', 'papermill', 'nbformat', 'jinja2', 'tqdm', 'json'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["run"],
        ["run", "a", "--timeout", "0"],
        ["run", "a", "--timeout", "soon"],
        ["run", "a", "--show"],
    ],
)
def test_misuse_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: cxkit" in capsys.readouterr().err


def test_run_writes_a_report(capsys):
    shelve("print(x)")
    assert main(["run", "01", "-p", "x=41"]) == 0
    assert capsys.readouterr().out == f"{Path('out/01_lesson.html')}\n"
    assert ">41</pre>" in Path("out/01_lesson.html").read_text(encoding="utf-8")


def test_run_with_wrong_parameters(capsys):
    shelve("open('ran', 'w')")
    assert main(["run", "01", "-p", "y=41", "-p", "x=b"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "cxkit: 01_lesson.ipynb: 2 problems found.\n"
        "  there is no parameter 'y'. Known: x, name, interactive.\n"
        "  x = 'b' does not fit: a whole number is wanted (default 1)\n"
    )
    assert not Path("ran").exists()


def test_failing_notebook_without_traceback():
    shelve("1 / 0")
    done = command_line("run", "01", "-o", "a.html")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "cxkit: 01_lesson.ipynb: code cell 2 (cell 3 of 3) failed in line 1:\n"
        "    1 / 0\n"
        "ZeroDivisionError: division by zero\n"
        "The notebook up to there is kept in a.partial.ipynb.\n"
    )


def test_traceback_for_those_who_ask_for_it():
    done = command_line("run", "nowhere", env=os.environ | {"CXKIT_DEBUG": "1"})
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "Traceback" not in command_line("run", "nowhere").stderr


def test_unknown_notebook(capsys):
    shelve("1", name="01_validate.ipynb")
    assert main(["run", "01_validat3"]) == 1
    assert capsys.readouterr().err == (
        "cxkit: There is no notebook '01_validat3', neither as a path nor in notebooks/ nor among those of cxkit. "
        "Did you mean '01_validate'?\n"
    )


def test_parameters_are_listed(capsys):
    shelve("1")
    assert main(["parameters", "01"]) == 0
    assert capsys.readouterr().out == (
        "01_lesson.ipynb understands -p with:\n"
        "  x=1                how many\n"
        "  name=a             what to call it\n"
        "  interactive=False\n"
    )


def test_all_reports_from_anywhere_in_the_project(capsys, monkeypatch, tmp_path):
    shelve("open(name).read()")
    Path("my.csv").write_text("1", encoding="utf-8")
    Path("notebooks/runs.toml").write_text(
        '[[run]]\nnotebook = "01_lesson.ipynb"\nname = "one"\n[run.parameters]\nname = "my.csv"', encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path / "notebooks")
    assert main(["report"]) == 0
    index = tmp_path / "out" / "reports" / "index.html"
    assert capsys.readouterr().out == f"{index}\n"
    assert 'href="one.html"' in index.read_text(encoding="utf-8")


def test_reports_without_a_list(capsys):
    assert main(["report"]) == 1
    assert capsys.readouterr().err.startswith("cxkit: There is no notebooks/runs.toml in ")


def test_tidying(capsys):
    path = shelve("1")
    assert main(["tidy", "--check", str(path)]) == 1
    assert capsys.readouterr().out == f"{path}: untidy; run cxkit tidy\n"
    assert main(["tidy", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: tidied\n"
    assert main(["tidy", "--check", str(path)]) == 0
    assert capsys.readouterr().out == ""


def test_check_prints_what_a_survey_holds(capsys, monkeypatch):
    asked = {}

    def load(data, **options):
        asked.update(options, data=data)
        warnings.warn("Item L3 has no answers above 4.", CxkitWarning, stacklevel=2)
        instrument = SimpleNamespace(open_questions=())
        return SimpleNamespace(text="40 respondents answered 5 items.", ledger=None, instrument=instrument)

    monkeypatch.setattr(cxkit, "load_survey", load, raising=False)
    assert main(["check", "my.csv", "--instrument", "culture8", "-r", "level=position", "-r", "unit=team"]) == 0
    said = capsys.readouterr()
    assert asked == {
        "data": "my.csv",
        "instrument": "culture8",
        "respondent": {"level": "position", "unit": "team"},
    }
    assert said.out == "40 respondents answered 5 items.\n"
    assert said.err == "cxkit: note: Item L3 has no answers above 4.\n"


def test_check_prints_what_is_wrong_with_a_survey(capsys, monkeypatch):
    def load(data, **_):
        raise SurveyError("3 answers are outside the scale.\n  row 41, item L3: 9")

    monkeypatch.setattr(cxkit, "load_survey", load, raising=False)
    assert main(["check", "my.csv"]) == 1
    assert capsys.readouterr().err == "cxkit: 3 answers are outside the scale.\n  row 41, item L3: 9\n"


def test_check_reads_the_file_as_told(capsys, tmp_path):
    rows = ["A title", "a1;a2", "1,5;9", "2,5;3"]
    (tmp_path / "odd.csv").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "odd.toml").write_text(
        'name = "odd"\ntitle = "Odd"\ncitation = "a test"\nlicence = "CC0"\n'
        "[scale]\nlow = 1\nhigh = 5\ncontinuous = true\n"
        '[[dimension]]\nkey = "a"\ntitle = "A"\nitems = [{ key = "a1", text = "?" }, { key = "a2", text = "?" }]\n',
        encoding="utf-8",
    )
    told = ["--read", "header_row=2", "--read", "decimal=,", "--read", "missing_codes=[9]"]
    where = ["check", str(tmp_path / "odd.csv"), "--instrument", str(tmp_path / "odd.toml")]
    assert main([*where, *told]) == 0
    assert "2 respondents, 2 items of 'Odd', 75.0% of all answers given." in capsys.readouterr().out
    assert main([*where, "--read", "headerrow=2", "--read", "missing_codes=nine"]) == 1
    assert capsys.readouterr().err == (
        "cxkit: --read: 2 problems found.\n"
        "  there is no parameter 'headerrow'. Did you mean 'header_row'?\n"
        '  missing_codes = \'nine\' does not fit: a list such as ["a", "b"] is wanted (default [])\n'
    )


def test_check_with_wrong_roles(capsys):
    assert main(["check", "my.csv", "-r", "level", "-r", "unit=a", "-r", "unit=b"]) == 1
    assert capsys.readouterr().err == (
        "cxkit: -r: 2 problems found.\n  'level' is not of the form role=column\n  'unit' is given twice\n"
    )


def test_a_fault_of_our_own_is_told_without_a_traceback(capsys, monkeypatch):
    def load(data, **_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(cxkit, "load_survey", load, raising=False)
    assert main(["check", "my.csv"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("cxkit: something went wrong inside cxkit: ZeroDivisionError: division by zero\n")
    assert "CXKIT_DEBUG=1" in said


def test_a_reader_who_leaves_early_causes_no_noise():
    shelve("1")
    process = subprocess.Popen(
        [sys.executable, "-m", "cxkit.cli", "parameters", "01"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    complaint = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == 141
    assert complaint == ""
