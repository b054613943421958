"""Everything that a report was computed from, as plain data."""

from __future__ import annotations

import ast
import platform
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxkit.files import hashes_in, sha256_of
from cxkit.running.notebooks.notebook import joined
from cxkit.running.provenance.fingerprint import named_files
from cxkit.running.provenance.kit import kit
from cxkit.shipped import datasets_folder

if TYPE_CHECKING:
    from cxkit.running.plan import Run

FORMAT = 2
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_KIT = "the kit's data set "


def manifest_of(run: Run) -> dict[str, Any]:
    """What this run was computed from: notebook, parameters, inputs, code, versions, platform, seed, policy."""
    session, seen = run.session or {}, run.surroundings or {}
    return {
        "format": FORMAT,
        "notebook": {"name": run.notebook.name, "path": run.notebook.as_posix(), "sha256": run.notebook_sha256},
        "parameters": dict(run.parameters),
        "given": list(run.given),
        "inputs": inputs_of(run.parameters, texts_in(run.executed or {"cells": []})),
        "data": session.get("data", []),
        "seed": session.get("seed"),
        "code": dict(kit()),
        "versions": seen.get("versions") or versions(),
        "platform": {
            "system": platform.system(),
            "machine": platform.machine(),
            "blas": seen.get("blas", []),
            "simd": seen.get("simd", []),
        },
        "fonts": seen.get("fonts", {}),
        "style": seen.get("style", {}),
        "policy": run.policy,
    }


def inputs_of(parameters: Mapping[str, Any], texts: Iterable[str] = ()) -> dict[str, str]:
    """The hash of every file that a parameter, or a text in the code, names: its own, and those of the kit's data.

    Parameters
    ----------
    parameters : mapping
        A folder that one names counts with all that is in it.
    texts : iterable of str
        Of these only files count, and data sets of the kit.
    """
    found: dict[str, str] = {}
    texts = list(texts)
    for name in sorted(set(named_files(parameters.values()))):
        found |= _hashes(name, Path(name))
    for name in sorted(set(named_files(texts))):
        found |= _hashes(name, Path(name)) if Path(name).is_file() else {}
    folder = datasets_folder()
    for value in (*parameters.values(), *texts):
        if isinstance(value, str) and _NAME.fullmatch(value) and (folder / value).is_dir():
            found |= _hashes(_KIT + value, folder / value)
    return dict(sorted(found.items()))


def texts_in(notebook: Mapping[str, Any]) -> list[str]:
    """Every text that stands in the code of a notebook; a cell that is no plain Python has none."""
    found: set[str] = set()
    for cell in notebook["cells"]:
        if cell.get("cell_type") == "code":
            with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                tree = ast.parse(joined(cell["source"]))
                found |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return sorted(found)


def _hashes(name: str, path: Path) -> dict[str, str]:
    if path.is_file():
        return {name: sha256_of(path)}
    return {f"{name}/{inner}": own for inner, own in hashes_in(path).items()}


@cache
def versions() -> Mapping[str, str]:
    """Versions of Python, of cxkit and of all that it needs, for where the kernel does not say what it loaded."""
    found = {"python": platform.python_version()}
    waiting = ["cxkit"]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found[name] = version(name)
            needed = requires(name) or []
        except PackageNotFoundError:
            continue  # needed on other systems only
        waiting += [_base(one) for one in needed if "extra ==" not in one]
    return dict(sorted(found.items()))


def _base(requirement: str) -> str:
    match = _NAME.match(requirement.strip())
    return re.sub(r"[-_.]+", "-", match.group(0)).lower() if match else ""
