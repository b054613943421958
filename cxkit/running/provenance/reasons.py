"""Why may a report come out otherwise? What is recorded of the first run and not as it was."""

from __future__ import annotations

import json
import platform
from collections.abc import Collection, Iterable, Iterator, Mapping
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

from cxkit.files import sha256_of
from cxkit.running.kernels.modules import imported_names
from cxkit.running.notebooks.notebook import joined
from cxkit.running.provenance.claims import Claims, Machine, Source
from cxkit.running.provenance.kit import changed_code

_SETTINGS = 5
_LONGEST_VALUE = 80


def other_versions(manifest: Claims) -> Iterator[tuple[str, str]]:
    """Libraries that are not as they were: name, and what to say of it."""
    for name, then in manifest.versions.items():
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


def other_code(manifest: Claims) -> str:
    """What of cxkit's own code is not as it was, or that the crate does not say; empty if all is."""
    if manifest.code is None:
        return "the crate does not say by which code of cxkit the report was made"
    return changed_code(manifest.code)


def other_data(before: Claims, now: Claims) -> Iterator[tuple[str, str]]:
    """Surveys that a notebook names itself, and not by a parameter: name, and what to say of it."""
    hashes = {str(one.get("name")): one.get("hash") for one in now.data}
    for one in before.data:
        name = str(one.get("name"))
        if name in hashes and hashes[name] != one.get("hash"):
            yield name, f"the survey '{name}' has other answers than when the report was made"


def other_claims(manifest: Claims, now: Claims, imported: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """What a crate claims of its run otherwise than the run says when it is made again: kind, name, what to say.

    Parameters
    ----------
    manifest, now : Claims
    imported : collection of str
        Libraries that the notebook certainly loads. What else a kernel has loaded goes by how it was started.
    """
    for name in sorted(manifest.parameters.keys() | now.parameters.keys()):
        then, is_ = (_in_json(one.parameters[name]) if name in one.parameters else "" for one in (manifest, now))
        if then != is_:
            yield (
                "file",
                name,
                f"the crate says that the parameter {name} was {then or 'none'}, and it is {is_ or 'none'}",
            )
    if manifest.seed != now.seed:
        yield "file", "seed", f"the crate says that the seed was {manifest.seed}, and the notebook says {now.seed}"
    surveys, said = (sorted(_survey(entry) for entry in one.data) for one in (manifest, now))
    if surveys != said:
        yield "file", "data", f"the crate names the surveys {_listed(surveys)}, and the notebook {_listed(said)}"
    if manifest.code is None:  # an earlier release recorded less
        return
    for name in now.inputs.keys() - manifest.inputs.keys():
        yield "input", name, f"{name} is read, and the crate does not name it"
    if manifest.policy == now.policy:
        for name, text in unnamed_versions(manifest, now, imported):
            yield "version", name, text


def unnamed_versions(manifest: Claims, now: Claims, imported: Collection[str]) -> Iterator[tuple[str, str]]:
    """Libraries that a notebook certainly loads and a run used, and that the crate does not name."""
    for name in sorted((now.versions.keys() - manifest.versions.keys()) & set(imported)):
        yield name, f"{name} {now.versions[name]} is used, and the crate does not name it"


def imported_libraries(notebook: Mapping[str, Any]) -> set[str]:
    """The distributions that the code of a notebook imports, and those that cxkit computes with if that is one."""
    code = "\n".join(joined(cell["source"]) for cell in notebook["cells"] if cell.get("cell_type") == "code")
    owners, names = packages_distributions(), imported_names(code)
    found = {owner.lower() for name in names for owner in owners.get(name, ())}
    return found | {"cxkit", "numpy", "pandas"} if "cxkit" in names else found


def _in_json(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return (
        text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}... ({sha256(text.encode()).hexdigest()[:8]})"
    )


def _survey(entry: Mapping[str, Any]) -> str:
    """A survey without its hash, which is compared apart."""
    count = f" of {entry['n']}" if "n" in entry else ""
    return f"{entry.get('name')}{count}{' (synthetic)' if entry.get('synthetic') is True else ''}"


def remarks(manifest: Claims, now: Claims) -> Iterator[str]:
    """What else is otherwise: the notebook where it came from, processor, linear algebra, fonts, settings."""
    if manifest.code is None:
        yield (
            "the crate is of an earlier release: it does not tell cxkit's code, processor, fonts and settings, and of "
            "libraries all that were installed"
        )
        return
    yield from _notebook_since(manifest.notebook)
    if now.policy == "contained" and manifest.policy == "open":
        yield "it ran contained, where no kernel says what it computes with: processor and fonts are not compared"
        return
    yield from _platform(manifest.platform, now.platform)
    if manifest.fonts != now.fonts:
        yield f"the font of pictures was {_named(manifest.fonts)} and is {_named(now.fonts)}"
    if manifest.style != now.style:
        yield f"a settings file of matplotlib set {_set(manifest.style)}, and sets {_set(now.style)}"


def _notebook_since(notebook: Source) -> Iterator[str]:
    path = Path(notebook.path)
    if path.is_absolute():  # of an earlier release, or not where we are
        return
    try:
        since = sha256_of(path)
    except (OSError, ValueError):  # it need not be here
        return
    if since != notebook.sha256:
        yield f"{path} was changed since: what ran again is the notebook as it was"


def _platform(then: Machine, now: Machine) -> Iterator[str]:
    for part, was, is_ in (("system", then.system, now.system), ("machine", then.machine, now.machine)):
        if was != is_:
            yield f"the {part} was {was} and is {is_}"
    if then.blas != now.blas:
        yield f"linear algebra was {_listed(then.blas)} and is {_listed(now.blas)}"
    if then.simd != now.simd:
        before, since = ({str(name) for name in one.simd} for one in (then, now))
        gone, new = sorted(before - since), sorted(since - before)
        yield (
            f"another processor: of its extensions numpy no longer uses {_listed(gone)}, and now uses {_listed(new)}"
        )


def _set(style: Mapping[str, str]) -> str:
    return _listed([f"{name} to {value}" for name, value in style.items()][:_SETTINGS]) if style else "nothing"


def _listed(words: Iterable[Any]) -> str:
    return ", ".join(map(str, words)) or "none"


def _named(files: Mapping[str, str]) -> str:
    """Files by name and the start of their hash, which tells two of one name apart."""
    return _listed([f"{name} ({str(digest)[:8]})" for name, digest in files.items()])
