"""How numbers are printed: one place for the headings and the rounding of every column in the kit."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from cxkit.survey.wording import wording

MISSING = "–"
LONG_TEXT = 40
SHORT_NAME = 24
"""Names of rows up to so many letters are not broken into lines."""
HIDDEN = "hidden"
"""Printed for every number of a row whose `hidden` is true: too few people answered."""


def fixed(digits: int) -> Callable[[float], str]:
    """A number with that many digits after the point, and a true minus sign."""

    def show(value: float) -> str:
        rounded = f"{value:.{digits}f}"
        return rounded.lstrip("-") if float(rounded) == 0 else rounded.replace("-", "−")

    return show


TWO_DIGITS = fixed(2)


def digits_that_keep(side: Callable[[float], object], value: float, least: int = 2) -> int:
    """How many digits leave the rounded value on the value's side: so many, or more where they round it across."""
    return next((n for n in range(least, 6) if side(round(value, n)) == side(value)), 6)


def clear_of(value: float, bound: float, least: int = 2) -> str:
    """The value with at least so many digits, and more where fewer would show it at the bound or beyond."""
    return fixed(digits_that_keep(lambda shown: (shown > bound, shown < bound), value, least))(value)


def probability(value: float) -> str:
    """A p-value as journals print it."""
    return "< .001" if value < 0.001 else f"{value:.3f}".removeprefix("0")


def share(value: float) -> str:
    """A share as a percentage."""
    if 0 < value < 0.001:
        return "< 0.1%"
    return f"{value:.0%}" if value == 0 or value >= 0.01 else f"{value:.1%}"


def share_of_draws(value: float, draws: int) -> str:
    """A probability counted among random draws: that none or all of them had it does not make it 0 or 1.

    Of an event that never occurred in n draws, the probability is below 3 / n with 95 % confidence (the rule of three).
    """
    least = max(0.001, 3 / draws)
    if value == 0:
        return f"< {share(least)}"
    if value == 1:
        return f"> {1 - least:.1%}"
    return f"{min(value, 0.999):.1%}" if value > 0.99 else share(value)


def share_exactly(value: float) -> str:
    """A share as a percentage with one decimal, for rates of error of a few percent."""
    return f"{value:.1%}"


def whole(value: float) -> str:
    """A count."""
    return fixed(0)(value) if abs(value) < 1000 else f"{value:,.0f}".replace("-", "−")


def signed(value: float) -> str:
    """A move up or down, with its sign, in whole steps."""
    return whole(value) if round(value) <= 0 else f"+{whole(value)}"


def plus_minus(value: float) -> str:
    """Half the width of an interval."""
    return f"± {TWO_DIGITS(value)}"


@dataclass(frozen=True)
class Column:
    """How one column is printed."""

    heading: str
    show: Callable[[float], str] = TWO_DIGITS
    untrue: str = "no"
    """What stands for false; empty where only the exceptions are to catch the eye."""


COLUMNS: dict[str, Column] = {
    "agreement": Column("ICC(2,1)"),
    "aic": Column("AIC", fixed(0)),
    "alpha": Column("α"),
    "alpha_change": Column("Change in α", fixed(3)),
    "alpha_if_dropped": Column("α without"),
    "alpha_kept": Column("α kept"),
    "alpha_standardized": Column("α standardised"),
    "ave": Column("AVE"),
    "ave_exceeds": Column("AVE > r²"),
    "beta": Column("β"),
    "bic": Column("BIC", fixed(0)),
    "c_sv": Column("c_sv"),
    "ceiling": Column("Ceiling", share),
    "cfi": Column("CFI", fixed(3)),
    "change": Column("Change"),
    "chi_square": Column("χ²", fixed(1)),
    "chi_square_difference": Column("Δχ²", fixed(1)),
    "ci_high": Column("95 % high"),
    "ci_low": Column("95 % low"),
    "coefficient": Column("Coefficient"),
    "communality": Column("h²"),
    "components": Column("Components", whole),
    "complexity": Column("Complexity", fixed(1)),
    "consistency": Column("ICC(3,1)"),
    "critical_cvr": Column("Critical CVR"),
    "cumulative": Column("Cumulative", share),
    "cvr": Column("CVR"),
    "d_cfi": Column("Δ CFI", fixed(3)),
    "d_chi_square": Column("Δ χ²", fixed(1)),
    "d_df": Column("Δ df", whole),
    "d_p": Column("p of Δ χ²", probability),
    "d_p_adjusted": Column("p of Δ χ² (Holm)", probability),
    "d_rmsea": Column("Δ RMSEA", fixed(3)),
    "d_srmr": Column("Δ SRMR", fixed(3)),
    "df": Column("df", whole),
    "df_between": Column("df between", whole),
    "df_difference": Column("Δdf", whole),
    "df1_star": Column("df1 of F*", fixed(1)),
    "df2_star": Column("df2 of F*", fixed(1)),
    "df_within": Column("df within", whole),
    "dimension": Column("Dimension"),
    "ecv": Column("ECV"),
    "eigenvalue": Column("Eigenvalue"),
    "epc": Column("Expected"),
    "essential": Column("Essential", whole),
    "excluded": Column("Excluded", whole),
    "experts": Column("Experts", whole),
    "f_star": Column("F*"),
    "f_value": Column("F"),
    "factor": Column("Factor", whole),
    "false_flags": Column("False flags", share_exactly),
    "finding": Column("Finding"),
    "flagged": Column("Flagged", whole),
    "floor": Column("Floor", share),
    "freed": Column("Let go"),
    "function": Column("Function"),
    "gap": Column("Gap"),
    "gap_high": Column("95 % high"),
    "gap_low": Column("95 % low"),
    "glb": Column("GLB"),
    "group": Column("Group"),
    "g": Column("Hedges g"),
    "g_high": Column("95 % high"),
    "g_low": Column("95 % low"),
    "htmt": Column("HTMT"),
    "htmt2": Column("HTMT2"),
    "i_cvi": Column("I-CVI"),
    "icc": Column("ICC"),
    "icc1": Column("ICC(1)", fixed(3)),
    "icc2": Column("ICC(2)", fixed(3)),
    "icc2_high": Column("ICC(2), 95 % high", fixed(3)),
    "icc2_low": Column("ICC(2), 95 % low", fixed(3)),
    "index": Column("Index"),
    "item": Column("Item"),
    "item_rest_high": Column("Item-rest r, upper"),
    "item_rest_low": Column("Item-rest r, lower"),
    "item_rest_r": Column("Item-rest r"),
    "items": Column("Items", whole),
    "items_missing": Column("Items left out", whole),
    "kappa": Column("Modified κ"),
    "kmo": Column("MSA"),
    "kurtosis": Column("Kurtosis"),
    "lambda2": Column("λ2"),
    "lambda4": Column("Largest λ4"),
    "lambda5": Column("λ5"),
    "lambda6": Column("λ6"),
    "level": Column("Level"),
    "likely_percentile": Column("Likely percentile", whole),
    "loading": Column("Loading"),
    "log_odds": Column("Log odds"),
    "margin": Column("Margin", plus_minus),
    "mean": Column("Mean"),
    "mean_change": Column("Change in mean", fixed(3)),
    "mean_correlation": Column("Mean |r|"),
    "mean_group_size": Column("Mean group size", fixed(1)),
    "mean_kept": Column("Mean kept"),
    "mean_loading": Column("Mean loading"),
    "mean_others": Column("Mean others"),
    "mean_leaders": Column("Mean leaders"),
    "mean_r": Column("Mean r"),
    "meaning": Column("Of what"),
    "median": Column("Median"),
    "method_share": Column("Method", share),
    "mi": Column("Index", fixed(1)),
    "missing": Column("Missing", share),
    "missing_items": Column("Which"),
    "model": Column("Model"),
    "n": Column("n", whole),
    "n_effective": Column("Effective n", fixed(1)),
    "n_complete": Column("n complete", whole),
    "n_factors": Column("Factors", whole),
    "n_groups": Column("Groups", whole),
    "n_leaders": Column("n leaders", whole),
    "n_others": Column("n others", whole),
    "n_splits": Column("Splits", whole),
    "name": Column("Model"),
    "norm_mean": Column("Norm mean"),
    "norm_sd": Column("Norm SD"),
    "observed": Column("Observed"),
    "observed_sd": Column("Observed SD"),
    "omega": Column("ω, one factor"),
    "omega_categorical": Column("ω categorical"),
    "omega_general": Column("ω general"),
    "omega_group": Column("ω group"),
    "omega_latent": Column("ω latent"),
    "omega_total": Column("ω total, several factors"),
    "ordinal_alpha": Column("Ordinal α (not of the score)"),
    "organisations": Column("Organisations", whole),
    "p_adjusted": Column("p adjusted", probability),
    "p_holm": Column("p (Holm)", probability),
    "p_nonuniform": Column("p non-uniform", probability),
    "p_sa": Column("p_sa"),
    "p_star": Column("p of F*", probability),
    "p_top_tenth": Column("P(best tenth)", share),
    "p_uniform": Column("p uniform", probability),
    "p_value": Column("p", probability),
    "pair": Column("Dimensions"),
    "pairs": Column("Pairs", whole),
    "pattern": Column("Pattern"),
    "patterns": Column("Patterns", whole),
    "percentile": Column("Percentile", whole),
    "percentile_high": Column("95 % high", whole),
    "percentile_low": Column("95 % low", whole),
    "proportion": Column("Variance", share),
    "proportion_explained": Column("Share of explained", share),
    "r": Column("r"),
    "r2_change": Column("Δ R²", fixed(3)),
    "r_squared": Column("R²"),
    "random": Column("Random data, 95th pct."),
    "random_mean": Column("Random data, mean"),
    "rank": Column("Rank", whole),
    "rank_high": Column("95 % high", whole),
    "rank_low": Column("95 % low", whole),
    "raters": Column("Raters", whole),
    "relevant": Column("Relevant", whole),
    "residual_r": Column("Residual r"),
    "reversed": Column("Reversed", untrue=""),
    "rmsea": Column("RMSEA", fixed(3)),
    "rmsea_high": Column("90 % high", fixed(3)),
    "rmsea_low": Column("90 % low", fixed(3)),
    "rule": Column("Flagged when"),
    "rwg_j": Column("Mean r_wg(J)"),
    "rwg_j_median": Column("Median r_wg(J)"),
    "rwg_j_star": Column("Mean r*wg(J)"),
    "rwg_j_star_median": Column("Median r*wg(J)"),
    "score": Column("Score"),
    "sd": Column("SD"),
    "sem": Column("SEM"),
    "share": Column("Share", share),
    "share_of_variance": Column("Share of variance", share),
    "share_set_to_zero": Column("r_wg(J) set to 0", share),
    "share_strong": Column("r_wg(J) strong", share),
    "skew": Column("Skew"),
    "smallest_change": Column("Smallest change"),
    "smallest_detectable_g": Column("Detectable g"),
    "smallest_loading": Column("Smallest loading"),
    "smoothed_percentile": Column("Smoothed percentile", whole),
    "srmr": Column("SRMR", fixed(3)),
    "ss_loadings": Column("Sum of squares"),
    "standard": Column("Standard"),
    "stands_out": Column("Stands out"),
    "status": Column("Status"),
    "taken_for": Column("Taken for"),
    "target_coefficient": Column("Target", fixed(3)),
    "technique": Column("Technique"),
    "text": Column("Wording"),
    "title": Column("Dimension"),
    "tli": Column("TLI", fixed(3)),
    "topic": Column("Topic"),
    "uniqueness": Column("u²"),
    "unit": Column("Unit"),
    "units": Column("Units", whole),
    "verdict": Column("Verdict"),
    "weakest": Column("Weakest item"),
    "weighted_high": Column("95 % high"),
    "weighted_low": Column("95 % low"),
    "what": Column("Where"),
    "where": Column("Where"),
    "z_value": Column("z", fixed(1)),
}
"""Heading and rounding by column name. A column that is not here gets its own name and two digits."""


INTERVAL = ".."
"""In a list of shown columns, `ci_low..ci_high` prints both ends in one cell."""


def column(name: str) -> Column:
    """How a column is printed."""
    if INTERVAL in name:
        return Column("95 % interval")
    if name.startswith("factor_"):
        return Column(f"F{name.removeprefix('factor_')}")
    return COLUMNS.get(name, Column(name.replace("_", " ").capitalize()))


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
    table.columns = [own.get(name, column(name).heading.replace("95 %", level)) for name in names]
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
    values, how = frame[name], column(name)
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
