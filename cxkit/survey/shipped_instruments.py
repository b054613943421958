"""Instruments by name or by path: the kit's own are called by their names, yours by their TOML files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cxkit.errors import InstrumentError, SurveyError, nearest
from cxkit.shipped import datasets_folder
from cxkit.survey.instrument import Instrument
from cxkit.survey.instrument_file import read_instrument


def instrument_names() -> list[str]:
    """The names of the shipped instruments."""
    return sorted(path.stem for path in (kit_folder() / "instruments").glob("*.toml"))


def instrument_path(name: str) -> Path:
    """The TOML file of a shipped instrument.

    Raises
    ------
    InstrumentError
        If there is no instrument of that name; the nearest is offered.
    """
    if name not in instrument_names():
        raise InstrumentError(
            f"cxkit ships no instrument '{name}'.{nearest(name, instrument_names())} "
            "For one of your own, give the path of its file with its ending (mine.toml)."
        )
    return kit_folder() / "instruments" / f"{name}.toml"


def load_instrument(name_or_path: str | Path) -> Instrument:
    """A shipped instrument by name, or one of your own by the path of its TOML file.

    Raises
    ------
    InstrumentError
        If there is no such instrument, or its description has problems.
    """
    if is_path(name_or_path, (".toml",)):
        return read_instrument(name_or_path)
    return read_instrument(instrument_path(str(name_or_path)))


def as_instrument(instrument: Instrument | str | Path) -> Instrument:
    """The instrument itself, where a name or a path may be given in its place."""
    return instrument if isinstance(instrument, Instrument) else load_instrument(instrument)


def is_path(name_or_path: str | Path, endings: tuple[str, ...]) -> bool:
    """Whether a string means a file: it has a file's ending, or a slash, or such a file exists."""
    text = str(name_or_path)
    looks = isinstance(name_or_path, Path) or Path(text).suffix.casefold() in endings or "/" in text or "\\" in text
    return looks or Path(text).is_file()


@cache
def kit_folder() -> Path:
    """The folder of data and instruments."""
    folder = datasets_folder()
    if not folder.is_dir():
        raise SurveyError(f"The data of cxkit are not installed: there is no {folder}. Reinstall cxkit.")
    return folder
