"""Makes a run again from its crate: with the caller's rights, or in the sandbox on the inputs that it names."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from cxkit.errors import NotebookError, first_of
from cxkit.running.kernels.modules import modules_beside
from cxkit.running.notebooks.notebook import read_notebook
from cxkit.running.plan import CELL_TIMEOUT, Plan, Run, plan_run
from cxkit.running.provenance.claims import NOTEBOOK, Manifest
from cxkit.running.provenance.inputs import NAMES_OF_KIT, input_files, modules_in, named_in, texts_of
from cxkit.running.sandbox.limits import Limits, Policy

_LISTED = 5


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """How a run is made again.

    Attributes
    ----------
    timeout : float
        Seconds that one cell may take.
    progress : bool, optional
        Whether to show a bar; by default on a terminal.
    policy : {"open", "contained"}
        With the caller's rights, or in the sandbox.
    """

    timeout: float = CELL_TIMEOUT
    progress: bool | None = None
    policy: Policy = "open"


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is run again.

    Attributes
    ----------
    notebook : Path
        The one in the crate.
    values : dict
        The parameters that are set.
    told : dict
        Words of the crate by the paths that stand for them now.
    modules_in : Path
        Where its modules are: never in the crate, which is a stranger's.
    files : dict
        What it rests on, by the names that the crate has for them.
    data : Path, optional
        The folder of files that lay outside the folder of the first run.
    """

    notebook: Path
    values: Mapping[str, Any]
    told: Mapping[str, str] = field(default_factory=dict)
    modules_in: Path
    files: Mapping[str, Path]
    data: Path | None = None


def find_work(folder: Path, manifest: Manifest, data: Path | None = None) -> Work:
    """Find the files that a crate names, here and now.

    Raises
    ------
    NotebookError
        If its notebook cannot be read.
    """
    notebook, told = folder / NOTEBOOK, dict[str, str]()
    parameters = dict(manifest.parameters)
    for name in manifest.elsewhere if data is not None else ():
        assert data is not None
        parameters[name] = _found(parameters[name], data, told)
    place = _module_folder(manifest, data)
    if place != Path():
        told |= _modules_beside(notebook, place, manifest)
    modules = modules_in(notebook, [Path(), place], told)
    if notebook.is_symlink():
        raise NotebookError(f"{notebook} is a link, and no file.")
    files = input_files(parameters, named_in(read_notebook(notebook)), modules, told)
    values = {name: value for name, value in parameters.items() if name in manifest.given}
    return Work(notebook=notebook, values=values, told=told, modules_in=place, files=files, data=data)


def _found(value: Any, data: Path, told: dict[str, str]) -> Any:
    """A value with the path of each file of which the crate tells the last part, where it lies in a folder."""
    if isinstance(value, Mapping):
        return {key: _found(one, data, told) for key, one in value.items()}
    if isinstance(value, list):
        return [_found(one, data, told) for one in value]
    is_name = isinstance(value, str) and Path(value).name == value.rstrip("/") != ""
    if not is_name or not (data / value).exists():
        return value
    path = str((data / value).resolve()) + ("/" if value.endswith("/") else "")
    told[path] = value
    return path


def _module_folder(manifest: Manifest, data: Path | None) -> Path:
    """The folder in which the notebook lay, if it is told and there, else the current one."""
    path = Path(manifest.notebook.path)
    for candidate in (path, *([data / manifest.notebook.name] if data is not None else [])):
        if candidate == path and path.is_absolute():
            continue  # of an earlier release
        if _is_file(candidate):
            return candidate.parent
    return Path()


def _modules_beside(notebook: Path, place: Path, manifest: Manifest) -> dict[str, str]:
    """The names that the crate has for modules in the folder of the notebook, which may be another now, by path."""
    then = PurePosixPath(manifest.notebook.path).parent
    named = {str(path): (then / name).as_posix() for name, path in modules_beside(notebook, place).items()}
    return {path: name for path, name in named.items() if name in manifest.inputs}


def where_sought(name: str, work: Work, manifest: Manifest) -> str:
    """Where an input of a crate is looked for, and what to do if it is not there."""
    if name.startswith(NAMES_OF_KIT):
        return "it is no longer among the data of cxkit"
    for text in named_in(read_notebook(work.notebook)).texts:
        if text != name and PurePosixPath(text).is_absolute() and text.endswith(f"/{name}"):
            return f"the notebook's code names it '{text}', so it must lie there"
        if text == name:
            return f"the notebook's code names it so, from the folder of this call: put it there as '{name}'"
    if name in texts_of(manifest.parameters.values()) or not name.endswith(".py"):
        is_elsewhere = any(name in texts_of([manifest.parameters[one]]) for one in manifest.elsewhere)
        return (
            "a parameter names it outside the folder of the first run: --data FOLDER says in which folder it lies"
            if is_elsewhere
            else f"it is looked for from the folder of this call: put it there as '{name}'"
        )
    return (
        f"the notebook imports it from its own folder: call verify where '{name}' lies below, or lay it beside "
        f"{manifest.notebook.name} in a folder, and name that folder: --data FOLDER"
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def make_again(work: Work, manifest: Manifest, conditions: Conditions) -> Run:
    """Run the notebook of a crate now. It works where the caller is, as the first run did.

    Raises
    ------
    NotebookError
        If it does not run through, or is to be contained and there is no sandbox.
    """
    from cxkit.running.run import run_plan

    missing = [value for value in _elsewhere(work, manifest) if not Path(value).exists()]
    if missing:
        raise NotebookError(
            f"{', '.join(missing)} lay outside the folder of the first run. Call verify where it lies, or name its "
            "folder: --data FOLDER."
        )
    plan = replace(plan_run(work.notebook, work.values), told=work.told, modules_in=work.modules_in)
    if conditions.policy == "contained":
        return _contained(plan, work, manifest, conditions)
    return run_plan(plan, progress=conditions.progress, timeout=conditions.timeout, ask_surroundings=True)


def _elsewhere(work: Work, manifest: Manifest) -> list[str]:
    values = [work.values[name] for name in manifest.elsewhere if name in work.values]
    return [value for value in values if isinstance(value, str)]


def _contained(plan: Plan, work: Work, manifest: Manifest, conditions: Conditions) -> Run:
    """The run in the sandbox: it sees the files that the crate names as inputs, read-only, and no others."""
    from cxkit.running.queue.execution import HowToRun, execute
    from cxkit.running.run import find_session

    given = {name: value for name, value in manifest.parameters.items() if name in manifest.given}
    longest = max(Limits().total_seconds, conditions.timeout)
    limits = Limits(cell_seconds=conditions.timeout, total_seconds=longest)
    named = _shown_files(work, manifest)
    # Modules lie where a contained run works, whatever folder the notebook lay in
    modules = {path.relative_to(work.modules_in).as_posix(): path for path in named.values()
               if path.suffix == ".py" and path.is_relative_to(work.modules_in)}  # fmt: skip
    shown = replace(plan_run(work.notebook, given), told=work.told, modules_in=work.modules_in)
    left = execute(shown, {**modules, **named}, HowToRun(policy="contained", limits=limits), threading.Event())
    if left.complaint:
        raise NotebookError(_with_the_sandbox(left.complaint, named))
    assert left.executed is not None
    return Run(
        notebook=plan.notebook,
        notebook_sha256=plan.notebook_sha256,
        parameters=shown.effective,
        given=tuple(given),
        executed=left.executed,
        seconds=left.seconds,
        session=find_session(left.executed),
        policy="contained",
        told=work.told,
        modules_in=work.modules_in,
    )


def _shown_files(work: Work, manifest: Manifest) -> dict[str, Path]:
    """The inputs of a crate that a contained run is shown: what its code names beside these is nobody's business."""
    # Not the folder in which the notebook lay: the crate tells that, and a stranger wrote it
    folders = [folder.resolve() for folder in (Path(), work.data) if folder is not None]
    found = dict[str, Path]()
    for name, path in work.files.items():
        if name not in manifest.inputs or name.startswith(NAMES_OF_KIT):
            continue
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise NotebookError(f"'{name}' does not lie in the current folder or below it: the sandbox cannot show it.")
        if not any(path.resolve().is_relative_to(folder) for folder in folders):
            raise NotebookError(
                f"'{name}' lies outside the current folder, or is a link to a file elsewhere: the sandbox does not "
                "show it."
            )
        found[name] = path
    return found


def _with_the_sandbox(complaint: str, shown: Mapping[str, Path]) -> str:
    """Why a notebook failed, and what it could see if it failed for a file."""
    if not any(word in complaint for word in ("PermissionError", "FileNotFoundError")):
        return complaint
    names = first_of(sorted(shown), _LISTED) if shown else "none"
    return (
        f"{complaint.rstrip('.')}. It ran contained, in a folder with the inputs of its crate alone ({names}) and "
        "nothing above it: what its code names otherwise, as '../data.csv', cannot be seen there."
    )
