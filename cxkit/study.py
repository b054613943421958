"""A folder for a study: the data, a draft of the instrument, the notebooks with their parameters, and what to do next.

Here the two wings meet: surveys are described by one, notebooks filled by the other. No layer below knows of it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cxkit.errors import NotebookError, SurveyError
from cxkit.files import write_atomically
from cxkit.running.notebooks.filled import fill_parameters
from cxkit.running.notebooks.notebook import read_notebook, shipped_notebooks
from cxkit.survey.datasets import copy_dataset
from cxkit.survey.drafting.describe import FileDescription, describe_file
from cxkit.survey.instrument import Instrument

EXAMPLE = "culture_synthetic"
INSTRUMENT = "study.toml"
_NEEDS = {"02_benchmark": {"organisation"}, "03_organisational_gaps": {"level", "function", "unit"}}
"""A notebook and the roles of which it needs one, to say anything of a file by itself."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """A folder that was made, and what the file of answers was found to be."""

    folder: Path
    described: FileDescription
    notebooks: tuple[str, ...]


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
        If the folder holds something, or the file cannot be read; then nothing is left behind.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise SurveyError(f"{target} holds something already; name a folder that is new or empty.")
    described = None if file is None else describe_file(file, **reading)  # refused before anything is made
    was_there = target.exists()
    try:
        return _made(target, described, reading)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        if was_there:
            target.mkdir()
        raise


def _made(target: Path, described: FileDescription | None, reading: Mapping[str, Any]) -> Study:
    data = target / "data"
    try:
        data.mkdir(parents=True)
        if described is None:
            described = describe_file(copy_dataset(EXAMPLE, data), **reading)
        else:
            described = replace(described, path=Path(shutil.copyfile(described.path, data / described.path.name)))
    except OSError as error:
        raise SurveyError(f"{target} cannot be made: {error.strerror}.") from None
    copy = described.path
    described.write(target / INSTRUMENT)
    values = _values(described.instrument, f"data/{copy.name}")
    made = []
    for shipped in shipped_notebooks():
        needed = _NEEDS.get(shipped.stem, set())
        if not needed or needed & set(described.instrument.respondent):
            filled = fill_parameters(read_notebook(shipped), values)
            text = json.dumps(filled, indent=1, ensure_ascii=False) + "\n"
            write_atomically(target / shipped.name, text, error=NotebookError)
            made.append(shipped.stem)
    write_atomically(target / "plan.md", _PLAN, error=SurveyError)
    write_atomically(target / "README.md", _readme(copy.name, made, described), error=SurveyError)
    return Study(folder=target, described=described, notebooks=tuple(made))


def _values(instrument: Instrument, data: str) -> dict[str, Any]:
    """What the notebooks' parameters are for this file: nothing that its columns do not hold."""
    roles = instrument.respondent
    values: dict[str, Any] = {"survey_path": data, "instrument_path": INSTRUMENT, "organisation": ""}
    values["groups"] = next((role for role in ("level", "function", "unit", "organisation") if role in roles), "")
    values["unit"] = next((role for role in ("unit", "function", "organisation") if role in roles), "level")
    values["group"] = next((role for role in ("function", "unit", "organisation") if role in roles), "level")
    level = roles.get("level", {})
    order = level.get("order", ()) if isinstance(level, Mapping) else ()
    values["leaders"] = list(order[1:])
    return values


def _readme(data: str, notebooks: list[str], described: FileDescription) -> str:
    runs = "\n".join(f"cxkit run {stem} -o {stem}.html" for stem in notebooks)
    return _README.format(data=data, runs=runs, instrument=INSTRUMENT, text=described.text)


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
