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
from cxkit.running.provenance.inputs import is_bounded_folder, is_file, texts_of
from cxkit.shipped import PACKAGE, datasets_folder


def fingerprint(
    notebook_sha256: str,
    parameters: Mapping[str, Any],
    presentation: Mapping[str, Any],
    listed: Iterable[str] = (),
) -> str:
    """Which state of the world would this run be computed from?

    Parameters
    ----------
    notebook_sha256 : str
        Hash of the source.
    parameters : mapping
        Every parameter with its value. Where a value (or one inside a list or dict) names a file or folder that
        exists, its contents count as well; of a folder only if it is not too large, and neither is nor holds the
        current one.
    presentation : mapping
        Title, badge and whatever else shapes the report but not its numbers.
    listed : iterable of str
        Further files and folders whose contents count.

    Returns
    -------
    str
        A SHA-256 over these, every file of cxkit and its data sets, Python, the platform and all installed versions.
    """
    names = {*named_files(parameters.values()), *(name for name in listed if Path(name).exists())}
    state = {
        "notebook": notebook_sha256,
        "parameters": dict(parameters),
        "files": {name: _contents(Path(name)) for name in sorted(names)},
        "presentation": dict(presentation),
        "kit": kit_hash(),
        "python": f"{platform.python_version()} {platform.system()} {platform.machine()}",
        "versions": installed_versions(),
    }
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def named_files(values: Iterable[Any]) -> Iterator[str]:
    """The values, or what lies within them, that are names of files, or of folders that can be hashed."""
    for value in texts_of(values):
        if not isinstance(value, Code) and (is_file(value) or is_bounded_folder(value)):
            yield value


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
