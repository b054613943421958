"""Everything that a report was computed from, as plain data."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxkit.running.provenance.claims import FORMAT, PACKAGE_NAME, has_usable_numbers, is_version
from cxkit.running.provenance.inputs import input_files, inputs_of, modules_in, named_in
from cxkit.running.provenance.kit import kit
from cxkit.running.provenance.places import lies_elsewhere, told_parameters, told_path

if TYPE_CHECKING:
    from cxkit.running.plan import Run

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_PAGE = ("jinja2", "markupsafe", "mistune", "nh3", "pygments")


def manifest_of(run: Run) -> dict[str, Any]:
    """What this run was computed from: notebook, parameters, inputs, code, versions, platform, seed, policy."""
    session, seen = run.session or {}, run.surroundings or {}
    return {
        "format": FORMAT,
        "notebook": {
            "name": run.notebook.name,
            "path": told_path(run.notebook.as_posix()),
            "sha256": run.notebook_sha256,
        },
        "parameters": told_parameters(run.parameters, run.told),
        "given": list(run.given),
        "elsewhere": [name for name, value in run.parameters.items() if lies_elsewhere(value)],
        "inputs": inputs_of(run_files(run)),
        "data": _data_of(session),
        "seed": _plain(session.get("seed")),
        "code": dict(kit()),
        "versions": _usable({**_page_versions(), **(seen.get("versions") or versions())}),
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


def run_files(run: Run) -> dict[str, Path]:
    """The files that a run rests on, by name: data, and modules of the folders where its kernel looks for them."""
    folder = run.notebook.parent if run.modules_in is None else run.modules_in
    modules = modules_in(run.notebook, [Path(), folder], run.told)
    return input_files(run.parameters, named_in(run.executed or {"cells": []}), modules, run.told)


def _page_versions() -> dict[str, str]:
    """The versions of what makes a page of a notebook, which the kernel does not load."""
    return {name: number for name, number in versions().items() if name in _PAGE}


def _data_of(session: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The surveys that a notebook names; of anything else that it leaves there nothing is told."""
    named = session.get("data") or []
    entries = [named] if isinstance(named, (str, Mapping)) else named
    found = []
    for one in entries if isinstance(entries, list) else []:
        told = one if isinstance(one, Mapping) else {"name": str(one)}
        found.append({str(key): _plain(value) for key, value in told.items()})
    return found


def _plain(value: Any) -> str | int | float | None:
    return value if isinstance(value, (str, int, float)) and has_usable_numbers(value) else None


def _usable(told: Mapping[str, Any]) -> dict[str, str]:
    """The versions by which somebody else can install a library; an unusual one of a library of one's own is none."""
    return {
        name: number
        for name, number in told.items()
        if name == "python" or (PACKAGE_NAME.fullmatch(name) and is_version(number))
    }


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
