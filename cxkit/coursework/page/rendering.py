"""One html file that loads nothing from anywhere: template, style and content, everything escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cxkit.coursework.page.words import (
    OUTCOME_SIGNS,
    OUTCOME_WORDS,
    SHORT_WORDS,
    WRITTEN_WORDS,
    points_text,
    share_text,
    with_code,
)

COMMON = Path(__file__).parent / "template"


def render_page(template: Path, **content: Any) -> str:
    """The page that a template makes of its content.

    Parameters
    ----------
    template : Path
        A jinja2 template that extends `page.html.j2`; a file of the same stem with `.css` beside it joins the style.
    **content
        Plain values. Everything is escaped, except `Markup` of the kit's own making.

    Returns
    -------
    str
        A whole html document. Its content security policy forbids scripts and whatever is not within the file, should
        any escaping ever fail.
    """
    return _environment(template.parent).get_template(template.name).render(style=_style(template), **content)


@cache
def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([folder, COMMON]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["points"] = points_text
    environment.filters["with_code"] = with_code
    environment.filters["share"] = share_text
    environment.globals["words"] = OUTCOME_WORDS
    environment.globals["written_words"] = WRITTEN_WORDS
    environment.globals["short_words"] = SHORT_WORDS
    environment.globals["signs"] = OUTCOME_SIGNS
    return environment


@cache
def _style(template: Path) -> Markup:
    own = template.parent / (template.name.split(".")[0] + ".css")
    return Markup("".join(path.read_text(encoding="utf-8") for path in (COMMON / "page.css", own) if path.is_file()))
