"""One html file that loads nothing from anywhere: template, style and content, everything escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from cxkit.coursework.page.words import (
    OUTCOME_SIGNS,
    OUTCOME_WORDS,
    SHORT_WORDS,
    WRITTEN_WORDS,
    points_on_page,
    share_text,
    with_code,
)
from cxkit.running.pages.templating import environment

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
    made = environment(folder, COMMON)
    made.filters["points"] = points_on_page
    made.filters["with_code"] = with_code
    made.filters["share"] = share_text
    made.globals["words"] = OUTCOME_WORDS
    made.globals["written_words"] = WRITTEN_WORDS
    made.globals["short_words"] = SHORT_WORDS
    made.globals["signs"] = OUTCOME_SIGNS
    return made


@cache
def _style(template: Path) -> Markup:
    own = template.parent / (template.name.split(".")[0] + ".css")
    return Markup("".join(path.read_text(encoding="utf-8") for path in (COMMON / "page.css", own) if path.is_file()))
