"""What a report and its crate say of places: paths from the folder of the call, and of others the last part alone.

Where somebody keeps their files tells who they are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

_LONGEST_NAME = 1000
# Media types in which a path is no text but chance
_BYTES = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "audio/", "video/")


def told_path(name: str) -> str:
    """A path as a crate tells it: from the current folder, or by its last part if it is absolute and lies elsewhere.

    What the caller wrote as a path from here stays as it is.
    """
    path = Path(name)
    if not path.is_absolute():
        return name
    ending = "/" if name.endswith("/") else ""
    for here in _here():
        if path.is_relative_to(here) and path != here:
            return path.relative_to(here).as_posix() + ending
    return (path.name or name) + (ending if path.name else "")


def told_value(value: Any, told: Mapping[str, str] | None = None) -> Any:
    """The value of a parameter with `told_path` of every absolute path in it, or the words given for it."""
    known = told or {}
    if isinstance(value, str):
        return known.get(value) or (told_path(value) if is_place(value) else value)
    if isinstance(value, Mapping):
        return {key: told_value(one, told) for key, one in value.items()}
    if isinstance(value, list):
        return [told_value(one, told) for one in value]
    return value


def told_parameters(parameters: Mapping[str, Any], told: Mapping[str, str] | None = None) -> dict[str, Any]:
    """All parameters as a report and its crate tell them."""
    return {name: told_value(value, told) for name, value in parameters.items()}


def lies_elsewhere(value: Any) -> bool:
    """Whether the value of a parameter holds a path of which only the last part is told."""
    return any(is_place(text) and told_path(text).rstrip("/") == Path(text).name and not _is_here(text)
               for text in _texts(value))  # fmt: skip


def is_place(text: str) -> bool:
    """Whether a text is an absolute path: of something that exists, or could within an existing or the home folder."""
    if not 1 < len(text) < _LONGEST_NAME or "\0" in text or not Path(text).is_absolute():
        return False
    path = Path(text)
    try:
        return path.exists() or _is_within_home(path) or (path.parent != Path(path.anchor) and path.parent.is_dir())
    except OSError:
        return False


def without_places(executed: Any, parameters: Mapping[str, Any], told: Mapping[str, str] | None = None) -> Any:
    """A copy of an executed notebook that tells no place in its outputs and in the cell that sets parameters."""
    clean = deepcopy(executed)
    replace = _replacer(parameters, told or {})
    for cell in clean["cells"]:
        if "injected-parameters" in cell.get("metadata", {}).get("tags", []):
            cell["source"] = replace(cell["source"])
        if "outputs" in cell:
            cell["outputs"] = [_in_output(output, replace) for output in cell["outputs"]]
    widgets = clean.get("metadata", {}).get("widgets")
    if widgets:
        clean["metadata"]["widgets"] = _in_data(widgets, replace)
    return clean


def _in_output(output: Any, replace: Callable[[str], str]) -> Any:
    for key in ("text", "evalue", "traceback"):
        if key in output:
            output[key] = _in_data(output[key], replace)
    data = output.get("data", {})
    for kind in data:
        if not kind.startswith(_BYTES):
            data[kind] = _in_data(data[kind], replace)
    return output


def _in_data(value: Any, replace: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, Mapping):
        for key in value:
            value[key] = _in_data(value[key], replace)  # type: ignore[index]
        return value
    return [_in_data(one, replace) for one in value] if isinstance(value, list) else value


def _replacer(parameters: Mapping[str, Any], told: Mapping[str, str]) -> Callable[[str], str]:
    """A function that writes other words for the paths of the parameters, the current folder and the home folder."""
    words = {text: told.get(text) or told_path(text) for text in _texts(parameters) if text in told or is_place(text)}
    words |= dict.fromkeys((f"{here}/" for here in _here()), "")
    words |= dict.fromkeys((f"{home}/" for home in _homes()), "~/")
    if not words:
        return lambda text: text
    longest_first = sorted(words, key=len, reverse=True)
    # Not within a longer path, a word or a picture written as text
    pattern = re.compile(rf"(?<![\w+=.~/-])(?:{'|'.join(map(re.escape, longest_first))})")

    def replace(text: str) -> str:
        if not any(word in text for word in longest_first):
            return text
        return pattern.sub(lambda match: words[match[0]], text)

    return replace


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _here() -> list[Path]:
    """The current folder, as it is named and as it is; none at the root, in which everything lies."""
    folders = dict.fromkeys((Path.cwd(), Path.cwd().resolve(), Path(os.environ.get("PWD") or ".").absolute()))
    return [one for one in folders if one != Path(one.anchor) and one.resolve() == Path.cwd().resolve()]


def _is_here(text: str) -> bool:
    return any(Path(text).is_relative_to(here) for here in _here())


def _homes() -> list[Path]:
    try:
        home = Path.home()
    except RuntimeError:
        return []
    return [one for one in dict.fromkeys((home, home.resolve())) if one != Path(one.anchor)]


def _is_within_home(path: Path) -> bool:
    return any(path.is_relative_to(home) for home in _homes())
