"""Does a report still come out the same? It is made again from what its crate tells, and compared number by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cxkit.errors import NotebookError, reason_of
from cxkit.files import sha256_of
from cxkit.running.notebooks.notebook import read_notebook
from cxkit.running.pages.pdf import read_imprint
from cxkit.running.plan import CELL_TIMEOUT, Run
from cxkit.running.provenance.changes import Change, Moved, first_difference
from cxkit.running.provenance.crate import DECLARED, EXECUTED, MANIFEST, NOTEBOOK, crate_of, read_manifest
from cxkit.running.provenance.declared import changes, declared_in, in_file_order, is_usable
from cxkit.running.provenance.manifest import inputs_of, manifest_of, texts_in
from cxkit.running.provenance.outputs import compared_in, output_changes, session_versions, shown_in
from cxkit.running.provenance.reasons import other_code, other_data, other_versions, remarks
from cxkit.running.provenance.rebuild import environment_of, run_there
from cxkit.running.provenance.verification import Finding, Verification
from cxkit.running.provenance.written import undeclared, written_changes
from cxkit.running.temporary import own_folder
from cxkit.running.untrusted import read_json


def verify_report(
    path: str | Path,
    *,
    allow_versions: bool = False,
    timeout: float = CELL_TIMEOUT,
    progress: bool | None = None,
    rebuild: bool = False,
    commit: str | None = None,
) -> Verification:
    """Does this report come out the same when it is made again, here and now?

    The notebook in the crate runs again with your rights, in the folder where you are. Compared are the unrounded
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

    Returns
    -------
    Verification

    Raises
    ------
    NotebookError
        If there is no crate, or the environment of then cannot be made.
    """
    report, folder = _places(Path(path))
    manifest = read_manifest(folder)
    findings = [*_changed_files(report, folder, manifest), *_changed_inputs(manifest, folder), *_other_code(manifest)]
    try:
        before = Outcome.of(folder)
    except (NotebookError, OSError, ValueError) as error:
        incomplete = Finding("file", folder.name, f"the crate is incomplete or damaged: {reason_of(error)}")
        return _not_run(report, [*findings, incomplete], allow_versions)
    then = _of_then(report, folder, manifest, before, timeout, commit) if rebuild else None
    try:
        run = _made_again(folder, manifest, timeout, progress)
    except (NotebookError, OSError, ValueError) as error:
        return _not_run(report, [*findings, _no_run(manifest, error)], allow_versions, then)
    now = manifest_of(run)
    findings += [Finding("input", name, text) for name, text in other_data(manifest, now)]
    found = compare_outcomes(report, before, Outcome.in_notebook(run.executed or {}))
    return replace(
        found,
        findings=tuple(dict.fromkeys([*findings, *found.findings])),
        remarks=tuple(remarks(manifest, now)),
        allowed_versions=allow_versions,
        rebuilt=then,
    )


@dataclass(frozen=True)
class Outcome:
    """What a notebook showed: the numbers that it stands by, as they are kept apart, and its cells with all outputs."""

    declared: Sequence[Mapping[str, Any]]
    executed: Mapping[str, Any]

    @classmethod
    def of(cls, crate: Path) -> Outcome:
        """What stands in a crate."""
        declared = read_json((crate / DECLARED).read_bytes())
        if not isinstance(declared, list) or not all(map(is_usable, declared)):
            raise NotebookError(f"{crate / DECLARED} is damaged: it is no list of tables, pictures and values.")
        return cls(declared, read_notebook(crate / EXECUTED))

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


def _of_then(
    report: Path, folder: Path, manifest: Mapping[str, Any], before: Outcome, timeout: float, commit: str | None
) -> Verification:
    """What comes out in the environment of then."""
    environment = environment_of(manifest, commit)
    with own_folder() as place:
        try:
            crate = run_there(environment, folder / NOTEBOOK, _given(manifest), timeout, place)
            found = compare_outcomes(report, before, Outcome.of(crate))
        except (NotebookError, OSError, ValueError) as error:
            found = _not_run(report, [_no_run(manifest, error)])
    return replace(found, where=environment.text)


def _no_run(manifest: Mapping[str, Any], error: Exception) -> Finding:
    return Finding("run", manifest["notebook"]["name"], f"the notebook no longer runs: {error}")


def _not_run(
    report: Path, findings: Sequence[Finding], allow_versions: bool = False, then: Verification | None = None
) -> Verification:
    return Verification(
        report=report, findings=tuple(findings), compared=0, ran=False, allowed_versions=allow_versions, rebuilt=then
    )


def _given(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in manifest["parameters"].items() if name in manifest["given"]}


def reports_in(path: str | Path) -> list[Path]:
    """The path itself; or, for a folder of reports, every crate in it.

    Raises
    ------
    NotebookError
        If the folder holds no crate.
    """
    path = Path(path)
    if not path.is_dir() or path.suffix == ".crate" or (path / MANIFEST).exists():
        return [path]
    crates = sorted(one for one in path.glob("*.crate") if (one / MANIFEST).exists())
    if not crates:
        raise NotebookError(f"{path} holds no report with a crate beside it.")
    return crates


def _places(path: Path) -> tuple[Path, Path]:
    """The report and its crate, whichever of the two was named."""
    if path.suffix == ".crate" or path.name == MANIFEST or (path / MANIFEST).exists():
        folder = path.parent if path.name == MANIFEST else path
        return folder.parent / read_manifest(folder)["report"]["name"], folder
    if not path.exists():
        raise NotebookError(f"There is no report {path}.")
    return path, crate_of(path)


def _changed_files(report: Path, folder: Path, manifest: Mapping[str, Any]) -> list[Finding]:
    wanted = {folder / name: digest for name, digest in manifest["files"].items()}
    wanted[report] = manifest["report"]["sha256"]
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
    copy = folder / report.name
    if not copy.is_file():
        return ""
    pairs = zip(
        copy.read_text(encoding="utf-8", errors="replace").splitlines(),
        report.read_text(encoding="utf-8", errors="replace").splitlines(),
        strict=False,
    )
    for number, (before, now) in enumerate(pairs, 1):
        if before != now:
            start = max(0, first_difference(before, now) - 20)
            return f", first in line {number}: '{before[start : start + 60]}' is now '{now[start : start + 60]}'"
    return ", at its end"


def _changed_inputs(manifest: Mapping[str, Any], folder: Path) -> list[Finding]:
    texts: list[str] = []
    with suppress(NotebookError):  # whether it can be read is told where it runs
        texts = texts_in(read_notebook(folder / NOTEBOOK))
    now = inputs_of(manifest["parameters"], texts)
    found = []
    for name, digest in manifest["inputs"].items():
        if name not in now:
            found.append(Finding("input", name, f"{name} is missing"))
        elif now[name] != digest:
            found.append(Finding("input", name, f"{name} has other contents than when the report was made"))
    return found


def _other_code(manifest: Mapping[str, Any]) -> list[Finding]:
    """Libraries and code of cxkit that are not as they were."""
    found = [Finding("version", name, text) for name, text in other_versions(manifest)]
    code = other_code(manifest)
    return [*found, Finding("code", "cxkit", code)] if code else found


def _made_again(folder: Path, manifest: Mapping[str, Any], timeout: float, progress: bool | None) -> Run:
    """The notebook in the crate, run now. It runs where `verify` was called, as the first run did."""
    from cxkit.running.run import run_notebook

    return run_notebook(folder / NOTEBOOK, _given(manifest), timeout=timeout, progress=progress, ask_surroundings=True)
