"""Which code of cxkit computes here: every file of the package by its hash, and the commit that it comes from."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

from cxkit.files import hashes_in
from cxkit.running.provenance.claims import COMMIT, Code
from cxkit.shipped import PACKAGE

_DIGITS = 16  # of each file's hash: enough to tell two versions of one file apart
_GIT_SECONDS = 10
_LISTED = 3


@cache
def kit() -> Mapping[str, Any]:
    """The code of the kit, once a process.

    Returns
    -------
    dict
        ``files``: the hash of each file of the package; ``commit``: the commit of the checkout, or that a package
        was installed from, else None; ``changed``: whether the package holds changes that are in no commit.
    """
    files = {name: own[:_DIGITS] for name, own in hashes_in(PACKAGE).items()}
    if (PACKAGE.parent / "pyproject.toml").is_file():
        return {
            "files": files,
            "commit": _git("rev-parse", "HEAD"),
            "changed": bool(_git("status", "--porcelain", "--", PACKAGE.name)),
        }
    return {"files": files, "commit": _installed_commit(), "changed": False}


def changed_code(before: Code) -> str:
    """What of the kit's code is not as a manifest tells it; empty if all is."""
    then, now = before.files, kit()["files"]
    names = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    if not names:
        return ""
    listed = ", ".join(f"cxkit/{name}" for name in names[:_LISTED])
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    files = "1 file" if len(names) == 1 else f"{len(names)} files"
    return f"{files} of cxkit's code changed since: {listed}{more}{_commits(before)}"


def is_of_commit(before: Code) -> bool:
    """Whether the code here is just that of the commit that a manifest names; one that names none claims nothing."""
    own = kit()
    if before.commit is None or (before.commit, before.changed) == (own["commit"], own["changed"]):
        return True
    return not before.changed and _git("diff", "--quiet", before.commit, "--", PACKAGE.name) is not None


def _commits(before: Code) -> str:
    then, now = (str(one or "")[:10] for one in (before.commit, kit()["commit"]))
    return f" (commit {then} then, {now} now)" if then and now and then != now else ""


def _git(*words: str) -> str | None:
    """What git says of the checkout; None without git, or where there is no repository."""
    command = ["git", "-C", str(PACKAGE.parent), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_GIT_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _installed_commit() -> str | None:
    """The commit that pip installed a package from, as PEP 610 records it."""
    try:
        told = json.loads(distribution("cxkit").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return None
    commit = told.get("vcs_info", {}).get("commit_id")
    return commit if isinstance(commit, str) and COMMIT.fullmatch(commit) else None
