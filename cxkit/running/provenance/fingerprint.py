"""Has anything changed since this report was made? Everything its content can depend on, in one hash."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from cxkit.files import hashes_in, sha256_of
from cxkit.running.notebooks.defaults import Code
from cxkit.shipped import PACKAGE, datasets_folder


def fingerprint(notebook_sha256: str, parameters: Mapping[str, Any], presentation: Mapping[str, Any]) -> str:
    """Which state of the world would this run be computed from?

    Parameters
    ----------
    notebook_sha256 : str
        Hash of the source.
    parameters : mapping
        Every parameter with its value. Where a value (or one inside a list or dict) names a file or folder that
        exists, its contents count as well.
    presentation : mapping
        Title, badge and whatever else shapes the report but not its numbers.

    Returns
    -------
    str
        A SHA-256 over these, every file of cxkit and its data sets, Python, the platform and all installed versions.
    """
    state = {
        "notebook": notebook_sha256,
        "parameters": dict(parameters),
        "files": {name: _contents(Path(name)) for name in sorted(set(named_files(parameters.values())))},
        "presentation": dict(presentation),
        "kit": kit_hash(),
        "python": f"{platform.python_version()} {platform.system()} {platform.machine()}",
        "versions": installed_versions(),
    }
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def named_files(values: Iterable[Any]) -> Iterator[str]:
    """The values, or what lies within them, that are names of files or folders that exist."""
    for value in values:
        if isinstance(value, str):
            if not isinstance(value, Code) and 0 < len(value) < 1000 and "\0" not in value and _exists(value):
                yield value
        elif isinstance(value, Mapping):
            yield from named_files(value.values())
        elif isinstance(value, list):
            yield from named_files(value)


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except OSError:  # text that no file system takes for a name
        return False


def _contents(path: Path) -> str:
    if path.is_file():
        return sha256_of(path)
    return _tree_hash(path)


def _tree_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for name, own in hashes_in(folder).items():
        digest.update(f"{name} {own}\n".encode())
    return digest.hexdigest()


@cache
def kit_hash() -> str:
    """The hash of the package and of the data sets beside it, once a process."""
    datasets = datasets_folder()
    return _tree_hash(PACKAGE) + ("" if datasets.is_relative_to(PACKAGE) else _tree_hash(datasets))


@cache
def installed_versions() -> dict[str, str]:
    """Every installed distribution with its version, once a process."""
    return {d.metadata["Name"].lower(): d.version for d in distributions() if d.metadata["Name"]}
