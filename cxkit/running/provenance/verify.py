"""Does a report still come out the same? It is made again from what its crate tells, and compared number by number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cxkit.errors import NotebookError
from cxkit.running.files import sha256_of
from cxkit.running.pdf import read_imprint
from cxkit.running.plan import CELL_TIMEOUT
from cxkit.running.provenance.crate import DECLARED, MANIFEST, NOTEBOOK, crate_of, read_manifest
from cxkit.running.provenance.declared import changes, declared_in
from cxkit.running.provenance.manifest import inputs_of, versions

Kind = Literal["file", "input", "version", "number"]


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was.

    Attributes
    ----------
    kind : {"file", "input", "version", "number"}
        A file of the report or its crate was changed; an input has other bytes; a library has another version; a
        declared number, table or picture came out otherwise.
    name : str
    text : str
    """

    kind: Kind
    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What came out of making a report again.

    Attributes
    ----------
    report : Path
    findings : tuple of Finding
        Empty if everything is as it was.
    compared : int
        How many tables, pictures and values were compared.
    ran : bool
        Whether the notebook could be run again.
    allowed_versions : bool
        Whether other versions count as a finding.
    """

    report: Path
    findings: tuple[Finding, ...]
    compared: int
    ran: bool = True
    allowed_versions: bool = False

    @property
    def holds(self) -> bool:
        """Whether the report came out the same."""
        return not [one for one in self.findings if one.kind != "version" or not self.allowed_versions]

    @property
    def can_be_told(self) -> bool:
        """Whether the notebook could be run again at all."""
        return self.ran

    @property
    def text(self) -> str:
        """For a terminal: the verdict, then each finding."""
        verdict = "comes out the same" if self.holds else "does NOT come out the same"
        if not self.can_be_told:
            verdict = "could not be made again"
        head = f"{self.report.name} {verdict}: {self.compared} tables, pictures and values compared."
        return "\n".join([head, *(f"  {one.kind}: {one.text}" for one in self.findings)])

    def as_data(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "report": self.report.name,
            "holds": self.holds,
            "compared": self.compared,
            "findings": [{"kind": one.kind, "name": one.name, "text": one.text} for one in self.findings],
        }


def verify_report(
    path: str | Path, *, allow_versions: bool = False, timeout: float = CELL_TIMEOUT, progress: bool | None = None
) -> Verification:
    """Does this report come out the same when it is made again, here and now?

    Parameters
    ----------
    path : str or Path
        The report, or the crate beside it.
    allow_versions : bool
        Whether other versions of libraries are accepted as long as the numbers hold.
    timeout : float
        Seconds that one cell may take.
    progress : bool, optional
        Whether to show a bar; by default on a terminal.

    Returns
    -------
    Verification

    Raises
    ------
    NotebookError
        If there is no crate.
    """
    report, folder = _places(Path(path))
    manifest = read_manifest(folder)
    findings = [*_changed_files(report, folder, manifest), *_changed_inputs(manifest), *_other_versions(manifest)]
    compared, ran = 0, True
    try:
        before = json.loads((folder / DECLARED).read_text(encoding="utf-8"))
        now = _made_again(folder, manifest, timeout, progress)
    except (NotebookError, OSError, ValueError) as error:
        findings.append(Finding("number", manifest["notebook"]["name"], f"the notebook no longer runs: {error}"))
        ran = False
    else:
        findings += [Finding("number", one.name, one.text) for one in changes(before, now)]
        compared = len(before)
    return Verification(
        report=report, findings=tuple(findings), compared=compared, ran=ran, allowed_versions=allow_versions
    )


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
            start = next((k for k, (a, b) in enumerate(zip(before, now, strict=False)) if a != b), 0)
            start = max(0, start - 20)
            return f", first in line {number}: '{before[start : start + 60]}' is now '{now[start : start + 60]}'"
    return ", at its end"


def _changed_inputs(manifest: Mapping[str, Any]) -> list[Finding]:
    now = inputs_of(manifest["parameters"])
    found = []
    for name, digest in manifest["inputs"].items():
        if name not in now:
            found.append(Finding("input", name, f"{name} is missing"))
        elif now[name] != digest:
            found.append(Finding("input", name, f"{name} has other contents than when the report was made"))
    return found


def _other_versions(manifest: Mapping[str, Any]) -> list[Finding]:
    now, before = versions(), manifest["versions"]
    return [
        Finding("version", name, f"{name} was {before[name]} and is {now.get(name, 'not installed')}")
        for name in before
        if now.get(name) != before[name]
    ]


def _made_again(
    folder: Path, manifest: Mapping[str, Any], timeout: float, progress: bool | None
) -> list[dict[str, Any]]:
    """What the notebook in the crate declares now. It runs where `verify` was called, as the first run did."""
    from cxkit.running.run import run_notebook

    given = {name: manifest["parameters"][name] for name in manifest["given"]}
    run = run_notebook(folder / NOTEBOOK, given, timeout=timeout, progress=progress)
    assert run.executed is not None
    return declared_in(run.executed)
