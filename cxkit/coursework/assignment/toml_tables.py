"""A table of a TOML file held against its form: what is unknown, missing or unfit is noted with its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxkit.coursework.assignment.format import Form
from cxkit.errors import AssignmentError, Problems, closest


def read_toml(path: Path) -> dict[str, Any]:
    """What stands in this TOML file?

    Raises
    ------
    AssignmentError
        If it is missing, no text, or no TOML; with the line.
    """
    import tomllib

    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise AssignmentError(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise AssignmentError(f"{path} is a folder, not a file.") from None
    except OSError as error:
        raise AssignmentError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise AssignmentError(f"{path} is not text in UTF-8. Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise AssignmentError(f"{path} is not TOML: {error}.") from None


class Tables:
    """Reads tables by their forms and notes every problem with the table it stands in."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def values(self, table: Mapping[str, Any], form: Form, place: str) -> dict[str, Any]:
        """Every key of the form with its value or default; None where a needed one is missing or unfit."""
        self._note_unknown(table, form, place)
        return {name: self._value(table, name, form, place) for name in form.keys}

    def one(self, table: Mapping[str, Any], name: str, place: str) -> Mapping[str, Any]:
        """The table of this name; empty if it is not there."""
        inner = table.get(name, {})
        if isinstance(inner, dict):
            return inner
        self.problems.add(f"{place}: '{name}' must be one table, {_shown(inner)} is none.")
        return {}

    def several(self, table: Mapping[str, Any], name: str, form: Form, place: str) -> list[tuple[str, Any]]:
        """The tables of an array, each with its place: `[[questions]] 'reliability'`."""
        inner = table.get(name, [])
        if not isinstance(inner, list) or not all(isinstance(one, dict) for one in inner):
            self.problems.add(f"{place}: '{name}' must be tables, each headed {form.heading}.")
            return []
        return [(f"{form.heading} {_named(one, number)}", one) for number, one in enumerate(inner, 1)]

    def _note_unknown(self, table: Mapping[str, Any], form: Form, place: str) -> None:
        known = [*form.keys, *form.tables]
        for name in table:
            if name not in known:
                near = closest(name, known) or f" It may have: {', '.join(known)}."
                self.problems.add(f"{place}: there is no key '{name}' here.{near}")

    def _value(self, table: Mapping[str, Any], name: str, form: Form, place: str) -> Any:
        key = form.keys[name]
        if name not in table:
            if key.is_needed:
                self.problems.add(f"{place}: '{name}' is missing. It must be {key.kind.words}.")
                return None
            return key.default
        value = table[name]
        if not key.kind.fits(value):
            self.problems.add(f"{place}: {name} = {_shown(value)} does not fit: it must be {key.kind.words}.")
            return None if key.is_needed else key.default
        return value


def _named(table: Mapping[str, Any], number: int) -> str:
    """How a person finds this table in the file."""
    name = table.get("id", table.get("name"))
    return f"'{name}'" if isinstance(name, str) else f"no. {number}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
