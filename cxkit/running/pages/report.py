"""A finished run as a report: one html file that needs no network, prints well and comes out the same every time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment
from markupsafe import Markup

from cxkit.files import write_atomically
from cxkit.running.notebooks.notebook import joined
from cxkit.running.pages.page import compose_page, highlighted
from cxkit.running.pages.prose import Prose
from cxkit.running.pages.templating import environment
from cxkit.running.provenance.places import told_parameters

if TYPE_CHECKING:
    from cxkit.running.plan import Run

TEMPLATES = Path(__file__).parent / "template"
BADGES = {"real": "Real data", "synthetic": "Synthetic data"}
_LONG_VALUE = 120


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One line of the provenance block."""

    name: str
    value: str
    remark: str = ""


def write_report(
    run: Run, path: str | Path, *, show_code: bool = False, title: str | None = None, badge: str | None = None
) -> Path:
    """Write the report of a run.

    Parameters
    ----------
    run : Run
        A run that was executed; nothing is run again.
    path : str or Path
        Where to; an older file is replaced in one step.
    show_code, title, badge
        See `report_html`.

    Returns
    -------
    Path
        The file written.
    """
    return write_atomically(Path(path), report_html(run, show_code=show_code, title=title, badge=badge))


def report_html(
    run: Run, *, show_code: bool = False, title: str | None = None, badge: str | None = None, shortens: bool = True
) -> str:
    """What does a reader of this run see?

    Parameters
    ----------
    run : Run
        A run that was executed.
    show_code : bool
        Whether code is unfolded.
    title : str, optional
        Overrides the first heading of the notebook.
    badge : {"real", "synthetic"}, optional
        Labels the data beneath the title; synthetic in any case where the notebook itself says so.
    shortens : bool
        Whether of a long text only its begin and end are shown.

    Returns
    -------
    str
        A page without scripts and without anything loaded from elsewhere. It holds no clock and no random name:
        equal runs give equal bytes.
    """
    if run.executed is None:
        raise ValueError("A run that was kept from before has its report already.")
    page = compose_page(run.executed, Prose(run.notebook.parent), shortens=shortens)
    session, shown = run.session or {}, told_parameters(run.parameters, run.told)
    return _render(
        "report.html.j2",
        page=page,
        title=title or page.title or run.notebook.stem.replace("_", " "),
        language=str(run.executed.get("metadata", {}).get("cxkit", {}).get("language", "en")),
        badge="synthetic" if is_synthetic(session) else badge,
        byline=[fact for fact in data_facts(session) if fact.value],
        show_code=show_code,
        setup_code=highlighted("\n\n".join(page.setup_code)),
        parameters=[_parameter_fact(name, value, run.given) for name, value in shown.items()],
        provenance=list(_provenance(run, session)),
    )


def report_title(run: Run, title: str | None = None) -> str:
    """The title of a run's report: as given, else the notebook's first heading, else its name."""
    if title or run.executed is None:
        return title or run.notebook.stem.replace("_", " ")
    prose = Prose(run.notebook.parent)
    for cell in run.executed["cells"]:
        if cell["cell_type"] == "markdown" and not prose.title:
            prose.html(joined(cell["source"]))
    return prose.title or run.notebook.stem.replace("_", " ")


def index_html(title: str, entries: Iterable[Mapping[str, Any]]) -> str:
    """The page that lists the reports of a batch: one entry each with title, notebook, badge, n, summary and link."""
    return _render("index.html.j2", title=title, entries=list(entries), language="en")


def data_facts(session: Mapping[str, Any]) -> list[Fact]:
    """The data a session names: name, hash and number of respondents each.

    ``session["data"]`` may be a text, a mapping with ``name``, ``hash`` and ``n``, or a list of either.
    """
    named = session.get("data") or []
    facts = [_data_fact(one) for one in ([named] if isinstance(named, (str, Mapping)) else named)]
    return facts if len(facts) < 2 else [replace(one, name=f"Data {place}") for place, one in enumerate(facts, 1)]


def is_synthetic(session: Mapping[str, Any]) -> bool:
    """Whether the notebook itself says that any of its data was made up."""
    named = session.get("data") or []
    return not isinstance(named, str) and any(
        isinstance(one, Mapping) and one.get("synthetic") is True
        for one in ([named] if isinstance(named, Mapping) else named)
    )


def _data_fact(one: Any) -> Fact:
    if not isinstance(one, Mapping):
        return Fact(name="Data", value=str(one))
    n, digest = one.get("n"), one.get("hash")
    count = f", n = {n:,}" if isinstance(n, int) else ""
    return Fact(name="Data", value=f"{one.get('name', 'unnamed')}{count}", remark=f"hash {digest}" if digest else "")


def _provenance(run: Run, session: Mapping[str, Any]) -> Iterable[Fact]:
    yield Fact(name="Notebook", value=run.notebook.name, remark=f"sha256 {run.notebook_sha256[:12]}")
    yield from data_facts(session)
    if session.get("seed") is not None:
        yield Fact(name="Seed", value=_shown(session["seed"]))
    yield Fact(name="Made with", value=f"cxkit {cxkit_version()}")
    versions = {name: value for name, value in dict(session.get("versions") or {}).items() if name != "cxkit"}
    if versions:
        yield Fact(name="Versions", value=", ".join(f"{name} {value}" for name, value in versions.items()))


def _parameter_fact(name: str, value: Any, given: tuple[str, ...]) -> Fact:
    return Fact(name=name, value=_shown(value), remark="this run" if name in given else "default")


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONG_VALUE else text[: _LONG_VALUE - 3] + "..."


def cxkit_version() -> str:
    """The version of the cxkit that is installed."""
    try:
        return version("cxkit")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "(not installed)"


def _render(template: str, **content: Any) -> str:
    return _environment().get_template(template).render(style=_style(), **content)


@cache
def _environment() -> Environment:
    made = environment(TEMPLATES)
    made.filters["safe_html"] = Markup
    made.globals["badges"] = BADGES
    return made


@cache
def _style() -> Markup:
    return Markup((TEMPLATES / "report.css").read_text(encoding="utf-8"))
