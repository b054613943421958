"""The last cell of a notebook: what was analysed, with which versions, so that it can be repeated."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pandas as pd

from cxkit import mime
from cxkit.results import tables
from cxkit.survey.survey import Survey

PACKAGES = ("cxkit", "numpy", "pandas", "scipy", "matplotlib", "seaborn", "factor-analyzer", "scikit-learn")
"""Under this type the report reads a session from the notebook's output."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """What a notebook analysed and with what. Shown as a table; the report's provenance block is made from it."""

    surveys: tuple[Survey, ...]
    seed: int | None
    summary: str

    @property
    def versions(self) -> dict[str, str]:
        """Versions of Python and of the packages that make numbers."""
        return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}

    def as_dict(self) -> dict[str, Any]:
        """The same, for machines."""
        data = [
            {"name": s.name, "hash": s.hash, "n": s.n, "instrument": s.instrument.name, "synthetic": s.about.synthetic}
            for s in self.surveys
        ]
        return {"data": data, "seed": self.seed, "summary": self.summary, "versions": self.versions}

    @property
    def table(self) -> pd.DataFrame:
        """What, and which one."""
        data = [("Data", f"{s.stamp}, n = {s.n:,}") for s in self.surveys]
        seed = [("Seed", str(self.seed))] if self.seed is not None else []
        rows = [*data, *seed, *self.versions.items()]
        return pd.DataFrame(rows, columns=["What", "Which"], dtype="object")

    def __repr__(self) -> str:
        return tables.as_text(self.table)

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        page = tables.as_html(self.table, title="To repeat this analysis")
        return {"text/plain": repr(self), "text/html": page, mime.SESSION: self.as_dict()}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def session(*surveys: Survey, seed: int | None = None, summary: str = "") -> Session:
    """Say what a notebook rests on: its surveys, its seed and the versions of everything that makes numbers.

    Parameters
    ----------
    surveys
        The surveys that were analysed.
    seed
        The seed of the notebook, where it used one.
    summary
        One sentence for the index of reports.
    """
    return Session(surveys=surveys, seed=seed, summary=summary)
