"""What a crate claims of a run, read from its manifest: every field has its type, its form and a bound.

A crate may come from anybody. What is not as `cxkit run` writes it is told by the name of its field, and nothing of
it is used.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging.version import InvalidVersion, Version

from cxkit.errors import NotebookError
from cxkit.running.sandbox.limits import Policy
from cxkit.running.untrusted import printable

FORMAT = 2
NOTEBOOK, EXECUTED, DECLARED = "notebook.ipynb", "executed.ipynb", "declared.json"
LARGEST_NUMBER = 1e308  # larger whole numbers are no floats, and no number of a report
DEEPEST = 100  # lists and dictionaries within one another

_LONGEST = 4096
_MOST = 20_000  # entries of one table
_SHOWN = 60

# PEP 503: the names that a distribution may have
PACKAGE_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9.+!_-]{1,100}")  # signs of PEP 440
PYTHON = re.compile(r"3\.\d{1,3}(?:\.\d{1,4})?(?:(?:a|b|rc)\d{1,3})?\+?")
COMMIT = re.compile(r"[0-9a-f]{7,64}")  # SHA-1 has 40 digits, SHA-256 has 64
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DIGITS = re.compile(r"[0-9a-f]{8,64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")  # ISO 8601, as datetime.isoformat writes it
# What a manifest holds, and nothing else: of what it said beside this, nothing could be told to be so or not
_FIELDS: Mapping[str, frozenset[str]] = {
    "": frozenset({"format", "notebook", "parameters", "given", "elsewhere", "inputs", "data", "seed", "code",
                   "versions", "platform", "fonts", "style", "policy", "report", "files", "run"}),
    "notebook": frozenset({"name", "path", "sha256"}),
    "code": frozenset({"files", "commit", "changed"}),
    "platform": frozenset({"system", "machine", "blas", "simd"}),
    "report": frozenset({"name", "sha256"}),
    "run": frozenset({"ended", "seconds"}),
}  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Damaged(NotebookError):
    """A crate that is not as `cxkit run` writes one."""


@dataclass(frozen=True, kw_only=True)
class Code:
    """The code of cxkit: each file of the package by its hash, its commit, and whether it held further changes."""

    files: Mapping[str, str]
    commit: str | None
    changed: bool


@dataclass(frozen=True, kw_only=True)
class Machine:
    """System, processor, and the linear algebra and vector extensions that were used."""

    system: str
    machine: str
    blas: tuple[str, ...] = ()
    simd: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Source:
    """The notebook: its name, where it lay, and its hash."""

    name: str
    path: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a run was computed from, as it says itself.

    Attributes
    ----------
    format : {1, 2}
    notebook : Source
    parameters : dict
        Every parameter with its value.
    given : tuple of str
        Those that the caller set.
    elsewhere : tuple of str
        Those whose value is the last part of a path that lay outside the folder of the call.
    inputs : dict
        Hash by name.
    data : tuple of dict
        The surveys that the notebook itself names: name, hash, number of respondents.
    seed : int, float, str or None
    versions : dict
        Of Python and of libraries.
    code : Code or None
        None in a crate of format 1, which does not tell it.
    platform : Machine
    fonts, style : dict
    policy : {"open", "contained"}
    """

    format: int
    notebook: Source
    parameters: Mapping[str, Any]
    given: tuple[str, ...]
    elsewhere: tuple[str, ...]
    inputs: Mapping[str, str]
    data: tuple[Mapping[str, Any], ...]
    seed: int | float | str | None
    versions: Mapping[str, str]
    code: Code | None
    platform: Machine
    fonts: Mapping[str, str]
    style: Mapping[str, str]
    policy: Policy


@dataclass(frozen=True, kw_only=True)
class Manifest(Claims):
    """The claims of a finished crate, with the name and hash of its report and the hashes of its own files."""

    report: str
    report_sha256: str
    files: Mapping[str, str]


def read_manifest_of(told: Any) -> Manifest:
    """Check a whole manifest.

    Raises
    ------
    Damaged
        With the field and what is wrong with it.
    """
    top = _Part(told, "")
    claims = _claims(top)
    report, files = top.part("report"), top.texts("files", _SHA256, "a SHA-256")
    _check_run(top.part("run"))
    for name in (NOTEBOOK, EXECUTED, DECLARED):
        if name not in files:
            raise Damaged(f"files: it has no {name}")
    for name in files:
        if name not in (NOTEBOOK, EXECUTED, DECLARED):
            raise Damaged(f"files: {_cut(name)} is no file of a crate")
    return Manifest(
        **vars(claims),
        report=_page_name(report.text("name"), "report.name"),
        report_sha256=report.text("sha256", _SHA256, "a SHA-256"),
        files=files,
    )


def read_claims_of(told: Any) -> Claims:
    """Check what a run says of itself, before it has a report; errors as of `read_manifest_of`."""
    return _claims(_Part(told, ""))


def _check_run(part: _Part) -> None:
    part.text("ended", _TIME, "a time in UTC")
    seconds = part.held.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not has_usable_numbers(seconds):
        raise Damaged(f"run.seconds: {_cut(seconds)} is no number")


def _claims(top: _Part) -> Claims:
    version = top.held.get("format")
    if type(version) is int and version > FORMAT:
        raise NotebookError("it is of a later version of cxkit; use that one")
    if type(version) is not int or version < 1:
        raise Damaged(f"format: {_cut(version)} is none")
    notebook, newer = top.part("notebook"), version > 1
    for name in _FIELDS if newer else ():
        top.check_fields(name)
    parameters = _parameters(top)
    return Claims(
        format=version,
        notebook=Source(
            name=_file_name(notebook.text("name"), "notebook.name"),
            path=notebook.text("path"),
            sha256=notebook.text("sha256", _SHA256, "a SHA-256"),
        ),
        parameters=parameters,
        given=_names_among(top, "given", parameters),
        elsewhere=_names_among(top, "elsewhere", parameters) if "elsewhere" in top.held else (),
        inputs=top.texts("inputs", _SHA256, "a SHA-256"),
        data=_data(top),
        seed=_seed(top),
        versions=_versions(top),
        code=_code(top.part("code")) if newer else None,
        platform=_machine(top.part("platform"), newer),
        fonts=top.texts("fonts", _DIGITS, "a hash") if newer else {},
        style=top.texts("style") if newer else {},
        policy=_policy(top),
    )


class _Part:
    """A table of the manifest, and its name for messages."""

    def __init__(self, held: Any, name: str) -> None:
        if not isinstance(held, dict):
            raise Damaged(f"{name}: it is no table" if name else "it is no manifest of a report")
        if len(held) > _MOST:
            raise Damaged(f"{name}: it has more than {_MOST:,} entries")
        self.held, self.name = held, name

    def check_fields(self, name: str) -> None:
        """Refuse what no table of this name in a manifest has; the name is empty for the manifest itself."""
        held = self.held.get(name) if name else self.held
        for one in held if isinstance(held, dict) else ():
            if one not in _FIELDS[name]:
                raise Damaged(f"{f'{name}.' if name else ''}{_cut(one)}: a manifest has no such field")

    def place(self, name: str) -> str:
        return f"{self.name}.{name}" if self.name else name

    def part(self, name: str) -> _Part:
        return _Part(self.held.get(name), self.place(name))

    def text(self, name: str, form: re.Pattern[str] | None = None, what: str = "plain text") -> str:
        return _text(self.held.get(name), self.place(name), form, what)

    def texts(self, name: str, form: re.Pattern[str] | None = None, what: str = "plain text") -> dict[str, str]:
        """A table of texts."""
        part = self.part(name)
        return {_text(key, part.name): part.text(key, form, what) for key in part.held}

    def entries(self, name: str) -> list[Any]:
        held = self.held.get(name)
        if not isinstance(held, list) or len(held) > _MOST:
            raise Damaged(f"{self.place(name)}: it is no list" + (" of that length" if isinstance(held, list) else ""))
        return held

    def list_of_texts(self, name: str) -> tuple[str, ...]:
        return tuple(_text(one, self.place(name)) for one in self.entries(name))


def _text(value: Any, place: str, form: re.Pattern[str] | None = None, what: str = "plain text") -> str:
    is_plain = isinstance(value, str) and len(value) <= _LONGEST and not _CONTROL.search(value)
    if not is_plain or (form is not None and not form.fullmatch(value)):
        raise Damaged(f"{place}: {_cut(value)} is not {what}")
    return str(value)


def _file_name(name: str, place: str) -> str:
    """The name of a file without any folder."""
    if name in {"", ".", ".."} or "/" in name or "\\" in name or len(name.encode("utf-8", "replace")) > 250:
        raise Damaged(f"{place}: {_cut(name)} is no plain name of a file")
    return name


def _page_name(name: str, place: str) -> str:
    if not _file_name(name, place).endswith(".html"):
        raise Damaged(f"{place}: {_cut(name)} is no page, whose name ends in .html")
    return name


def _parameters(top: _Part) -> dict[str, Any]:
    part = top.part("parameters")
    for name in part.held:
        if not name.isidentifier() or len(name) > 200:
            raise Damaged(f"parameters: {_cut(name)} is no name of a parameter")
    if not has_usable_numbers(part.held, finite=False):
        raise Damaged("parameters: a number is too large")
    return dict(part.held)


def _names_among(top: _Part, name: str, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    names = top.list_of_texts(name)
    for one in names:
        if one not in parameters:
            raise Damaged(f"{name}: {_cut(one)} is none of the parameters")
    return names


def _data(top: _Part) -> tuple[Mapping[str, Any], ...]:
    for one in top.entries("data"):
        if not isinstance(one, dict) or not all(_is_plain(value) for value in one.values()):
            raise Damaged("data: an entry is no table of names, hashes and counts")
    return tuple(top.entries("data"))


def _seed(top: _Part) -> int | float | str | None:
    seed = top.held.get("seed")
    if not _is_plain(seed):
        raise Damaged(f"seed: {_cut(seed)} is none")
    return seed


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST
    return value is None or (isinstance(value, (int, float)) and has_usable_numbers(value))


def _versions(top: _Part) -> dict[str, str]:
    part = top.part("versions")
    found = {}
    for name in part.held:
        if not PACKAGE_NAME.fullmatch(name):
            raise Damaged(f"versions: {_cut(name)} is no name of a library")
        if name != "python" and not is_version(part.held[name]):
            raise Damaged(f"versions.{name}: {_cut(part.held[name])} is no version")
        found[name] = str(part.held[name])
    part.text("python", PYTHON, "a version of Python 3")
    return found


def is_version(text: Any) -> bool:
    """Whether this is a version as PEP 440 has them, and nothing else beside it."""
    if not isinstance(text, str) or not _VERSION.fullmatch(text):
        return False
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def _code(part: _Part) -> Code:
    commit, changed = part.held.get("commit"), part.held.get("changed")
    if commit is not None and not (isinstance(commit, str) and COMMIT.fullmatch(commit)):
        raise Damaged(f"code.commit: {_cut(commit)} is no commit, which has 7 to 40 digits of 0-9 and a-f")
    if not isinstance(changed, bool):
        raise Damaged(f"code.changed: {_cut(changed)} is neither true nor false")
    return Code(files=part.texts("files", _DIGITS, "a hash"), commit=commit, changed=changed)


def _machine(part: _Part, newer: bool) -> Machine:
    lists = {name: part.list_of_texts(name) for name in ("blas", "simd") if newer}
    return Machine(system=part.text("system"), machine=part.text("machine"), **lists)


def _policy(top: _Part) -> Policy:
    policy: Any = top.held.get("policy")
    if policy not in ("open", "contained"):
        raise Damaged(f"policy: {_cut(policy)} is neither open nor contained")
    return "contained" if policy == "contained" else "open"


def has_usable_numbers(value: Any, *, finite: bool = True) -> bool:
    """Whether every number in plain data can be computed with, as a float.

    Parameters
    ----------
    value : object
    finite : bool
        Whether none may be infinite or no number at all.
    """
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, (int, float)) and not _is_usable(one, finite):
            return False
    return True


def _is_usable(number: float, finite: bool) -> bool:
    if isinstance(number, int):
        return abs(number) <= LARGEST_NUMBER
    return math.isfinite(number) or not finite


def _cut(value: Any) -> str:
    """A value for a message: whatever it holds, on one line of this length."""
    text = value if isinstance(value, str) else type(value).__name__ if isinstance(value, (dict, list)) else repr(value)
    shown = printable(text[:_SHOWN])
    return f"'{shown}'" if len(text) <= _SHOWN else f"'{shown}...'"
