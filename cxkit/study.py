"""A folder for a study: the data, a draft of the instrument, the notebooks with their parameters, and what to do next.

Here the two wings meet: surveys are described by one, notebooks filled by the other. No layer below knows of it.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from cxkit.errors import InstrumentError, NotebookError, SurveyError
from cxkit.files import write_atomically
from cxkit.running.notebooks.filled import fill_parameters
from cxkit.running.notebooks.notebook import STUDY, copy_shipped, read_notebook, shipped_notebooks
from cxkit.survey.datasets import copy_dataset
from cxkit.survey.drafting.describe import FileDescription, describe_file
from cxkit.survey.instrument import Instrument
from cxkit.survey.instrument_file import read_instrument

EXAMPLE = "culture_synthetic"
_NEEDS = {"02_benchmark": ("organisation",), "03_organisational_gaps": ("level", "function", "unit")}
"""A notebook and the roles of which it needs one, to say anything of a file by itself."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """A folder that was made, what the file of answers was found to be, and why a notebook was not made."""

    folder: Path
    described: FileDescription
    notebooks: tuple[str, ...]
    not_made: tuple[str, ...] = ()


def start_study(folder: str | Path, file: str | Path | None = None, **reading: Any) -> Study:
    """Make a folder in which the analysis of one survey can begin.

    Parameters
    ----------
    folder
        The new folder; an empty one may be there already.
    file
        The file of answers, as the survey system exports it; it is copied. None takes the kit's synthetic data, to try.
    reading
        How the file is written, as `describe_file` takes it.

    Returns
    -------
    Study
        The folder holds `data/`, the draft `study.toml`, a plan to be filled in, README.md, and the notebooks that the
        file has the columns for, with their parameters set.

    Raises
    ------
    SurveyError
        If the folder holds something, or the file cannot be read; then nothing is left behind. The folder has its name
        only when it is whole.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise SurveyError(f"{target} holds something already; name a folder that is new or empty.")
    described = None if file is None else describe_file(file, **reading)  # refused before anything is made
    part = _new_part(target)
    try:
        study = _made(part, described, reading)
        _give_name(part, target)
    except BaseException as error:
        shutil.rmtree(part, ignore_errors=True)
        if isinstance(error, OSError):
            raise SurveyError(f"{target} cannot be made: {error.strerror}.") from None
        raise
    copy = replace(study.described, path=target / "data" / study.described.path.name)
    return replace(study, folder=target, described=copy)


def _new_part(target: Path) -> Path:
    """A new folder beside the study's; those that killed processes left there go."""
    whole = target.resolve()
    try:
        whole.parent.mkdir(parents=True, exist_ok=True)
        for left in whole.parent.glob(f".{glob.escape(whole.name)}.part-*"):
            owner = left.suffix.removeprefix(".part-")
            if owner.isdecimal() and not psutil.pid_exists(int(owner)):
                shutil.rmtree(left, ignore_errors=True)
        part = whole.parent / f".{whole.name}.part-{os.getpid()}"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
    except OSError as error:
        raise SurveyError(f"{target} cannot be made: {error.strerror}.") from None
    return part


def _give_name(part: Path, target: Path) -> None:
    """Give the folder its name; an empty folder of that name stays, since somebody may be in it."""
    if not target.exists():
        part.rename(target)
        return
    for one in part.iterdir():
        one.rename(target / one.name)
    part.rmdir()


def _made(target: Path, described: FileDescription | None, reading: Mapping[str, Any]) -> Study:
    data = target / "data"
    data.mkdir()
    if described is None:
        described = describe_file(copy_dataset(EXAMPLE, data), **reading)
    else:
        described = replace(described, path=Path(shutil.copyfile(described.path, data / described.path.name)))
    copy = described.path
    described.write(target / STUDY)
    values = _values(described.instrument, f"data/{copy.name}")
    made, not_made = [], []
    for shipped in shipped_notebooks():
        reason = _reason_for_none(shipped.stem, described.instrument)
        if reason:
            not_made.append(f"{shipped.stem} is not made: {reason}")
            continue
        _write_filled(shipped, values, target / shipped.name)
        made.append(shipped.stem)
    write_atomically(target / "plan.md", _PLAN, error=SurveyError)
    write_atomically(target / "README.md", _readme(copy.name, made, not_made, described), error=SurveyError)
    return Study(folder=target, described=described, notebooks=tuple(made), not_made=tuple(not_made))


def _reason_for_none(stem: str, instrument: Instrument) -> str:
    """Why a notebook says nothing of this study; nothing where its columns allow it."""
    needed = _NEEDS.get(stem, ())
    if not needed or set(needed) & set(instrument.respondent):
        return ""
    roles = needed[0] if len(needed) == 1 else f"{', '.join(needed[:-1])} or {needed[-1]}"
    return f"{STUDY} names no column for the {roles} of the respondents under [respondent]."


def _write_filled(notebook: Path, values: Mapping[str, Any], target: Path) -> Path:
    """Write a notebook with these values in its parameters cell."""
    filled = fill_parameters(read_notebook(notebook), values)
    text = json.dumps(filled, indent=1, ensure_ascii=False) + "\n"
    return write_atomically(target, text, error=NotebookError)


def why_none(stem: str) -> str:
    """Why the study in the current folder has no such notebook, and what to do; nothing where its columns allow it."""
    if not Path(STUDY).is_file():
        return ""
    try:
        reason = _reason_for_none(stem, read_instrument(STUDY))
    except InstrumentError:  # which `cxkit check` tells
        return ""
    return f"It has none because {reason} Name one there; then" if reason else ""


def copy_notebook(name: str, target: str | Path = ".") -> Path:
    """Copy one of cxkit's notebooks out, to change it; beside a study's instrument, with the study's data set in it.

    Parameters
    ----------
    name
        Its name or the start of it.
    target
        The new file, or the folder it goes into.

    Raises
    ------
    NotebookError
        If cxkit has no such notebook, or there is a file of that name already.
    InstrumentError
        If the study's instrument has problems.
    """
    place = Path(target)
    folder = place.parent if place.suffix == ".ipynb" else place
    described = folder / STUDY
    instrument = read_instrument(described) if described.is_file() else None
    copy = copy_shipped(name, target)
    if instrument is None or not instrument.file:
        return copy
    return _write_filled(copy, _values(instrument, instrument.file), copy)


def _values(instrument: Instrument, data: str) -> dict[str, Any]:
    """What the notebooks' parameters are for this file: nothing that its columns do not hold."""
    roles = instrument.respondent
    values: dict[str, Any] = {"survey_path": data, "instrument_path": STUDY, "organisation": ""}
    values["groups"] = next((role for role in ("level", "function", "unit", "organisation") if role in roles), "")
    values["unit"] = next((role for role in ("unit", "function", "organisation") if role in roles), "level")
    values["group"] = next((role for role in ("function", "unit", "organisation") if role in roles), "level")
    level = roles.get("level", {})
    order = level.get("order", ()) if isinstance(level, Mapping) else ()
    values["leaders"] = list(order[1:])
    return values


def _readme(data: str, notebooks: list[str], not_made: list[str], described: FileDescription) -> str:
    runs = "\n".join(f"cxkit run {stem} -o {stem}.html" for stem in notebooks)
    without = "\n".join(f"{reason} Name one there, and make it by `cxkit notebooks`.\n" for reason in not_made)
    return _README.format(data=data, runs=runs, instrument=STUDY, text=described.text, without=without)


_README = """# A study

{text}

1. Open `{instrument}` in an editor. Each `check` is a question about what was guessed from `data/{data}`: correct what
   is wrong, then delete the `check`. Fill in title, citation and licence.
2. See what is left to answer, in this folder:

```
cxkit check data/{data} --instrument {instrument}
```

3. Write down in `plan.md` what you want to know, before you look at results.
4. Make the reports, in this folder:

```
{runs}
```

{without}
What a notebook lets you set stands in its first cell, and `cxkit parameters NOTEBOOK` lists it. The notebooks and
`{instrument}` are yours to change; the file of answers stays as it was exported.
"""

_PLAN = """# Plan

Written before the results are looked at; what changes afterwards is added below with its date and reason.

- Question:
- Population, and how people came to be asked (needed before others are compared with them):
- Period:
- How many were asked, and how many answered:
- Who is left out, by which rule (unfinished, too fast, too few answers):
- Comparisons that are planned (which groups, on which dimensions), and the smallest difference that would matter:
- What would count against the expectation:
"""
