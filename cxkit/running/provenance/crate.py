"""The folder beside a report that tells what it rests on: an RO-Crate with the notebook, its outputs and the numbers.

`NAME.html` gets `NAME.crate/`. Data are named by their hash and not copied: surveys are private.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbformat import writes

from cxkit.errors import NotebookError, reason_of
from cxkit.files import read_regular, sha256_of, write_atomically
from cxkit.running.provenance.claims import DECLARED, DEEPEST, EXECUTED, NOTEBOOK
from cxkit.running.provenance.declared import declared_in
from cxkit.running.provenance.manifest import manifest_of
from cxkit.running.provenance.reading import LARGEST_MANIFEST, MANIFEST
from cxkit.running.untrusted import read_json

if TYPE_CHECKING:
    from cxkit.running.plan import Run

METADATA = "ro-crate-metadata.json"
AGENT = "CXKIT_AGENT"
"""The variable with the name of the person who runs: nobody is named in a crate unless they want it."""
_NOBODY = "whoever ran cxkit, without a name"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_TERMS = "https://w3id.org/ro/terms/workflow-run/context"


def crate_of(report: Path) -> Path:
    """The folder that belongs to a report."""
    return report.with_suffix(".crate")


def write_crate(run: Run, report: Path, *, ended: datetime | None = None) -> Path:
    """Write what a report rests on beside it.

    Parameters
    ----------
    run : Run
        A run that was executed.
    report : Path
        Its report, already written.
    ended : datetime, optional
        When the run ended; now unless given. Times stand in the crate only, never in the report.

    Returns
    -------
    Path
        The folder. Its files are written one by one, the manifest last: a crate without one is not finished.
    """
    assert run.executed is not None
    folder = crate_of(report)
    finished = (ended or datetime.now(UTC)).astimezone(UTC)
    (folder / MANIFEST).unlink(missing_ok=True)
    write_atomically(folder / NOTEBOOK, run.notebook.read_bytes())
    write_atomically(folder / EXECUTED, writes(run.executed) + "\n")
    write_atomically(folder / DECLARED, _json(declared_in(run.executed)))
    manifest = {
        **manifest_of(run),
        "report": {"name": report.name, "sha256": sha256_of(report)},
        "files": {name: sha256_of(folder / name) for name in (NOTEBOOK, EXECUTED, DECLARED)},
        "run": {"ended": finished.isoformat(timespec="seconds"), "seconds": round(run.seconds, 3)},
    }
    copy = folder / report.name
    shutil.copyfile(report, copy)
    agent = os.environ.get(AGENT) or _NOBODY
    write_atomically(folder / METADATA, _json(metadata(manifest, folder, report.name, agent)))
    write_atomically(folder / MANIFEST, _json(manifest))
    return folder


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def metadata(manifest: Mapping[str, Any], folder: Path, report: str, agent: str) -> dict[str, Any]:
    """The manifest in the words of RO-Crate 1.1 and its Process Run profile."""
    files = {NOTEBOOK: "The notebook that was run", EXECUTED: "The notebook with its outputs",
             DECLARED: "Every table, picture and value that the report stands by, unrounded",
             report: "The report", MANIFEST: "What the run was computed from, for cxkit verify"}  # fmt: skip
    parameters = [
        {"@id": f"#parameter-{name}", "@type": "PropertyValue", "name": name, "value": json.dumps(value)}
        for name, value in manifest["parameters"].items()
    ]
    inputs = [
        {"@id": f"#input-{number}", "@type": "CreativeWork", "name": name, "identifier": f"sha256:{digest}"}
        for number, (name, digest) in enumerate(manifest["inputs"].items(), 1)
    ]
    software = [_package(name, version) for name, version in manifest["versions"].items()]
    given = [one["@id"] for one in (*parameters, *inputs)]
    return {
        "@context": ["https://w3id.org/ro/crate/1.1/context", _TERMS],
        "@graph": [
            {
                "@id": METADATA,
                "@type": "CreativeWork",
                "about": {"@id": "./"},
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            },
            _dataset(manifest, report, files),
            {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
            {"@id": "#licence", "@type": "CreativeWork", "name": "As the data and the notebook: ask who made them"},
            *(_file(name, description, manifest, folder) for name, description in files.items()),
            *parameters,
            *inputs,
            *software,
            {"@id": "#agent", "@type": "Person", "name": agent},
            _action(manifest, report, given),
        ],
    }


def _dataset(manifest: Mapping[str, Any], report: str, files: Iterable[str]) -> dict[str, Any]:
    """The crate as a whole."""
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Provenance of {report}",
        "description": "What a report of cxkit was computed from, and the numbers it stands by. Data are named by "
        "their hash and are not in here.",
        "datePublished": manifest["run"]["ended"],
        "license": {"@id": "#licence"},
        "conformsTo": {"@id": _PROFILE},
        "hasPart": [{"@id": name} for name in files],
        "mentions": {"@id": "#run"},
    }


def _action(manifest: Mapping[str, Any], report: str, given: Iterable[str]) -> dict[str, Any]:
    """The run: by whom, with what program, from what, to what."""
    machine = manifest["platform"]
    return {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"Run of {manifest['notebook']['name']}",
        "agent": {"@id": "#agent"},
        "instrument": {"@id": _package("cxkit", manifest["versions"].get("cxkit", ""))["@id"]},
        "object": [{"@id": name} for name in (NOTEBOOK, *given)],
        "result": [{"@id": name} for name in (report, EXECUTED, DECLARED)],
        "endTime": manifest["run"]["ended"],
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
        "description": f"Sandbox policy: {manifest['policy']}. Seed: {manifest['seed']}. Platform: "
        f"{machine['system']} {machine['machine']}.",
    }


@dataclass(frozen=True)
class Metadata:
    """What the metadata of a crate say beside its manifest: who ran it, and whether all else is the manifest's."""

    agent: str | None
    are_of_manifest: bool


def read_metadata(folder: Path) -> Metadata:
    """Write the metadata of a crate again from its manifest, which was checked, and compare.

    Raises
    ------
    NotebookError
        If they cannot be read.
    """
    try:
        manifest, content = (
            read_regular(folder / name, LARGEST_MANIFEST, follow_links=False) for name in (MANIFEST, METADATA)
        )
        graph = read_json(content, deepest=DEEPEST).get("@graph", [])
        agent = str(next((one.get("name") for one in graph if one.get("@id") == "#agent"), _NOBODY))
        claimed = read_json(manifest)
        written = _json(metadata(claimed, folder, claimed["report"]["name"], agent))
        return Metadata(None if agent == _NOBODY else agent, written.encode() == content)
    except (OSError, ValueError, AttributeError, TypeError) as error:  # anybody may have written it
        raise NotebookError(f"{folder / METADATA} cannot be read: {reason_of(error)}") from None


def _package(name: str, version: str) -> dict[str, Any]:
    """A program by the address under which others find just this version."""
    where = f"https://pypi.org/project/{name}/{version}/"
    if name == "python":
        where = f"https://www.python.org/downloads/release/python-{version.replace('.', '')}/"
    return {"@id": where, "@type": "SoftwareApplication", "name": name, "softwareVersion": version, "url": where}


def _file(name: str, description: str, manifest: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    formats = {".ipynb": "application/x-ipynb+json", ".json": "application/json", ".html": "text/html"}
    told = {
        "@id": name,
        "@type": "File",
        "name": name,
        "description": description,
        "encodingFormat": formats.get(Path(name).suffix, "application/octet-stream"),
    }
    if name != MANIFEST:  # written last, with the hashes of the others
        told["contentSize"] = str((folder / name).stat().st_size)
        told["identifier"] = f"sha256:{manifest['files'].get(name, manifest['report']['sha256'])}"
    return told
