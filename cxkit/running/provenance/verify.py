"""Does a report still come out the same? It is made again from what its crate tells, and compared number by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from cxkit.errors import NotebookError, reason_of
from cxkit.files import read_regular, sha256_of, write_atomically
from cxkit.running.kernels.forked import TemplateLost
from cxkit.running.notebooks.notebook import LARGEST, read_notebook
from cxkit.running.pages.report import report_html
from cxkit.running.plan import CELL_TIMEOUT, Run
from cxkit.running.provenance.again import Conditions, Work, find_work, make_again, where_sought
from cxkit.running.provenance.changes import first_difference
from cxkit.running.provenance.claims import Claims, Manifest, read_claims_of
from cxkit.running.provenance.comparison import Outcome, compare_outcomes
from cxkit.running.provenance.crate import METADATA, crate_of, read_metadata
from cxkit.running.provenance.folder import pages_in
from cxkit.running.provenance.inputs import inputs_of
from cxkit.running.provenance.kit import is_of_commit
from cxkit.running.provenance.manifest import manifest_of
from cxkit.running.provenance.page_check import Checked, Files, check_page, check_print
from cxkit.running.provenance.page_now import page_changes
from cxkit.running.provenance.reading import MANIFEST, read_manifest
from cxkit.running.provenance.reasons import (
    imported_libraries,
    other_claims,
    other_code,
    other_data,
    other_versions,
    remarks,
    unnamed_versions,
)
from cxkit.running.provenance.rebuild import NOT_INSTALLED, environment_of, run_there
from cxkit.running.provenance.verification import Finding, Kind, Verification
from cxkit.running.sandbox.limits import Policy
from cxkit.running.temporary import own_folder

_STANDING = ("file", "input", "page")
"""Findings that are the same in whatever environment a report is made again."""


def verify_report(
    path: str | Path,
    *,
    allow_versions: bool = False,
    timeout: float = CELL_TIMEOUT,
    progress: bool | None = None,
    rebuild: bool = False,
    commit: str | None = None,
    contained: bool = False,
    data: Path | None = None,
    keep: Path | None = None,
) -> Verification:
    """Does this report come out the same when it is made again, here and now?

    The notebook in the crate runs again in the folder where you are: with your rights, unless it was contained when the
    report was made, or is to be. Compared are the unrounded
    numbers of cxkit's results, and everything else that a cell prints, shows or raises.

    Parameters
    ----------
    path : str or Path
        The report, or the crate beside it.
    allow_versions : bool
        Whether other versions, of libraries or of cxkit, are accepted as long as the numbers hold.
    timeout : float
        Seconds that one cell may take.
    progress : bool, optional
        Whether to show a bar; by default on a terminal.
    rebuild : bool
        Whether it is also made again in the environment of then, which is installed for it.
    commit : str, optional
        The commit of cxkit for that, where the crate names none.
    contained : bool
        Whether it runs in the sandbox in any case, as is right for a notebook that somebody else wrote.
    data : Path, optional
        The folder of files that lay outside the folder of the first run: the crate has their names alone.
    keep : Path, optional
        The folder to keep the page in that is made here, from what the notebook shows now.

    Returns
    -------
    Verification

    Raises
    ------
    NotebookError
        If there is no crate, the environment of then cannot be made, or a folder is none.
    """
    if commit is not None and not rebuild:
        raise NotebookError("A commit is for making the environment of then: add --rebuild, or leave --commit out.")
    report, folder = _places(Path(path))
    _refuse_folders(report, data, keep)
    manifest, files = read_manifest(folder), Files.read(report)
    conditions = Conditions(timeout=timeout, progress=progress, policy=_policy(manifest, contained, rebuild))
    changed = _changed_files(files, folder, manifest)
    findings = [*changed]
    try:
        work = find_work(folder, manifest, data)
        findings += [*_changed_inputs(manifest, work), *_other_code(manifest)]
        before = Outcome.of(folder)
        record = Checked() if changed else _check_record(folder, manifest)
    except (NotebookError, OSError, ValueError) as error:
        incomplete = Finding("file", folder.name, f"the crate is incomplete or damaged: {reason_of(error)}")
        return _not_run(report, [*findings, incomplete], allow_versions)
    then = _of_then(report, work, manifest, before, timeout, commit) if rebuild else None
    found, claims = _of_now(files, work, manifest, before, conditions, keep)
    findings += [*claims, *([Finding(record.kind, METADATA, record.change)] if record.change else [])]
    if then is not None:  # what was changed was so there too
        then = replace(then, findings=(*(one for one in findings if one.kind in _STANDING), *then.findings))
    return replace(
        found,
        findings=tuple(dict.fromkeys([*findings, *found.findings])),
        not_compared=(*found.not_compared, *record.not_compared),
        allowed_versions=allow_versions,
        rebuilt=then,
    )


def _check_record(folder: Path, manifest: Manifest) -> Checked:
    """Hold the metadata of a crate against its manifest, and tell what of both no run can show."""
    told = read_metadata(folder)
    not_shown = [] if told.agent is None else [f"that '{told.agent}' ran it"]
    if manifest.code is not None and not is_of_commit(manifest.code):
        not_shown.append(f"that cxkit's code then was that of commit {str(manifest.code.commit)[:10]}")
    if told.are_of_manifest:
        return Checked(not_compared=tuple(not_shown))
    if _other_code(manifest):
        return Checked(not_compared=(*not_shown, f"{METADATA}, which other code than this wrote"))
    return Checked(f"{METADATA} does not say what manifest.json says", kind="file")


def _refuse_folders(report: Path, data: Path | None, keep: Path | None) -> None:
    """Refuse a folder of data that is none, and one for the page in which that would take the report's place."""
    if data is not None and not data.is_dir():
        raise NotebookError(f"There is no folder {data}: --data names the one with the files of the first run.")
    if keep is not None and keep.resolve() in {report.parent.resolve(), crate_of(report).resolve()}:
        raise NotebookError(f"A page kept in {keep} would take the place of {report.name}: name another for --keep.")


def _of_now(
    report: Files, work: Work, manifest: Manifest, before: Outcome, conditions: Conditions, keep: Path | None
) -> tuple[Verification, list[Finding]]:
    """What comes out here and now, and what the crate claims otherwise than this run."""
    path = report.path
    try:
        run = make_again(work, manifest, conditions)
    except (NotebookError, OSError, ValueError) as error:
        return _not_run(path, [_no_run(manifest, error)]), []
    now = read_claims_of(manifest_of(run))
    named = replace(run, notebook=work.modules_in / manifest.notebook.name)
    pages = _pages(report, named, before, manifest)
    lost = before.has_widgets and run.policy == "contained" and manifest.policy == "open"
    before = before.without_widgets() if lost else before
    found = compare_outcomes(path, before, Outcome.in_notebook(run.executed or {}))
    left_out = [text for one in pages for text in one.not_compared]
    changed = [Finding(one.kind, path.name, one.change) for one in pages if one.change]
    if not changed and {one.kind for one in found.findings} <= {"version"}:  # else its outputs tell more
        changed += [Finding(one.degree, path.name, one.text) for one in page_changes(named, before.executed)]
    kept = "" if keep is None else str(write_atomically(keep / f"{path.stem}.html", report_html(named)))
    renamed = [] if path.name == manifest.report else [f"it was made as {manifest.report}, and has another name now"]
    told, left_out = (*renamed, *remarks(manifest, now)), [*left_out, *found.not_compared]
    if lost:
        left_out.append("widgets, whose state nobody records of a contained run")
    found = replace(found, remarks=told, not_compared=tuple(left_out), kept=kept)
    return found, [*_other_claims(manifest, now, run), *changed]


def _policy(manifest: Manifest, contained: bool, rebuild: bool) -> Policy:
    """Where the notebook runs: in the sandbox if it is asked for, or was so at first."""
    if not contained and manifest.policy == "open":
        return "open"
    if rebuild:
        raise NotebookError(
            "--rebuild runs the notebook with your rights, and this one is to be contained (it was so at first, or "
            "--contained says so). Verify it without --rebuild."
        )
    return "contained"


def _other_claims(manifest: Manifest, now: Claims, run: Run) -> list[Finding]:
    """What the crate says of its run otherwise than the run says now."""
    found = [Finding("input", name, text) for name, text in other_data(manifest, now)]
    imported = imported_libraries(run.executed or {"cells": []})
    return found + [
        Finding(cast("Kind", kind), name, text) for kind, name, text in other_claims(manifest, now, imported)
    ]


def _pages(report: Files, run: Run, before: Outcome, manifest: Manifest) -> list[Checked]:
    """The page and its print, held against the notebook. One that was changed after the run is told already."""
    if report.sha256 != manifest.report_sha256:
        return []
    same_code = not _other_code(manifest)
    then = manifest.versions.get("cxkit", "")
    page = check_page(report, run, before.executed, then, same_code=same_code)
    return [page] if page.change else [page, check_print(report)]


def _of_then(
    report: Path, work: Work, manifest: Manifest, before: Outcome, timeout: float, commit: str | None
) -> Verification:
    """What comes out in the environment of then."""
    environment = environment_of(manifest, commit)
    with own_folder() as place:
        try:
            crate = run_there(environment, work, timeout, place)
            found = compare_outcomes(report, before, Outcome.of(crate))
            found = replace(found, findings=(*_unnamed(manifest, crate, work), *found.findings))
        except (NotebookError, OSError, ValueError) as error:
            found = _not_run(report, [_no_run(manifest, error)])
    return replace(found, where=environment.text, not_compared=("the page", *found.not_compared))


def _unnamed(manifest: Manifest, crate: Path, work: Work) -> list[Finding]:
    """Libraries of the environment of then that the first crate does not name: any version of them is there."""
    used = read_manifest(crate)
    if manifest.code is None or used.code is None:  # an earlier release recorded what was installed
        return []
    imported = imported_libraries(read_notebook(work.notebook)) - NOT_INSTALLED
    return [Finding("version", name, text) for name, text in unnamed_versions(manifest, used, imported)]


def _no_run(manifest: Manifest, error: Exception) -> Finding:
    if isinstance(error, TemplateLost):
        told = f"nothing was run, since this machine started no kernel, which says nothing of the report: {error}"
        return Finding("run", manifest.notebook.name, f"{told} Call verify again; `cxkit doctor` looks for the cause.")
    return Finding("run", manifest.notebook.name, f"the notebook no longer runs: {error}")


def _not_run(
    report: Path, findings: Sequence[Finding], allow_versions: bool = False, then: Verification | None = None
) -> Verification:
    return Verification(
        report=report, findings=tuple(findings), compared=0, ran=False, allowed_versions=allow_versions, rebuilt=then
    )


def reports_in(path: str | Path) -> list[Path]:
    """The path itself; or, for a folder of reports, every crate in it, and every page without one.

    Raises
    ------
    NotebookError
        If the folder holds no crate.
    """
    path = Path(path)
    if path.suffix == ".zip":
        raise NotebookError(f"{path} is packed. Unpack it, and name the report or the folder of its crate.")
    if path.suffix == ".ipynb":
        raise NotebookError(f"{path} is a notebook. Name the report that was made from it, or the crate beside that.")
    if not path.is_dir() or path.suffix == ".crate" or (path / MANIFEST).exists():
        return [path]
    return pages_in(path)


def _places(path: Path) -> tuple[Path, Path]:
    """The report and its crate, whichever of the two was named: a crate is that of the page of its own name."""
    if path.suffix == ".crate" or path.name == MANIFEST or (path / MANIFEST).exists():
        folder = path.parent if path.name == MANIFEST else path
        named, own = Path(read_manifest(folder).report), folder.resolve()
        return own.with_suffix(named.suffix) if own.suffix == ".crate" else own.parent / named, folder
    if not path.exists():
        raise NotebookError(f"There is no report {path}.")
    return path, crate_of(path)


def _changed_files(report: Files, folder: Path, manifest: Manifest) -> list[Finding]:
    found = []
    for name, digest in {**manifest.files, manifest.report: manifest.report_sha256}.items():
        if told := _fault_of_file(folder / name, digest):
            found.append(Finding("file", name, f"{folder.name}/{name} {told}"))
    name = report.path.name
    if report.content is None:
        found.append(Finding("file", name, f"{name} is missing"))
    elif report.sha256 != manifest.report_sha256:
        place = _first_change(report, folder, manifest)
        found.append(Finding("file", name, f"{name} was changed after the run{place}"))
    return found + _changed_print(report)


def _fault_of_file(path: Path, digest: str) -> str:
    if not path.is_file():
        return "is missing"
    try:
        return "" if sha256_of(path, most_bytes=LARGEST) == digest else "was changed after the run"
    except OSError as error:
        return f"cannot be read: {reason_of(error)}"


def _changed_print(report: Files) -> list[Finding]:
    """The PDF beside the report, if there is one, must be what was printed, and from this html."""
    printed, imprint = report.path.with_suffix(".pdf").name, report.imprint
    if report.printed is None or report.content is None:
        return []
    if imprint is None:
        return [Finding("file", printed, f"{printed} was changed after it was printed")]
    if imprint[1] != report.sha256:
        other = f"{printed} was printed from another {report.path.name} than this one"
        return [Finding("file", printed, other)]
    return []


def _first_change(report: Files, folder: Path, manifest: Manifest) -> str:
    """Where a report first differs from the copy in its crate, in its own words."""
    try:
        copy = read_regular(folder / manifest.report, LARGEST)
    except OSError:
        return ""
    texts = [content.decode("utf-8", "replace") for content in (copy, report.content or b"")]
    pairs = zip(*(text.splitlines() for text in texts), strict=False)
    for number, (before, now) in enumerate(pairs, 1):
        if before != now:
            start = max(0, first_difference(before, now) - 20)
            return f", first in line {number}: '{before[start : start + 60]}' is now '{now[start : start + 60]}'"
    return ", at its end"


def _changed_inputs(manifest: Manifest, work: Work) -> list[Finding]:
    now = inputs_of(work.files)
    found = []
    for name, digest in manifest.inputs.items():
        if name not in now:
            found.append(Finding("input", name, f"{name} is missing: {where_sought(name, work, manifest)}"))
        elif now[name] != digest:
            found.append(Finding("input", name, f"{name} has other contents than when the report was made"))
    return found


def _other_code(manifest: Manifest) -> list[Finding]:
    """Libraries and code of cxkit that are not as they were."""
    found = [Finding("version", name, text) for name, text in other_versions(manifest)]
    code = other_code(manifest)
    return [*found, Finding("code", "cxkit", code)] if code else found
