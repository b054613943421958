"""Does a report still come out the same? It is made again from what its crate tells, and compared number by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from cxkit.errors import NotebookError, reason_of
from cxkit.files import read_regular, sha256_of
from cxkit.running.notebooks.notebook import LARGEST, read_notebook
from cxkit.running.pages.pdf import read_imprint
from cxkit.running.plan import CELL_TIMEOUT, Run
from cxkit.running.provenance.again import Conditions, Work, find_work, make_again
from cxkit.running.provenance.changes import Change, Moved, first_difference
from cxkit.running.provenance.claims import DECLARED, Claims, Manifest, read_claims_of
from cxkit.running.provenance.crate import crate_of
from cxkit.running.provenance.declared import changes, declared_in, in_file_order, is_usable
from cxkit.running.provenance.folder import pages_in
from cxkit.running.provenance.inputs import inputs_of
from cxkit.running.provenance.manifest import manifest_of
from cxkit.running.provenance.outputs import compared_in, output_changes, session_versions, shown_in
from cxkit.running.provenance.page_check import Checked, check_page, check_print
from cxkit.running.provenance.reading import MANIFEST, read_declared, read_executed, read_manifest
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
from cxkit.running.provenance.written import undeclared, written_changes
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

    Returns
    -------
    Verification

    Raises
    ------
    NotebookError
        If there is no crate, or the environment of then cannot be made.
    """
    if commit is not None and not rebuild:
        raise NotebookError("A commit is for making the environment of then: add --rebuild, or leave --commit out.")
    report, folder = _places(Path(path))
    manifest = read_manifest(folder)
    conditions = Conditions(timeout=timeout, progress=progress, policy=_policy(manifest, contained, rebuild))
    findings = _changed_files(report, folder, manifest)
    try:
        work = find_work(folder, manifest, data)
        findings += [*_changed_inputs(manifest, work), *_other_code(manifest)]
        before = Outcome.of(folder)
    except (NotebookError, OSError, ValueError) as error:
        incomplete = Finding("file", folder.name, f"the crate is incomplete or damaged: {reason_of(error)}")
        return _not_run(report, [*findings, incomplete], allow_versions)
    then = _of_then(report, work, manifest, before, timeout, commit) if rebuild else None
    found, claims = _of_now(report, work, manifest, before, conditions)
    findings += claims
    if then is not None:  # what was changed was so there too
        then = replace(then, findings=(*(one for one in findings if one.kind in _STANDING), *then.findings))
    return replace(
        found,
        findings=tuple(dict.fromkeys([*findings, *found.findings])),
        allowed_versions=allow_versions,
        rebuilt=then,
    )


def _of_now(
    report: Path, work: Work, manifest: Manifest, before: Outcome, conditions: Conditions
) -> tuple[Verification, list[Finding]]:
    """What comes out here and now, and what the crate claims otherwise than this run."""
    try:
        run = make_again(work, manifest, conditions)
    except (NotebookError, OSError, ValueError) as error:
        return _not_run(report, [_no_run(manifest, error)]), []
    now = read_claims_of(manifest_of(run))
    pages = _pages(report, replace(run, notebook=work.modules_in / manifest.notebook.name), before, manifest)
    found = compare_outcomes(report, before, Outcome.in_notebook(run.executed or {}))
    left_out = tuple(text for one in pages for text in one.not_compared)
    changed = [Finding(one.kind, report.name, one.change) for one in pages if one.change]
    found = replace(found, remarks=tuple(remarks(manifest, now)), not_compared=left_out)
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


@dataclass(frozen=True)
class Outcome:
    """What a notebook showed: the numbers that it stands by, as they are kept apart, and its cells with all outputs."""

    declared: Sequence[Mapping[str, Any]]
    executed: Mapping[str, Any]

    @classmethod
    def of(cls, crate: Path) -> Outcome:
        """What stands in a crate."""
        declared = read_declared(crate)
        if not all(map(is_usable, declared)):
            raise NotebookError(f"{crate / DECLARED} is damaged: it is no list of tables, pictures and values.")
        return cls(declared, read_executed(crate))

    @classmethod
    def in_notebook(cls, executed: Mapping[str, Any]) -> Outcome:
        """What an executed notebook shows."""
        return cls(declared_in(executed), executed)


def compare_outcomes(report: Path, before: Outcome, now: Outcome) -> Verification:
    """What a crate holds against what came out now: numbers, outputs, and the notebook that they are said to be of."""
    shown, in_outputs = shown_in(before.executed), declared_in(before.executed)
    told = changes(before.declared, now.declared)
    if in_outputs != before.declared:
        told += changes([*map(in_file_order, in_outputs)], [*map(in_file_order, now.declared)])
    told += output_changes(shown, shown_in(now.executed))
    told += written_changes(before.executed, now.executed)
    if not any(isinstance(one, Change) for one in told):
        told += undeclared(before.declared, in_outputs)
    within = {one.name: one.by for one in told if isinstance(one, Moved)}
    moved = [Finding(one.degree, one.name, one.text) for one in told if isinstance(one, Change)]
    others = [Finding("version", name, text) for name, text in session_versions(before.executed, now.executed)]
    return Verification(
        report=report,
        findings=tuple(dict.fromkeys([*others, *moved])),
        compared=len(before.declared) + compared_in(shown),
        rounded=len(within),
        furthest=max(within.values(), default=0.0),
    )


def _pages(report: Path, run: Run, before: Outcome, manifest: Manifest) -> list[Checked]:
    """The page and its print, held against the notebook. One that was changed after the run is told already."""
    if not report.is_file() or report.suffix != ".html" or sha256_of(report) != manifest.report_sha256:
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
    return replace(found, where=environment.text, not_compared=("the page",))


def _unnamed(manifest: Manifest, crate: Path, work: Work) -> list[Finding]:
    """Libraries of the environment of then that the first crate does not name: any version of them is there."""
    used = read_manifest(crate)
    if manifest.code is None or used.code is None:  # an earlier release recorded what was installed
        return []
    imported = imported_libraries(read_notebook(work.notebook)) - NOT_INSTALLED
    return [Finding("version", name, text) for name, text in unnamed_versions(manifest, used, imported)]


def _no_run(manifest: Manifest, error: Exception) -> Finding:
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


def _changed_files(report: Path, folder: Path, manifest: Manifest) -> list[Finding]:
    wanted = {folder / name: digest for name, digest in manifest.files.items()}
    wanted[report] = manifest.report_sha256
    found = []
    for path, digest in wanted.items():
        if not path.is_file():
            found.append(Finding("file", path.name, f"{path.name} is missing"))
        elif sha256_of(path) != digest:
            place = _first_change(report, folder) if path == report else ""
            found.append(Finding("file", path.name, f"{path.name} was changed after the run{place}"))
    return found + _changed_print(report)


def _changed_print(report: Path) -> list[Finding]:
    """The PDF beside the report, if there is one, must be what was printed, and from this html."""
    printed = report.with_suffix(".pdf")
    if not printed.is_file() or not report.is_file() or printed == report:
        return []
    imprint = read_imprint(printed)
    if imprint is None:
        return [Finding("file", printed.name, f"{printed.name} was changed after it was printed")]
    if imprint[1] != sha256_of(report):
        return [Finding("file", printed.name, f"{printed.name} was printed from another {report.name} than this one")]
    return []


def _first_change(report: Path, folder: Path) -> str:
    """Where a report first differs from the copy in its crate, in its own words."""
    try:
        texts = [read_regular(path, LARGEST).decode("utf-8", "replace") for path in (folder / report.name, report)]
    except OSError:
        return ""
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
            found.append(Finding("input", name, f"{name} is missing"))
        elif now[name] != digest:
            found.append(Finding("input", name, f"{name} has other contents than when the report was made"))
    return found


def _other_code(manifest: Manifest) -> list[Finding]:
    """Libraries and code of cxkit that are not as they were."""
    found = [Finding("version", name, text) for name, text in other_versions(manifest)]
    code = other_code(manifest)
    return [*found, Finding("code", "cxkit", code)] if code else found
