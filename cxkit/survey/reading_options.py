"""Are the options of reading a file what they may be? Asked before the file is opened, in the words of both doors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from cxkit.errors import OptionError, Problems, closest
from cxkit.survey.survey import About

DOORS = "How to read the file (options of read_survey; in a notebook, its parameter reading)"

OPTIONS = (
    "rename", "missing_codes", "decimal", "delimiter", "encoding", "sheet", "header_row", "kind", "unfinished", "name",
    "about",
)  # fmt: skip
"""What `read_survey` takes beside the path, the instrument and the respondents' attributes."""


def refuse_unknown_options(names: Iterable[str]) -> None:
    """Refuse options that `read_survey` does not have.

    Raises
    ------
    OptionError
        Every unknown name, with the nearest one, and the names that there are.
    """
    unknown = [f"there is no option '{name}'.{closest(str(name), OPTIONS)}" for name in names if name not in OPTIONS]
    if unknown:
        raise OptionError(f"{DOORS}: {' '.join(unknown)} There are {', '.join(OPTIONS)}.")


def check_options(**options: object) -> None:
    """Refuse options whose value is of the wrong kind; `decimal`, `unfinished` and codes are checked where used.

    Raises
    ------
    OptionError
        Every such option, with what it takes.
    """
    problems = Problems(DOORS)
    for name, value in options.items():
        fits, wanted = KINDS.get(name, (_anything, ""))
        if value is not None and not fits(value):
            problems.add(f"{name}={value!r} does not fit: {wanted} is wanted.")
    if problems:
        problems.raise_as(OptionError)


USUAL: Mapping[str, Any] = {"rename": {}, "missing_codes": (), "decimal": ".", "unfinished": "drop"}
"""What is meant where neither the caller nor the instrument says anything; for other options, None."""


def with_defaults(given: Mapping[str, Any], described: Mapping[str, Any]) -> dict[str, Any]:
    """The options in force: what the caller gives, else what the instrument says, else what is usual.

    Raises
    ------
    OptionError
        If the instrument gives an option of the wrong kind.
    """
    check_options(**{name: described[name] for name in described if name in KINDS})
    usual = {name: described.get(name, USUAL.get(name)) for name in given}
    return {name: usual[name] if value is None else value for name, value in given.items()}


def _names_to_names(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    return all(isinstance(name, str) for pair in value.items() for name in pair)


def _describes(value: object) -> bool:
    """Whether this is a description of a survey, or a dict of one: a notebook's parameters hold nothing else."""
    if isinstance(value, About):
        return True
    if not isinstance(value, Mapping) or not set(value) <= {field.name for field in fields(About)}:
        return False
    return all(isinstance(own, bool if name == "synthetic" else str) for name, own in value.items())


def as_about(about: About | Mapping[str, Any] | None, known: About | None = None) -> About | None:
    """The description that an option gives; a dict says only what differs from what is `known`."""
    return replace(known or About(), **about) if isinstance(about, Mapping) else about


def _anything(_: object) -> bool:
    return True


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


KINDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "rename": (_names_to_names, "a dict of column names to item keys, such as {'Q1': 'CI1'},"),
    "delimiter": (lambda value: isinstance(value, str), "the character between two cells, such as ';',"),
    "encoding": (lambda value: isinstance(value, str), "the name of an encoding, such as 'cp1250',"),
    "sheet": (lambda value: isinstance(value, str) or _whole(value), "the name or the number of a sheet"),
    "header_row": (_whole, "the number of the row with the column names, from 1 up,"),
    "kind": (lambda value: isinstance(value, str), "the name of a survey system, such as 'qualtrics',"),
    "name": (lambda value: isinstance(value, str), "text"),
    "about": (_describes, "an About(population=..., period=..., selection=...), or a dict of these"),
}
"""Option to what it takes; None is the default of each."""
