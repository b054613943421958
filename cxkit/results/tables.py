"""How a table is printed, as text, html, Markdown and LaTeX."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from cxkit.results.columns import COLUMNS, INTERVAL, find_column
from cxkit.results.rounding import whole
from cxkit.survey.wording import wording

MISSING = "–"

LONG_TEXT = 40

SHORT_NAME = 24
"""Names of rows up to so many letters are not broken into lines."""

HIDDEN = "hidden"
"""Printed for every number of a row whose `hidden` is true: too few people answered."""


def printed(
    frame: pd.DataFrame, shown: Sequence[str] = (), *, level: str = "95 %", headings: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """The table as a reader sees it: chosen columns, headings, rounded text; hidden rows say so.

    `level` heads the intervals; `headings` replace those of `COLUMNS` where this table needs to say more.
    """
    own = headings or {}
    frame = reversed_in_words(frame) if "reversed" not in (shown or frame) else frame
    names = [name for name in (shown or frame.columns) if name.split(INTERVAL)[0] in frame and name != "hidden"]
    hidden = frame["hidden"].to_numpy(dtype=bool) if "hidden" in frame else np.zeros(len(frame), dtype=bool)
    columns = [
        _printed_interval(frame, n, hidden) if INTERVAL in n else _printed_column(frame, n, hidden) for n in names
    ]
    table = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    table.columns = [own.get(name, find_column(name).heading.replace("95 %", level)) for name in names]
    return table.reset_index(drop=True)


def reversed_in_words(frame: pd.DataFrame) -> pd.DataFrame:
    """The same items with "(reversed)" behind the wording of those that were turned round: it saves a column."""
    if not {"text", "reversed"} <= set(frame):
        return frame
    marks = zip(frame["text"], frame["reversed"], strict=True)
    return frame.assign(text=[wording(text, turned=bool(turned)) for text, turned in marks])


def _printed_interval(frame: pd.DataFrame, name: str, hidden: np.ndarray) -> pd.Series:
    """Both ends of an interval in one cell, "0.80 to 0.84"; what cannot be computed or shown is said once."""
    low, high = (_printed_column(frame, end, hidden) for end in name.split(INTERVAL))
    return pd.Series([a if a == b else f"{a} to {b}" for a, b in zip(low, high, strict=True)], dtype="object")


def _printed_column(frame: pd.DataFrame, name: str, hidden: np.ndarray) -> pd.Series:
    values, how = frame[name], find_column(name)
    if name not in COLUMNS and pd.api.types.is_integer_dtype(values):
        how = replace(how, show=whole)  # a count has no digits after the point
    is_truth = pd.api.types.is_bool_dtype(values)
    is_number = pd.api.types.is_numeric_dtype(values) and not is_truth

    def cell(value: Any, is_hidden: bool) -> str:
        if is_hidden and (is_number or is_truth):
            return HIDDEN
        if pd.isna(value):
            return MISSING
        if isinstance(value, bool | np.bool_):
            return "yes" if value else how.untrue
        return how.show(float(value)) if is_number else str(value)

    cells = [cell(value, bool(h)) for value, h in zip(values, hidden, strict=True)]
    return pd.Series(cells, dtype="object")


def is_numeric(cells: pd.Series) -> bool:
    """Whether a printed column holds numbers, which are set to the right; where all are missing they were numbers."""
    text = [c for c in cells if c not in (MISSING, HIDDEN, "")]
    return all(c.lstrip("−<±. ")[:1].isdigit() for c in text) and (bool(text) or MISSING in list(cells))


def right_aligned(table: pd.DataFrame) -> list[bool]:
    """Which columns are set to the right: numbers, but not the first column, which names the rows even by numbers."""
    return [i > 0 and is_numeric(table.iloc[:, i]) for i in range(table.shape[1])]


def as_text(table: pd.DataFrame) -> str:
    """The table in plain characters, for a terminal."""
    if table.empty:
        return "(no rows)"
    right = right_aligned(table)
    rows = [list(table.columns), *table.to_numpy().tolist()]
    widths = [max(len(row[i]) for row in rows) for i in range(table.shape[1])]
    lines = [
        "  ".join(cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def as_html(table: pd.DataFrame, *, title: str, note: str = "", group: str = "") -> str:
    """The table as html with caption and note; everything escaped, the same bytes every time.

    `group` names a printed column whose equal neighbours become a heading above their rows.
    """
    groups = table[group].tolist() if group else [""] * len(table)
    table = table.drop(columns=group) if group else table
    right = right_aligned(table)

    def cells(row: Sequence[str], tag: str) -> str:
        scope = " scope=col" if tag == "th" else ""
        styles = [_alignment(c, right[i], is_heading=tag == "th", is_name=not i) for i, c in enumerate(row)]
        return "".join(
            f'<{tag}{scope} style="{style}">{html.escape(cell)}</{tag}>'
            for cell, style in zip(row, styles, strict=True)
        )

    def heading(name: str) -> str:
        style = "text-align:left;font-weight:600;padding-top:0.8em"
        name = html.escape(name)
        return f'<tr class="cx-group"><th scope=rowgroup colspan={table.shape[1]} style="{style}">{name}</th></tr>\n'

    rows = table.to_numpy().tolist()
    starts = [bool(name) and name != before for name, before in zip(groups, ["", *groups], strict=False)]
    body = "\n".join(
        f"{heading(name) if starts_group else ''}<tr>{cells(row, 'td')}</tr>"
        for row, name, starts_group in zip(rows, groups, starts, strict=True)
    )
    foot = f'<p class="cx-note">{html.escape(note)}</p>' if note else ""
    return (
        f'<div class="cx-result"><table class="cx-table"><caption>{html.escape(title)}</caption>\n'
        f"<thead><tr>{cells(list(table.columns), 'th')}</tr></thead>\n<tbody>\n{body}\n</tbody></table>{foot}</div>"
    )


def _alignment(cell: str, is_right: bool, *, is_heading: bool, is_name: bool) -> str:
    """Numbers to the right and never broken, like the short names of rows; long texts with room to be read."""
    if is_right:
        return "text-align:right" if is_heading else "text-align:right;white-space:nowrap"
    if is_name and not is_heading and len(cell) <= SHORT_NAME:
        return "text-align:left;white-space:nowrap"
    return "text-align:left;min-width:14em" if len(cell) > LONG_TEXT else "text-align:left"


def as_markdown(table: pd.DataFrame, *, title: str, note: str) -> str:
    """The table in Markdown's pipe notation."""

    def plain(words: str) -> str:
        return re.sub(r"([\\`*_|<\[])", r"\\\1", " ".join(words.split()))

    def row(cells: Sequence[str]) -> str:
        return "| " + " | ".join(map(plain, cells)) + " |"

    rule = ["---:" if is_right else ":---" for is_right in right_aligned(table)]
    rows = [row(list(table.columns)), row(rule), *(row(cells) for cells in table.to_numpy().tolist())]
    return "\n".join([f"**{plain(title)}**", "", *rows, "", f"*{plain(note)}*", ""])


_LATEX = {
    "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "~": r"\~{}", "^": r"\^{}",
    "\\": r"\textbackslash{}", "−": "$-$", "–": "--", "α": r"$\alpha$", "λ": r"$\lambda$", "ω": r"$\omega$",
    "±": r"$\pm$", "χ": r"$\chi$", "²": "$^2$",
    "<": "$<$", ">": "$>$", "|": "$|$",
}  # fmt: skip


def as_latex(table: pd.DataFrame, *, title: str, note: str) -> str:
    """The table for LaTeX with the booktabs package."""

    def row(cells: Sequence[str]) -> str:
        return " & ".join("".join(_LATEX.get(character, character) for character in cell) for cell in cells) + r" \\"

    spec = "".join("r" if is_right else "l" for is_right in right_aligned(table))
    head = [r"\begin{table}", rf"\caption{{{row([title])[:-3]}}}", rf"\begin{{tabular}}{{{spec}}}", r"\toprule"]
    body = [row(list(table.columns)), r"\midrule", *(row(cells) for cells in table.to_numpy().tolist())]
    foot = [r"\bottomrule", r"\end{tabular}", rf"\par\footnotesize {row([note])[:-3]}", r"\end{table}", ""]
    return "\n".join([*head, *body, *foot])
