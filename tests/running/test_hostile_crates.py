"""A crate may come from anybody: reading it harms nothing, and what is wrong with it is told of that report alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cxkit.cli import main
from cxkit.errors import NotebookError
from cxkit.files import open_regular, read_regular, sha256_of
from cxkit.running.notebooks.notebook import read_notebook
from cxkit.running.pages.report import write_report
from cxkit.running.provenance import kit, rebuild, verify
from cxkit.running.provenance.claims import Code, Damaged
from cxkit.running.provenance.crate import write_crate
from cxkit.running.provenance.reading import read_declared, read_executed, read_manifest
from cxkit.running.untrusted import parts_of, read_json
from tests.running.building import code, executed_run, shown, stream

MANIFEST, EXECUTED, DECLARED = (
    Path(f"b.crate/{name}") for name in ("manifest.json", "executed.ipynb", "declared.json")
)


@pytest.fixture
def run(tmp_path, write_notebook, monkeypatch):
    """A run with a report and a crate, made without a kernel; making it again finds the same."""
    write_notebook("cx.declare('gap', 0.25)", parameters=None)
    value = {"kind": "value", "name": "gap", "tolerance": 1e-9, "absolute": 1e-12, "value": 0.25}
    outputs = [shown(text__plain="gap: 0.25", **{"application__vnd_dot_cxkit_dot_declared_plus_json": value})]
    cells = code("cx.declare('gap', 0.25)", outputs=outputs), code("1", outputs=[stream("4.5\n")])
    made = executed_run(*cells, folder=Path(), parameters={"seed": 3}, given=("seed",))
    made = type(made)(**{**vars(made), "notebook_sha256": sha256_of(Path("lesson.ipynb"))})
    write_report(made, "b.html")
    write_crate(made, Path("b.html"))
    monkeypatch.setattr(verify, "make_again", lambda *_: made)
    return made


def change(path, **fields):
    """Write other values into a file of the crate; `a__b` stands for a within b."""
    held = json.loads(path.read_text())
    for name, value in fields.items():
        inner = held
        *above, last = name.split("__")
        for part in above:
            inner = inner[part]
        inner[last] = value
    path.write_text(json.dumps(held))


def test_a_run_made_by_hand_comes_out_the_same(run, capsys):
    assert main(["verify", "b.html"]) == 0
    assert read_declared(Path("b.crate"))[0]["name"] == "gap"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code__commit", "--output=thesis.txt"),
        ("code__commit", "HEAD"),
        ("code__commit", 5),
        ("code__commit", ["a" * 40]),
        ("code__changed", "yes"),
        ("code__files", {"a.py": "x"}),
        ("versions__numpy", "1\n--index-url http://127.0.0.1:9/"),
        ("versions__numpy", ""),
        ("versions__numpy", "1.0 ; evil"),
        ("versions__numpy", "1.0\n"),
        ("versions", {"python": "3.11.1", "evil @ file:///tmp/x\n#": "1"}),
        ("versions", {"python": "3.11.1", "--index-url": "1"}),
        ("versions__python", "/evil"),
        ("versions__python", "2.7.1"),
        ("versions__python", "3.11.1\x1b[2J"),
        ("format", True),
        ("format", 0),
        ("format", "2"),
        ("report__name", "../../etc/hostname"),
        ("report__name", "/etc/hostname"),
        ("report__name", "b.html\ngood.html comes out the same"),
        ("report__name", ""),
        ("report__name", "b" * 300),
        ("notebook__name", "b" * 300),
        ("notebook__path", "a\x1b[2J"),
        ("report__sha256", "0" * 63),
        ("files", {"/etc/hostname": "0" * 64}),
        ("files", {}),
        ("inputs", {"a\nb": "0" * 64}),
        ("inputs", {"a": "hash"}),
        ("given", ["nothing of that name"]),
        ("given", [["seed"]]),
        ("parameters", {"x y": 1}),
        ("parameters__seed", 10**400),
        ("platform", {"machine": "x", "blas": [], "simd": []}),
        ("platform__blas", [5]),
        ("policy", "none"),
        ("data", [[]]),
        ("data", [{"n": 10**400}]),
        ("seed", [5]),
        ("agent", "Prof. Gauss"),
        ("run__started", "2026-01-01T00:00:00+00:00"),
        ("run__ended", "yesterday"),
        ("run__seconds", True),
        ("code__author", "Prof. Gauss"),
        ("notebook__title", "x"),
    ],
)
def test_a_field_of_another_form_is_named_and_the_next_report_is_checked(run, capsys, field, value):
    change(MANIFEST, **{field: value})
    assert main(["verify", "b.html", "b.crate", "missing.html", "--rebuild"]) == 2
    first, second, third = capsys.readouterr().out.splitlines()
    assert first.startswith("b.html could not be made again: its manifest is damaged (")
    assert field.split("__")[0] in first
    assert second.startswith("b.crate could not be made again")
    assert third == "missing.html cannot be verified: There is no report missing.html."
    assert first.isprintable()


def test_a_crate_of_an_earlier_format_has_no_code_to_compare(run):
    manifest = json.loads(MANIFEST.read_text())
    change(MANIFEST, format=1, fonts=None, style=None, code={"files": 5})
    assert read_manifest(Path("b.crate")).code is None
    MANIFEST.write_text(json.dumps({**manifest, "format": 3}))
    with pytest.raises(NotebookError, match="later version"):
        read_manifest(Path("b.crate"))


@pytest.mark.parametrize("value", ["--output=thesis.txt", "HEAD", "a" * 6, "A" * 40, "a" * 40 + "\n"])
def test_a_commit_is_digits_and_nothing_else(run, value):
    Path("thesis.txt").write_text("years of work")
    with pytest.raises(NotebookError, match="is no commit"):
        rebuild.environment_of(read_manifest(Path("b.crate")), value)
    with pytest.raises(NotebookError, match="not in this clone"):
        rebuild._tree_of("--output=thesis.txt")
    assert Path("thesis.txt").read_text() == "years of work"


def test_a_commit_without_rebuild_is_refused_in_words(run, capsys):
    assert main(["verify", "b.html", "--commit", "a" * 40]) == 2
    assert "--commit is for --rebuild" in capsys.readouterr().err


def test_whatever_goes_wrong_within_one_report_is_told_of_that_one(run, capsys, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("by \x1b[2J zero")

    monkeypatch.setattr(verify, "_changed_files", fail)
    assert main(["verify", "b.html", "b.html", "--json"]) == 2
    assert len(json.loads(capsys.readouterr().out)) == 2
    assert main(["verify", "b.html"]) == 2
    said = capsys.readouterr().out.strip()
    assert said.startswith("b.html could not be made again: something went wrong inside cxkit: ZeroDivisionError")
    assert said.isprintable()


@pytest.mark.parametrize(
    ("name", "what"),
    [("b.crate.zip", "is packed. Unpack it"), ("b.crate/executed.ipynb", "is a notebook. Name the report")],
)
def test_what_is_no_report_says_what_to_name_instead(run, capsys, name, what):
    Path("b.crate.zip").touch()
    assert main(["verify", name, "b.html"]) == 2
    first, second = capsys.readouterr().out.splitlines()
    assert what in first
    assert second.startswith("b.html comes out the same")


@pytest.mark.parametrize(
    "outputs",
    [
        None,
        [5],
        [{"output_type": "display_data", "data": []}],
        [{"output_type": "display_data", "data": {"application/vnd.jupyter.widget-view+json": 5}}],
        [{"output_type": "display_data", "data": {"application/vnd.cxkit.declared+json": {"kind": [], "name": "a"}}}],
        [{"output_type": "display_data", "data": {"application/vnd.cxkit.declared+json": {"kind": "value"}}}],
        [{"output_type": "bogus", "metadata": {}, "data": {"text/html": "<b>p = .001"}}],
        [{**stream("x"), "data": {"application/vnd.cxkit.session+json": {"seed": 7}}}],
        [{**shown(text__plain="x"), "text": "p = .001"}],
        [stream("x", "stdlog")],
        [{"output_type": "error", "ename": "E", "evalue": "x"}],
    ],
)
def test_outputs_of_another_form(run, outputs, capsys):
    notebook = json.loads(EXECUTED.read_text())
    notebook["cells"][0]["outputs"] = outputs
    EXECUTED.write_text(json.dumps(notebook))
    with pytest.raises(NotebookError, match="is damaged: .* cell 1"):
        read_executed(Path("b.crate"))
    assert main(["verify", "b.html"]) == 2
    assert "b.html could not be made again" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["markdown", "raw", "heading"])
def test_only_code_has_outputs_and_there_are_three_kinds_of_cells(run, kind):
    notebook = json.loads(EXECUTED.read_text())
    notebook["cells"].append({"cell_type": kind, "metadata": {}, "source": "", "outputs": [shown(text__plain="x")]})
    EXECUTED.write_text(json.dumps(notebook))
    with pytest.raises(NotebookError, match="is damaged: cell 3"):
        read_executed(Path("b.crate"))


@pytest.mark.parametrize("name", ["b.htm", "b.HTML", "b.xhtml", "b.md", "b"])
def test_a_page_is_compared_whatever_its_name_ends_in(run, name, capsys):
    Path("b.html").rename(name)
    forged = Path(name).read_text().replace("4.5", "9.9")
    for path in (Path(name), Path("b.crate", name)):
        path.write_text(forged)
    digest = sha256_of(Path(name))
    change(MANIFEST, report__sha256=digest)
    assert main(["verify", name]) != 0
    assert "9.9" in capsys.readouterr().out
    change(MANIFEST, report={"name": name, "sha256": digest})
    assert main(["verify", name]) == 2
    assert "is no page, whose name ends in .html" in capsys.readouterr().out


def test_a_report_that_bears_the_name_of_another_is_told_with_its_own(run):
    """Two reports that are exchanged with their crates each come out the same, under the other's name."""
    assert verify.verify_report("b.html").remarks == ()
    Path("b.html").rename("c.html")
    Path("b.crate").rename("c.crate")
    found = verify.verify_report("c.html")
    assert found.holds
    assert found.remarks == ("it was made as b.html, and has another name now",)


def test_a_file_of_a_crate_is_hashed_as_far_as_it_may_be(run, monkeypatch, capsys):
    monkeypatch.setattr(verify, "LARGEST", 100_000)
    os.truncate("b.crate/b.html", 24 << 30)  # it takes no room on the disk
    assert main(["verify", "b.html"]) == 1
    assert "file: b.crate/b.html cannot be read: it is larger than" in capsys.readouterr().out


@pytest.mark.parametrize(
    "metadata", [[], {"widgets": []}, {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"a": 5}}}}]
)
def test_metadata_of_another_form(run, metadata):
    change(EXECUTED, metadata=metadata)
    with pytest.raises(NotebookError, match="is damaged: "):
        read_executed(Path("b.crate"))


@pytest.mark.parametrize(
    "harm", [{"value": 10**400}, {"tolerance": 10**400}, {"tolerance": float("nan")}, {"kind": []}]
)
def test_declared_values_that_nothing_can_be_computed_with(run, harm, capsys):
    declared = json.loads(DECLARED.read_text())
    DECLARED.write_text(json.dumps([{**declared[0], **harm}]))
    with pytest.raises(NotebookError, match="is damaged"):
        read_declared(Path("b.crate"))
    assert main(["verify", "b.html"]) == 2


@pytest.mark.parametrize("name", ["manifest.json", "executed.ipynb", "declared.json"])
def test_a_crate_holds_files_and_no_pipes_devices_or_links(run, name, capsys):
    path = Path("b.crate", name)
    whole = path.read_bytes()
    Path("elsewhere").write_bytes(whole)
    for lay in (
        lambda: os.mkfifo(path),
        lambda: path.symlink_to("/dev/zero"),
        lambda: path.symlink_to(Path("elsewhere").resolve()),
    ):
        path.unlink()
        lay()
        assert main(["verify", "b.html"]) == 2
        assert "b.html could not be made again" in capsys.readouterr().out


def test_a_file_is_read_as_far_as_it_may_be():
    os.mkfifo("pipe")
    Path("large").write_bytes(b"x" * 100)
    for path in ("pipe", "/dev/zero", "."):
        with pytest.raises(OSError, match=r"regular|directory"):
            open_regular(path)
    with pytest.raises(OSError, match="larger than"):
        read_regular("large", 99)
    assert read_regular("large", 100) == b"x" * 100
    with pytest.raises(NotebookError, match="cannot be read"):
        read_notebook("pipe")


def test_data_within_one_another_without_end_are_refused(run):
    MANIFEST.write_text(json.dumps({"a": 5}).replace("5", "[" * 900 + "]" * 900))
    with pytest.raises(Damaged, match="100 deep"):
        read_manifest(Path("b.crate"))
    assert read_json("[" * 100 + "]" * 100, deepest=100)
    with pytest.raises(ValueError, match="99 deep"):
        read_json("[" * 100 + "]" * 100, deepest=99)


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (b"[" * 200_000, "within one another without end"),
        (b'{"files": ' * 20_000, "within one another without end"),
        (b'{"parameters": ' + b'{"a": ' * 200 + b"1" + b"}" * 201, "100 deep"),
        (b'{"files": {' + b'"a":"b",' * 760_000, "more than 1,500,000 values"),
        (b'{"given": [' + b"[]," * 1_600_000, "more than 1,500,000 values"),
    ],
    ids=["lists", "tables", "deep", "files", "values"],
)
def test_a_manifest_without_end_is_told_and_its_values_are_counted_before_any_is_made(run, monkeypatch, manifest, said):
    MANIFEST.write_bytes(manifest)
    if "values" in said:
        monkeypatch.setattr("cxkit.running.untrusted.json.loads", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(Damaged) as error:
        read_manifest(Path("b.crate"))
    assert said in str(error.value)


@pytest.mark.parametrize("field", ["inputs", "files", "parameters", "versions", "fonts", "code__files"])
def test_a_table_of_a_manifest_has_so_many_entries_and_no_more(run, field):
    change(MANIFEST, **{field: dict.fromkeys((f"a{number}" for number in range(20_001)), "0" * 64)})
    with pytest.raises(Damaged, match=f"{field.replace('__', '.')}: it has more than 20,000 entries"):
        read_manifest(Path("b.crate"))


def test_a_manifest_that_is_too_large_is_not_read(run, capsys):
    os.truncate(MANIFEST, 24 << 30)  # it takes no room on the disk
    assert main(["verify", "b.html"]) == 2
    assert "its manifest is damaged (it is larger than" in capsys.readouterr().out


def test_a_text_without_end_is_looked_at_once():
    """600 KB of escaped quotes without an end took minutes; these 2 MB take .1 s."""
    begun = time.process_time()
    assert parts_of("," * 200_000 + '"' + '\\"' * 1_000_000) == 200_001
    assert time.process_time() - begun < 10
    assert parts_of('{"a": ["b,c", 1], "d": "\\""}' + " ," * 200_000) == 7 + 200_000


def test_the_metadata_of_a_crate_say_what_its_manifest_says(run):
    metadata = Path("b.crate/ro-crate-metadata.json")
    whole = metadata.read_text()
    for one, other in (
        ('"value": "3"', '"value": "4"'),
        ('"name": "Process Run Crate"', '"name": "Certified"'),
        ('"name": "seed"', '"name": "x",\n   "name": "seed"'),
    ):
        assert one in whole
        metadata.write_text(whole.replace(one, other))
        (found,) = verify.verify_report("b.html").findings
        assert found.text == "ro-crate-metadata.json does not say what manifest.json says"
    for harm in ("", "[]", "3", '{"@graph": 3}'):
        metadata.write_text(harm)
        assert not verify.verify_report("b.html").holds
    Path("b.crate/b.html").write_text("0.99")
    assert "b.crate/b.html was changed after the run" in verify.verify_report("b.html").text


def test_what_of_a_crate_no_run_can_show_is_said(run, monkeypatch):
    metadata = Path("b.crate/ro-crate-metadata.json")
    whole = metadata.read_text()
    metadata.write_text(whole.replace("whoever ran cxkit, without a name", "Prof. Gauss"))
    found = verify.verify_report("b.html")
    assert found.holds
    assert found.not_compared == ("that 'Prof. Gauss' ran it",)
    metadata.write_text(whole)
    change(MANIFEST, code__commit="0" * 40, code__changed=False)
    assert verify.verify_report("b.html").not_compared == ("that cxkit's code then was that of commit 0000000000",)
    own = {**kit.kit(), "commit": None}
    monkeypatch.setattr(kit, "kit", lambda: own)
    changed = Code(files={}, commit=last_commit(), changed=True)
    assert not kit.is_of_commit(changed)
    assert kit.is_of_commit(replace(changed, commit=None))


def test_a_report_is_read_once(run, monkeypatch):
    """A notebook that runs with one's rights can lay another page in its place meanwhile."""
    whole = Path("b.html").read_text()

    def make_again(*_):
        Path("b.html").write_text(whole)
        return run

    Path("b.html").write_text(whole.replace("4.5", "9.5"))
    change(MANIFEST, report__sha256=sha256_of(Path("b.html")))
    monkeypatch.setattr(verify, "make_again", make_again)
    found = verify.verify_report("b.html")
    assert "page" in {one.kind for one in found.findings}
    assert not found.holds


def test_the_page_that_is_made_here_is_kept(run, capsys):
    assert main(["verify", "b.html", "--keep", "kept"]) == 0
    assert "kept: kept/b.html is the page as it is made here" in capsys.readouterr().out
    assert Path("kept/b.html").read_bytes() == Path("b.html").read_bytes()
    Path("b.html").write_text(Path("b.html").read_text().replace("4.5", "9.5"))
    assert main(["verify", "b.html", "--keep", "kept", "--json"]) == 1
    assert "9.5" not in Path("kept/b.html").read_text()
    assert main(["verify", "b.html", "--keep", "."]) == 2
    assert "would take the place of b.html" in capsys.readouterr().out


def test_a_folder_of_data_that_is_none_is_told(run, capsys):
    assert main(["verify", "b.html", "--data", "nowhere"]) == 2
    assert "There is no folder nowhere: --data names" in capsys.readouterr().out


def made_environment(folder):
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "declared.py").write_text("def declare(): ...\n")
    (folder / "python").symlink_to(sys.executable)
    (folder / "ready").write_text(rebuild._hash_of_all(folder))


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "lib" / "declared.py").write_text("def declare(n): return 0.95\n"),
        lambda folder: (folder / "lib" / "new.pth").write_text("import os"),
        lambda folder: (folder / "lib" / "__pycache__").mkdir() or (folder / "lib/__pycache__/a.pyc").touch(),
        lambda folder: (folder / "python").unlink(),
        lambda folder: (folder / "python").unlink() or (folder / "python").symlink_to("/bin/true"),
        lambda folder: (folder / "ready").write_text(""),
        lambda folder: (folder / "ready").unlink(),
    ],
)
def test_a_kept_environment_is_used_only_if_every_file_is_as_it_was_made(tmp_path, harm):
    folder = tmp_path / "key"
    assert not rebuild._is_as_made(folder)
    made_environment(folder)
    assert rebuild._is_as_made(folder)
    harm(folder)
    assert not rebuild._is_as_made(folder)


def test_an_environment_that_cannot_be_kept_is_told_so(run, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/cache")
    monkeypatch.setattr(rebuild, "_tree_of", lambda commit: b"")
    with pytest.raises(NotebookError, match="cannot be kept in /dev/null"):
        rebuild.environment_of(read_manifest(Path("b.crate")))


def test_changed_files_and_inputs_count_in_the_environment_of_then_as_well(run, monkeypatch, capsys):
    monkeypatch.setattr(rebuild, "_is_as_made", lambda folder: True)
    monkeypatch.setattr(rebuild, "_version_of", lambda python: "3.11")
    monkeypatch.setattr(verify, "run_there", lambda *_: Path("b.crate"))
    assert main(["verify", "b.html", "--rebuild", "--commit", last_commit()]) == 0
    Path("b.html").write_text(Path("b.html").read_text().replace("4.5", "9.5"))
    assert main(["verify", "b.html", "--rebuild", "--commit", last_commit()]) == 1
    assert "comes out the same, but files were changed after the run with Python" in capsys.readouterr().out


def last_commit():
    told = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
    )
    return told.stdout.strip()
