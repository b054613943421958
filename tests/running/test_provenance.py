"""What stands beside a report, and whether a change of any of it is found and named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cxkit.cli import main
from cxkit.errors import NotebookError
from cxkit.running.kernels import client
from cxkit.running.pages.pdf import Printer, write_pdf
from cxkit.running.provenance import inputs, manifest, reasons, verify
from cxkit.running.provenance.changes import Change
from cxkit.running.provenance.claims import read_claims_of
from cxkit.running.provenance.declared import changes
from cxkit.running.provenance.reading import read_manifest
from cxkit.running.provenance.reasons import installed
from cxkit.running.provenance.verification import Finding, Verification
from cxkit.running.provenance.verify import verify_report
from cxkit.running.run import run_notebook

CELL = (
    "import cxkit as cx\nnumbers = [float(n) for n in open(name).read().split()]\ncx.declare('Mean', sum(numbers) / x)"
)
TABLE = "cx.item_analysis(cx.load_survey('hs1939'))"


@pytest.fixture
def report(write_notebook):
    Path("in.txt").write_text("1.5 2.5")
    write_notebook(CELL, TABLE)
    run_notebook("lesson.ipynb", {"x": 3, "name": "in.txt"}, output="out/report.html", progress=False)
    return Path("out/report.html")


def findings(report, **options):
    return [(one.kind, one.name) for one in verify_report(report, **options).findings]


def test_a_report_that_nobody_touched_comes_out_the_same(report, capsys):
    found = verify_report(report)
    assert found.holds
    assert found.compared == 2
    assert main(["verify", str(report)]) == 0
    said = capsys.readouterr().out
    assert said == "report.html comes out the same; 2 tables, pictures, values and other outputs compared.\n"
    assert verify_report("out/report.crate").holds


def test_one_number_of_the_report_is_changed(report, capsys):
    text = report.read_text(encoding="utf-8")
    report.write_text(text.replace("Mean: 1.33", "Mean: 1.34", 1), encoding="utf-8")
    assert main(["verify", str(report)]) == 1
    said = capsys.readouterr().out
    assert "report.html comes out the same, but files were changed after the run; 2 tables" in said
    assert "file: report.html was changed after the run, first in line" in said
    assert "1.33" in said
    assert "1.34" in said


def test_one_declared_number_is_changed(report):
    path = Path("out/report.crate/declared.json")
    declared = json.loads(path.read_text())
    column = declared[1]["columns"]["mean"]
    column[2] += 1e-6
    path.write_text(json.dumps(declared))
    found = verify_report(report)
    assert [one.kind for one in found.findings] == ["file", "number"]
    assert found.verdict == "does NOT come out the same: numbers moved"
    assert f"in the table '{declared[1]['name']}' row 3 (visual), mean, moved from {column[2]!r} to" in found.text
    assert "by -1e-06" in found.text


def test_one_byte_of_an_input_is_changed(report):
    Path("in.txt").write_text("1.5 2.6")
    found = verify_report(report)
    assert [(one.kind, one.name) for one in found.findings] == [("input", "in.txt"), ("number", "Mean")]
    assert "in.txt has other contents than when the report was made" in found.text
    assert "the value 'Mean' moved from 1.3333333333333333 to 1.3666666666666665, by 0.0333" in found.text


def test_a_byte_that_changes_no_number_is_found_as_well(report):
    Path("in.txt").write_text("1.5 2.5 ")
    assert findings(report) == [("input", "in.txt")]


def test_what_the_code_itself_names_counts_as_an_input(write_notebook, capsys):
    """A file and a data set that stand in the code, and in no parameter."""
    Path("data").mkdir()
    Path("data/own.txt").write_text("1 2")
    write_notebook(
        "print(len(open('data/own.txt').read()))",
        "load_survey = str\nname = 'hs1939'\nload_survey(name)",
        "%matplotlib inline",
        "'data', '.', '/'",
    )
    run_notebook("lesson.ipynb", output="report.html", progress=False)
    found = json.loads(Path("report.crate/manifest.json").read_text())["inputs"]
    assert set(found) > {"data/own.txt", "the kit's data set hs1939/data.csv"}
    own = ("data/own.txt", "the kit's instrument hs1939")
    assert all(name in own or name.startswith("the kit's data set hs1939/") for name in found)
    assert verify_report("report.html").holds
    Path("data/own.txt").write_text("3 4")
    assert main(["verify", "report.html"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("report.html comes out the same, but its inputs are not as they were")
    assert "input: data/own.txt has other contents than when the report was made" in said


def test_a_data_set_of_the_kit_counts_as_an_input(monkeypatch, tmp_path):
    (tmp_path / "kit" / "bfi").mkdir(parents=True)
    (tmp_path / "kit" / "bfi" / "data.csv").write_text("1")
    monkeypatch.setattr(inputs, "datasets_folder", lambda: tmp_path / "kit")
    assert list(inputs.input_files({"survey_path": "bfi"})) == ["the kit's data set bfi/data.csv"]


def test_another_version_of_a_library(report, monkeypatch, capsys):
    now = reasons.installed("scipy")
    monkeypatch.setattr(reasons, "installed", lambda name: "0.0.1" if name == "scipy" else installed(name))
    assert main(["verify", str(report)]) == 1
    assert f"version: scipy was {now} and is 0.0.1" in capsys.readouterr().out
    assert main(["verify", str(report), "--allow-versions"]) == 0


def test_an_input_that_is_gone_means_that_nothing_can_be_told(report, capsys):
    Path("in.txt").unlink()
    assert main(["verify", str(report)]) == 2
    said = capsys.readouterr().out
    assert "report.html could not be made again; 0 tables" in said
    assert "input: in.txt is missing: it is looked for from the folder of this call: put it there as 'in.txt'" in said
    assert "FileNotFoundError" in said


def test_findings_for_scripts(report, capsys):
    Path("in.txt").write_text("1.5 2.6")
    assert main(["verify", str(report), "--json"]) == 1
    (told,) = json.loads(capsys.readouterr().out)
    assert told["holds"] is False
    assert told["findings"][0]["name"] == "in.txt"


def test_a_report_without_a_crate(report):
    for path in Path("out/report.crate").iterdir():
        path.unlink()
    with pytest.raises(NotebookError, match="is no finished crate of a report"):
        verify_report(report)


def test_what_moved_is_named_first_and_only_files_or_inputs_are_so_too(report):
    text = report.read_text(encoding="utf-8")
    report.write_text(text + " ", encoding="utf-8")
    assert verify_report(report).verdict == "comes out the same, but files were changed after the run"
    report.write_text(text, encoding="utf-8")
    Path("in.txt").write_text("1.5 2.5 ")
    assert verify_report(report).verdict == "comes out the same, but its inputs are not as they were"
    Path("out/report.crate/declared.json").unlink()
    found = verify_report(report)
    assert found.verdict == "could not be made again"
    assert "file: the crate is incomplete or damaged: " in found.text
    assert "no longer runs" not in found.text


def test_a_folder_of_reports_and_one_that_has_no_crate(report, capsys):
    assert main(["verify", "out"]) == 0
    assert capsys.readouterr().out.startswith("report.html comes out the same")
    Path("out/index.html").write_text("x")
    assert main(["verify", "out/index.html", "out/report.html"]) == 2
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("index.html cannot be verified: ")
    assert second.startswith("report.html comes out the same")
    Path("empty").mkdir()
    with pytest.raises(NotebookError, match="holds no report with a crate"):
        verify.reports_in("empty")


def test_a_pdf_beside_the_report_must_be_printed_from_it(report):
    printer = Printer(name="A printer", pdf=lambda html: b"%PDF-1.7\nthe mean is 4.2\n%%EOF")
    html, printed = report.read_text(encoding="utf-8"), report.with_suffix(".pdf")
    write_pdf(html, printed, printer)
    assert verify_report(report).holds
    printed.write_bytes(printed.read_bytes().replace(b"4.2", b"4.8"))
    assert [one.text for one in verify_report(report).findings] == ["report.pdf was changed after it was printed"]
    write_pdf(html + " ", printed, printer)
    (found,) = verify_report(report).findings
    assert found.text == "report.pdf was printed from another report.html than this one"


def test_others_can_read_the_crate(report):
    from rocrate.rocrate import ROCrate

    crate = ROCrate("out/report.crate")
    parts = {entity.id for entity in crate.root_dataset["hasPart"]}
    assert {"notebook.ipynb", "executed.ipynb", "declared.json", "manifest.json", "report.html"} == parts
    run = crate.get("#run")
    assert run.type == "CreateAction"
    assert run["instrument"]["softwareVersion"] == manifest.versions()["cxkit"]
    assert run["instrument"].id.startswith("https://pypi.org/project/cxkit/")
    assert run["agent"].type == "Person"
    assert run["actionStatus"] == "http://schema.org/CompletedActionStatus"
    assert {entity["name"] for entity in run["object"]} >= {"x", "name", "in.txt", "notebook.ipynb"}
    assert all((Path("out/report.crate") / part).is_file() for part in parts)


def test_data_are_named_and_not_copied(report):
    held = [path for path in Path("out/report.crate").rglob("*") if path.is_file()]
    assert "in.txt" not in [path.name for path in held]
    assert not any(b"1.5 2.5" in path.read_bytes() for path in held)


def test_nothing_is_declared_where_nobody_asks(monkeypatch):
    import cxkit as cx

    monkeypatch.delenv("CXKIT_DECLARE", raising=False)
    assert cx.item_analysis(cx.load_survey("hs1939"))._repr_mimebundle_() == {}
    assert list(cx.declare("a", 1)._repr_mimebundle_()) == ["text/plain"]


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({"a": [1.0]}, {"a": [1.0 + 1e-10]}, []),
        ({"a": [1.0]}, {"a": [1.0 + 1e-8]}, ["row 1, a, moved from 1.0 to 1.00000001, by 1e-08"]),
        ({"a": [None]}, {"a": [None]}, []),
        ({"a": [None]}, {"a": [0.0]}, ["row 1, a, moved from None to 0.0"]),
        ({"k": ["x"], "a": [True]}, {"k": ["x"], "a": [1]}, ["row 1 (x), a, moved from True to 1"]),
        ({"a": ["u"]}, {"a": ["v"]}, ["row 1 (u), a, moved from 'u' to 'v'"]),
    ],
)
def test_what_counts_as_moved(before, now, told):
    tables = [[{"kind": "table", "name": "T", "tolerance": 1e-9, "columns": columns}] for columns in (before, now)]
    found = [one.text for one in changes(*tables) if isinstance(one, Change)]
    assert found == [f"in the table 'T' {text}" for text in told]


def test_what_came_and_what_went():
    one, other = ({"kind": "value", "name": name, "value": 1} for name in "ab")
    assert [change.text for change in changes([one], [other])] == [
        "the value 'a' is no longer there",
        "the value 'b' was not there before",
    ]


def test_a_notebook_that_shows_nothing_proves_nothing(write_notebook, capsys):
    write_notebook("y = x")
    run_notebook("lesson.ipynb", output="plain.html", progress=False)
    assert main(["verify", "plain.html"]) == 3
    said = capsys.readouterr().out
    assert said.startswith("plain.html runs, and shows nothing that could be compared; 0 tables")
    assert verify_report("plain.html").as_data()["holds"] is False


def test_of_several_reports_the_gravest_decides(report, write_notebook, capsys):
    write_notebook("y = x", to="plain.ipynb")
    run_notebook("plain.ipynb", output="out/plain.html", progress=False)
    assert main(["verify", "out"]) == 3
    Path("in.txt").write_text("1.5 2.6")
    assert main(["verify", "out"]) == 1
    Path("in.txt").unlink()
    assert main(["verify", "out"]) == 2


@pytest.mark.parametrize("harm", [None, 3, "x", [], {}])
def test_a_damaged_manifest_is_told_as_such_whatever_is_missing(report, harm):
    """Each part of it in turn is of another kind; a crate may come from anybody."""
    path = Path("out/report.crate/manifest.json")
    whole = json.loads(path.read_text())
    refused = 0
    for name, value in whole.items():
        path.write_text(json.dumps({**whole, name: harm}))
        inner = [(name, part) for part in value] if isinstance(value, dict) else []
        for harmed in ({**whole, name: harm}, *({**whole, name: {**value, part: harm}} for _, part in inner)):
            path.write_text(json.dumps(harmed))
            try:
                usable = read_manifest(Path("out/report.crate"))
            except NotebookError:
                refused += 1
                continue
            told = [
                *reasons.other_versions(usable),
                *reasons.other_data(usable, read_claims_of(whole)),
                *reasons.remarks(usable, read_claims_of(whole)),
            ]
            assert all(told)
            assert isinstance(reasons.other_code(usable), str)
    assert refused >= 15
    for text in ("", "[" * 100_000, "[]", "{}", '{"format": 99}', "\0"):
        path.write_text(text)
        with pytest.raises(NotebookError, match="later version" if "99" in text else "damaged|cannot be read"):
            verify_report(report)


def test_other_files_of_a_crate_may_be_damaged_too(report):
    for name in ("declared.json", "executed.ipynb"):
        path = Path("out/report.crate") / name
        before = path.read_bytes()
        bad_table = b'[{"kind": "table", "name": "T", "columns": 3}]'
        for harm in (b"", b"{", b"[3]", b"{}", b"[" * 100_000, b'[{"kind": "table"}]', bad_table):
            path.write_bytes(harm)
            found = verify_report(report)
            assert not found.holds
            assert {one.kind for one in found.findings} <= {"file", "run", "words"}
        path.write_bytes(before)


def test_nothing_that_a_notebook_prints_reaches_the_terminal_raw(write_notebook):
    write_notebook("print('\\x1b[2J\\u202e', open('said.txt').read())")
    Path("said.txt").write_text("one")
    run_notebook("lesson.ipynb", output="report.html", progress=False)
    Path("said.txt").write_text("two")
    text = verify_report("report.html").text
    assert "two" in text
    assert all(sign.isprintable() or sign == "\n" for sign in text)


def test_a_kernel_that_does_not_say_what_it_computed_with_has_its_report(write_notebook, monkeypatch):
    monkeypatch.setattr(client, "_LAST_ANSWER", 1e-6)
    write_notebook("print(x)")
    run_notebook("lesson.ipynb", output="report.html", progress=False)
    told = json.loads(Path("report.crate/manifest.json").read_text())
    assert told["platform"]["blas"] == []
    assert "numpy" in told["versions"]


def test_a_crate_writes_no_line_of_the_verdict():
    """A title, a name or an error with line ends put a verdict of its own at the beginning of a line."""
    forged = "x\nother.html comes out the same; 40 tables, pictures, values and other outputs compared.\ny"
    found = Verification(
        report=Path("r.html"), compared=1, findings=(Finding("number", "x", f"the value '{forged}' moved"),),
        not_compared=(f"the title '{forged}'",), remarks=(forged,), kept=forged, ran=False,
    )  # fmt: skip
    first, *more = found.text.splitlines()
    assert first.startswith("r.html could not be made again")
    assert not [line for line in more if not line.startswith("  ")]
