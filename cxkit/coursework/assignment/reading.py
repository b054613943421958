"""Reads an assignment's folder, and finds everything in it that would go wrong later."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxkit.coursework.assignment import format as form
from cxkit.coursework.assignment.data import PUBLIC, Assignment, DataFile, LatePolicy, ParameterSet
from cxkit.coursework.assignment.questions import read_questions
from cxkit.coursework.assignment.source import check_source, read_source
from cxkit.coursework.assignment.toml_tables import Tables, read_toml
from cxkit.errors import AssignmentError, NotebookError, Problems, counted, nearest
from cxkit.running.notebooks.parameters import Parameter, check_parameters, read_parameters
from cxkit.running.sandbox.limits import Limits

FILE_NAME = "assignment.toml"
_MIB = 1 << 20


def read_assignment(folder: str | Path) -> Assignment:
    """What does this assignment ask, and is it in order?

    Parameters
    ----------
    folder : str or Path
        With `assignment.toml`, the source notebook, the data, and a file in `mistakes/` for each foreseen mistake.

    Returns
    -------
    Assignment

    Raises
    ------
    AssignmentError
        Every problem at once, each with the table of assignment.toml or the cell of the source that it stands in.
    """
    folder = Path(folder).resolve()
    data = read_toml(_description(folder))
    problems = Problems(f"{folder.name}/{FILE_NAME}")
    tables = Tables(problems)
    top = tables.values(data, form.ASSIGNMENT, "At the top")
    questions = read_questions(data, folder, tables)
    files = _files(data, folder, tables)
    source = _inside(folder, top["source"], "'source'", problems)
    notebook = _notebook(source, problems)
    extras = _extras(data, folder, tables, source)
    public, held_out = _parameter_sets(data, top, files, notebook, tables)
    limits, late = _limits(data, tables), _late(data, tables)
    _check_top(top, folder, sum(question.points for question in questions), problems)
    if not data.get("questions"):
        problems.add("there is no question. Each begins with the line [[questions]].")
    if notebook is not None:
        check_source(notebook, questions, str(top["source"]), problems)
    if problems:
        problems.raise_as(AssignmentError)
    assert source is not None
    assert notebook is not None
    return Assignment(
        id=top["id"],
        title=top["title"],
        points=top["points"],
        weight=top["weight"],
        expected_hours=top["expected_hours"],
        folder=folder,
        source=source,
        limits=limits,
        late=late,
        files=files,
        extras=extras,
        public=public,
        held_out=held_out,
        questions=questions,
        canary=top["canary"] or _canary_of(notebook),
    )


_AUTHORS_OWN = {FILE_NAME, "mistakes", "notes.md", "released.json", "proof.json"}


def _description(folder: Path) -> Path:
    path = folder / FILE_NAME
    if path.is_file():
        return path
    if folder.is_dir():
        raise AssignmentError(
            f"{folder} has no {FILE_NAME}, so it is no assignment. docs/assignments.md tells how to write one."
        )
    beside = (
        [one.name for one in folder.parent.iterdir() if (one / FILE_NAME).is_file()] if folder.parent.is_dir() else []
    )
    raise AssignmentError(f"There is no folder {folder}.{nearest(folder.name, beside)}")


def _check_top(top: Mapping[str, Any], folder: Path, total: float, problems: Problems) -> None:
    if top["id"] is not None and top["id"] != folder.name:
        problems.add(
            f"id = '{top['id']}', but the folder is called '{folder.name}'. Both must be the same: "
            "students' files are known by it."
        )
    if top["points"] is not None and abs(top["points"] - total) > 1e-9:
        problems.add(f"points = {top['points']:g}, but the points of the questions sum to {total:g}.")


def _limits(data: Mapping[str, Any], tables: Tables) -> Limits:
    read = tables.values(tables.one(data, "limits", "At the top"), form.LIMITS, "[limits]")
    if read["cell_seconds"] > read["total_seconds"]:
        tables.problems.add(f"[limits]: one cell may take {read['cell_seconds']:g} s, more than all together "
                            f"({read['total_seconds']:g} s). Raise total_seconds or lower cell_seconds.")  # fmt: skip
    return Limits(
        cell_seconds=float(read["cell_seconds"]),
        total_seconds=float(read["total_seconds"]),
        cpu_seconds=read["cpu_seconds"],
        memory_bytes=read["memory_mb"] * _MIB,
        work_bytes=read["work_mb"] * _MIB,
        output_bytes=read["output_mb"] * _MIB,
    )


def _late(data: Mapping[str, Any], tables: Tables) -> LatePolicy:
    return LatePolicy(**tables.values(tables.one(data, "late", "At the top"), form.LATE, "[late]"))


def _files(data: Mapping[str, Any], folder: Path, tables: Tables) -> tuple[DataFile, ...]:
    found = []
    for parameter, table in tables.one(data, "files", "At the top").items():
        place = f"[files.{parameter}]"
        if not form.is_variable(parameter) or not isinstance(table, dict):
            tables.problems.add(f"{place} must be a table named after a parameter of the notebook.")
            continue
        read = tables.values(table, form.FILE, place)
        path = _inside(folder, read["file"], f"{place}: 'file'", tables.problems)
        if path is None:
            continue
        _check_rows(path, read, place, tables.problems)
        relative = path.relative_to(folder).as_posix()
        found.append(DataFile(parameter=parameter, path=path, relative=relative, vary=read["vary"], rows=read["rows"]))
    return tuple(found)


def _extras(data: Mapping[str, Any], folder: Path, tables: Tables, source: Path | None) -> dict[str, Path]:
    """The further files of a release; what belongs to the author alone is refused."""
    read = tables.values(tables.one(data, "release", "At the top"), form.RELEASE, "[release]")
    found = {}
    for name in read["files"]:
        path = _inside(folder, name, "[release]: 'files'", tables.problems)
        if path is None:
            continue
        relative = path.relative_to(folder)
        if path == source or relative.parts[0] in _AUTHORS_OWN or relative.parts[0].startswith("."):
            tables.problems.add(f"[release]: '{name}' is for you alone and may not be given to students.")
        else:
            found[relative.as_posix()] = path
    return found


def _check_rows(path: Path, read: Mapping[str, Any], place: str, problems: Problems) -> None:
    from cxkit.coursework.assignment.data_variants import rows_in

    if read["vary"] != "rows":
        if read["rows"] is not None:
            problems.add(f'{place}: rows = {read["rows"]} has no effect without vary = "rows".')
        return
    if read["rows"] is None:
        problems.add(f"{place}: 'rows' is missing: how many rows does each student get?")
        return
    try:
        there = rows_in(path)
    except AssignmentError as error:
        problems.add(f"{place}: {error}")
        return
    if read["rows"] >= there:
        problems.add(f"{place}: rows = {read['rows']}, but {path.name} has {counted(there, 'row')}: "
                     "all students would get the same. Take fewer, or write more data.")  # fmt: skip


def _inside(folder: Path, name: str | None, place: str, problems: Problems) -> Path | None:
    """The file of this name within the folder; noted if there is none."""
    if name is None:
        return None
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        problems.add(f"{place}: '{name}' lies outside the assignment's folder. Copy it in.")
        return None
    if path.is_file():
        return path
    beside = [one.name for one in path.parent.iterdir() if one.is_file()] if path.parent.is_dir() else []
    problems.add(f"{place}: there is no file '{name}'.{nearest(path.name, beside)}")
    return None


def _notebook(source: Path | None, problems: Problems) -> dict[str, Any] | None:
    if source is None:
        return None
    try:
        return read_source(source)
    except AssignmentError as error:
        problems.add(str(error))
        return None


def _parameter_sets(
    data: Mapping[str, Any],
    top: Mapping[str, Any],
    files: tuple[DataFile, ...],
    notebook: Mapping[str, Any] | None,
    tables: Tables,
) -> tuple[ParameterSet, tuple[ParameterSet, ...]]:
    problems = tables.problems
    paths = {file.parameter: file.relative for file in files}
    for name in paths.keys() & top["parameters"].keys():
        problems.add(f"[parameters]: '{name}' is already the path of [files.{name}].")
    values = {**top["parameters"], **paths}
    known = _known(notebook, problems)
    if known is not None:
        _check_public(values, known, problems)
    public = ParameterSet(id=PUBLIC, values=values)
    sets: list[ParameterSet] = []
    for place, table in tables.several(data, "held_out", form.HELD_OUT, "At the top"):
        read = tables.values(table, form.HELD_OUT, place)
        own = read["parameters"]
        unknown = [name for name in own if name not in top["parameters"]]
        for name in unknown:
            why = f"is the path of [files.{name}]: give a data_seed" if name in paths else "is not in [parameters]"
            problems.add(f"{place}: '{name}' {why}.{'' if name in paths else nearest(name, top['parameters'])}")
        if known is not None and not unknown:
            _check_values(own, known, place, problems)
        made = ParameterSet(id=read["id"] or "", values=values | own, data_seed=read["data_seed"])
        _check_held_out(made, sets, public, files, place, problems)
        sets.append(made)
    if not sets:
        problems.add(
            "there is no held-out parameter set, so a result typed in by hand would pass.",
            remedy='add [[held_out]] with id = "a" and a data_seed, or parameters other than the public ones.',
        )
    return public, tuple(sets)


def _known(notebook: Mapping[str, Any] | None, problems: Problems) -> tuple[Parameter, ...] | None:
    if notebook is None:
        return None
    try:
        return read_parameters(notebook, where="the source")
    except NotebookError as error:
        problems.add(str(error))
        return None


def _check_public(values: Mapping[str, Any], known: tuple[Parameter, ...], problems: Problems) -> None:
    """The students' own run must be the public one, so both must say the same."""
    defaults = {parameter.name: parameter.default for parameter in known}
    for name, value in values.items():
        if name not in defaults:
            problems.add(f"the parameter '{name}' is not set in the cell tagged 'parameters'.{nearest(name, defaults)}")
        elif defaults[name] != value:
            problems.add(f"the parameter '{name}' is {value!r} here and {defaults[name]!r} in the cell tagged "
                         "'parameters'. Students would compute with the one and be marked with the other.")  # fmt: skip


def _check_values(own: Mapping[str, Any], known: tuple[Parameter, ...], place: str, problems: Problems) -> None:
    try:
        check_parameters(own, known, where=place)
    except NotebookError as error:
        problems.add(str(error))


def _check_held_out(
    made: ParameterSet,
    before: list[ParameterSet],
    public: ParameterSet,
    files: tuple[DataFile, ...],
    place: str,
    problems: Problems,
) -> None:
    varied = any(file.vary == "rows" for file in files)
    if made.data_seed is not None and not varied:
        problems.add(f'{place}: data_seed = {made.data_seed} has no effect: no file has vary = "rows".')
    for other in (public, *before):
        if made.id and made.id == other.id:
            problems.add(f"{place}: the id '{made.id}' is already that of another set.")
        same_rows = made.data_seed == other.data_seed or not varied
        if same_rows and made.values == other.values:
            problems.add(f"{place} is no different from the set '{other.id}': it would find nothing.",
                         remedy="give it another data_seed, or other parameters.")  # fmt: skip


def _canary_of(notebook: Mapping[str, Any]) -> str:
    """The text of the first comment `# CANARY: ...` in a solution."""
    from cxkit.coursework.assignment.source import solutions

    for piece in solutions(notebook):
        for line in piece.lines:
            _, mark, text = line.partition("CANARY:")
            if mark and text.strip():
                return text.strip().removesuffix("-->").strip()
    return ""
