"""Why may a report come out otherwise? What is recorded of the first run and not as it was."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cxkit.files import sha256_of
from cxkit.running.provenance.kit import changed_code

_SETTINGS = 5


def other_versions(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Libraries that are not as they were: name, and what to say of it."""
    for name, then in manifest["versions"].items():
        now = installed(name)
        if now != then:
            yield name, f"{name} was {then} and is {now or 'not installed'}"


def installed(name: str) -> str | None:
    """The version of a library here; None if there is none."""
    if name == "python":
        return platform.python_version()
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def other_code(manifest: Mapping[str, Any]) -> str:
    """What of cxkit's own code is not as it was; empty if all is, or the crate does not say."""
    return changed_code(manifest["code"]) if "code" in manifest else ""


def other_data(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Surveys that a notebook names itself, and not by a parameter: name, and what to say of it."""
    hashes = {str(one.get("name")): one.get("hash") for one in now["data"] if isinstance(one, Mapping)}
    for one in (one for one in before["data"] if isinstance(one, Mapping)):
        name = str(one.get("name"))
        if name in hashes and hashes[name] != one.get("hash"):
            yield name, f"the survey '{name}' has other answers than when the report was made"


def remarks(manifest: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What else is otherwise: the notebook where it came from, processor, linear algebra, fonts, settings."""
    if "code" not in manifest:
        yield (
            "the crate is of an earlier release: it does not tell cxkit's code, processor, fonts and settings, and of "
            "libraries all that were installed"
        )
        return
    yield from _notebook_since(manifest["notebook"])
    yield from _platform(manifest["platform"], now["platform"])
    if manifest["fonts"] != now["fonts"]:
        yield f"the font of pictures was {_named(manifest['fonts'])} and is {_named(now['fonts'])}"
    if manifest["style"] != now["style"]:
        yield f"a settings file of matplotlib set {_set(manifest['style'])}, and sets {_set(now['style'])}"


def _notebook_since(notebook: Mapping[str, Any]) -> Iterator[str]:
    path = Path(notebook["path"])
    if path.is_file() and sha256_of(path) != notebook["sha256"]:
        yield f"{path} was changed since: what ran again is the notebook as it was"


def _platform(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for part in ("system", "machine"):
        if then[part] != now[part]:
            yield f"the {part} was {then[part]} and is {now[part]}"
    if then["blas"] != now["blas"]:
        yield f"linear algebra was {_listed(then['blas'])} and is {_listed(now['blas'])}"
    if then["simd"] != now["simd"]:
        before, since = ({str(name) for name in one["simd"]} for one in (then, now))
        gone, new = sorted(before - since), sorted(since - before)
        yield (
            f"another processor: of its extensions numpy no longer uses {_listed(gone)}, and now uses {_listed(new)}"
        )


def _set(style: Mapping[str, str]) -> str:
    return _listed([f"{name} to {value}" for name, value in style.items()][:_SETTINGS]) if style else "nothing"


def _listed(words: list[Any]) -> str:
    return ", ".join(map(str, words)) or "none"


def _named(files: Mapping[str, str]) -> str:
    """Files by name and the start of their hash, which tells two of one name apart."""
    return _listed([f"{name} ({str(digest)[:8]})" for name, digest in files.items()])
