"""The list of runs of a project: which notebook, with which parameters, under which name."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from cxkit.errors import NotebookError, Problems, nearest
from cxkit.running.notebooks.notebook import not_of_study
from cxkit.running.plan import plan_run
from cxkit.running.sandbox.limits import Policy
from cxkit.shipped import notebooks_folder

Badge = Literal["real", "synthetic"]
_KEYS = ("notebook", "name", "title", "data", "parameters", "inputs")
_POLICIES = ("open", "contained")
_LONGEST_PATH = 1_000


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One entry of a runs file.

    Attributes
    ----------
    name : str
        File name of the report, without suffix.
    notebook : Path
        The notebook to run.
    title : str or None
        Title in the index and of the report; by default the notebook's own.
    data : {"real", "synthetic"} or None
        The label in the index.
    parameters : dict
        What the run sets.
    inputs : tuple of str
        Files and folders that a contained run may read, as seen from the current folder.
    policy : {"open", "contained"}
        Where the list wants its notebooks to run.
    """

    name: str
    notebook: Path
    title: str | None = None
    data: Badge | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    policy: Policy = "open"


def read_runs(path: str | Path) -> list[PlannedRun]:
    """Which runs does this file list?

    Parameters
    ----------
    path : str or Path
        A TOML file with one ``[[run]]`` table a run: ``notebook`` (a path, or the name of a notebook of cxkit) and
        ``name``, and if wanted
        ``title``, ``data = "real"`` or ``"synthetic"``, ``inputs = [...]`` (files that a contained run may read) and
        ``[run.parameters]``. Before the first of them there may be ``policy = "contained"``:
        somebody else wrote the notebooks. Paths are relative to the file; where nothing lies there, inputs and
        parameters are taken from the current folder.

    Returns
    -------
    list of PlannedRun
        In the order of the file. Each has an existing notebook, a name of its own, and parameters that fit.

    Raises
    ------
    NotebookError
        Everything that is wrong with the file at once; nothing has run.
    """
    path = Path(path)
    content = _read_toml(path)
    entries = content.get("run")
    if not isinstance(entries, list) or not entries:
        raise NotebookError(f"{path} lists no runs. Add a table [[run]] with notebook and name for each.")
    problems = Problems(str(path))
    for key in sorted(content.keys() - {"run", "policy"}):
        problems.add(f"'{key}' is not known here.{nearest(key, ['run', 'policy'])}")
    if content.get("policy", "open") not in _POLICIES:
        problems.add(f'policy is {content["policy"]!r}; it must be "open" or "contained"')
    runs = [_read_entry(entry, number, path.parent, problems) for number, entry in enumerate(entries, start=1)]
    _find_duplicates(runs, problems)
    if problems:
        problems.raise_as(NotebookError)
    policy: Policy = "contained" if content.get("policy") == "contained" else "open"
    return [replace(run, policy=policy) for run in runs if run is not None]


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise NotebookError(f"There is no list of runs {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise NotebookError(f"{path} cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise NotebookError(f"{path} is not valid TOML: {error}.") from None


def _read_entry(entry: Any, number: int, folder: Path, problems: Problems) -> PlannedRun | None:
    where = f"run {number}"
    if not isinstance(entry, dict):
        problems.add(f"{where}: not a table; write [[run]]")
        return None
    name = entry.get("name")
    where = f"{where} ({name})" if isinstance(name, str) else where
    for key in entry.keys() - set(_KEYS):
        problems.add(f"{where}: '{key}' is not known.{nearest(key, _KEYS)}")
    missing = [key for key in ("notebook", "name") if not isinstance(entry.get(key), str) or not entry[key]]
    if missing:
        problems.add(f"{where}: {' and '.join(missing)} must be given as text")
        return None
    _check_entry(entry, where, problems)
    notebook = _notebook(entry["notebook"], folder)
    is_shipped = notebook.parent == notebooks_folder() != folder
    refusal = not_of_study(notebook.stem, folder / "notebooks") if is_shipped else ""
    given = entry.get("parameters")
    names_data = isinstance(given, dict) and "survey_path" in given
    if refusal and not names_data:
        problems.add(f"{where}: {refusal}")
        return None
    run = PlannedRun(
        name=entry["name"],
        notebook=notebook,
        title=entry.get("title"),
        data=entry.get("data"),
        parameters=_seen_from_here(entry.get("parameters", {}), folder),
        inputs=tuple(_seen_from_here(list(entry.get("inputs", ())), folder)),
    )
    _check_run(run, where, problems)
    return run


def _check_entry(entry: Mapping[str, Any], where: str, problems: Problems) -> None:
    if not _is_file_name(entry["name"]):
        problems.add(f"{where}: the name becomes a file name: use letters, digits, '-', '_' and '.' only")
    if not isinstance(entry.get("title", ""), str):
        problems.add(f"{where}: title must be text")
    if entry.get("data", "real") not in ("real", "synthetic"):
        problems.add(f'{where}: data is {entry["data"]!r}; it must be "real" or "synthetic"')
    if not _is_list_of_names(entry.get("inputs", [])):
        problems.add(f"{where}: inputs must be a list of file names")


def _notebook(name: str, folder: Path) -> Path:
    """The notebook beside the file, else the one of cxkit of that name."""
    shipped = notebooks_folder() / f"{name.removesuffix('.ipynb')}.ipynb"
    for candidate in (folder / name, folder / f"{name}.ipynb", shipped):
        if candidate.is_file():
            return candidate
    return folder / name


def _seen_from_here(value: Any, folder: Path) -> Any:
    """A value in which relative paths that lie beside the file are written as seen from the current folder."""
    if isinstance(value, dict):
        return {key: _seen_from_here(one, folder) for key, one in value.items()}
    if isinstance(value, list):
        return [_seen_from_here(one, folder) for one in value]
    if not isinstance(value, str) or not _names_a_path(value, folder):
        return value
    ending = "/" if value.endswith("/") else ""  # by which a folder is an input
    return Path(os.path.relpath(folder / value)).as_posix() + ending


def _names_a_path(text: str, folder: Path) -> bool:
    """Whether a text is the relative path of a file, or of a folder if it has a slash, beside the list of runs."""
    if not text or len(text) > _LONGEST_PATH or "\0" in text or Path(text).is_absolute():
        return False
    try:
        return (folder / text).is_file() or ("/" in text and (folder / text).is_dir())
    except OSError:  # text that no file system takes for a name
        return False


def _is_list_of_names(inputs: Any) -> bool:
    return isinstance(inputs, list) and all(isinstance(name, str) and name for name in inputs)


def _is_file_name(name: str) -> bool:
    return all(c.isalnum() or c in "-_." for c in name) and not name.startswith(".") and name != "index"


def _check_run(run: PlannedRun, where: str, problems: Problems) -> None:
    if not isinstance(run.parameters, dict):
        problems.add(f"{where}: parameters must be a table [run.parameters]")
        return
    if not run.notebook.is_file():
        known = sorted(path.name for path in run.notebook.parent.glob("*.ipynb"))
        problems.add(f"{where}: there is no notebook {run.notebook}.{nearest(run.notebook.name, known)}")
        return
    try:
        plan_run(run.notebook, run.parameters)
    except NotebookError as error:
        problems.add(f"{where}: {_indented(error)}")


def _indented(error: Exception) -> str:
    return str(error).replace("\n", "\n    ")


def _find_duplicates(runs: Iterable[PlannedRun | None], problems: Problems) -> None:
    seen: dict[str, str] = {}
    for run in runs:
        if run is None:
            continue
        if run.name.casefold() in seen:  # some file systems do not tell cases apart
            problems.add(f"the name '{run.name}' is used twice: the second report would replace the first")
        seen[run.name.casefold()] = run.name
