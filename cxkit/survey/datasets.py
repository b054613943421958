"""The data and instruments that cxkit ships, by name; and your own file in the same call."""

from __future__ import annotations

import html
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cxkit.errors import SurveyError, nearest
from cxkit.survey.instrument import ANSWERS, Instrument
from cxkit.survey.reading import RoleColumn, read_survey
from cxkit.survey.reading_options import as_about, check_options, refuse_unknown_options
from cxkit.survey.shipped_instruments import as_instrument, instrument_names, is_path, kit_folder, load_instrument
from cxkit.survey.survey import About, Survey


@dataclass(frozen=True, kw_only=True)
class DatasetCard:
    """Where a shipped data set comes from, what it may be used for, and what is odd about it.

    Attributes
    ----------
    instrument
        The name of its instrument.
    origin, obtained_from
        Who collected the data; the package and help page from which they were taken.
    population, period, selection
        Whom the answers stand for; "not stated in the source" where nobody says.
    quirks
        What surprises an analyst, a sentence each.
    n
        Rows of the file.
    respondent
        Role to column, as `read_survey` takes it.
    checks
        Columns and sums of the file, and the call that gives the same sums at the source.
    """

    name: str
    title: str
    instrument: str
    synthetic: bool
    origin: str
    obtained_from: str
    licence: str
    population: str
    period: str
    selection: str
    quirks: tuple[str, ...]
    n: int
    respondent: Mapping[str, RoleColumn] = field(default_factory=dict)
    checks: Mapping[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> About:
        """What a Survey needs to know of its origin."""
        return About(
            synthetic=self.synthetic,
            population=self.population,
            period=self.period,
            selection=self.selection,
            origin=self.origin,
            licence=self.licence,
        )

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Label and content, in the order in which the card is shown."""
        roles = [f"{role} = {_column(column)}" for role, column in self.respondent.items()]
        return [
            ("Name", self.name),
            ("Answers", "synthetic: nobody was asked" if self.synthetic else "real"),
            ("Instrument", self.instrument),
            ("n", f"{self.n:,} rows"),
            ("Origin", self.origin),
            ("Obtained from", self.obtained_from),
            ("Licence", self.licence),
            ("Population", self.population),
            ("Period", self.period),
            ("Selection", self.selection),
            ("Respondents", ", ".join(roles) or "nothing is known of them"),
        ]

    def __str__(self) -> str:
        width = max(len(label) for label, _ in self.rows)
        lines = [self.title, ""]
        for label, content in self.rows:
            lines += _wrapped(f"{label:<{width}}  ", content)
        lines += ["", "What to know before using it:"]
        for quirk in self.quirks:
            lines += _wrapped("- ", quirk)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th scope="row" style="text-align:left">{html.escape(label)}</th>'
            f'<td style="text-align:left">{html.escape(content)}</td></tr>'
            for label, content in self.rows
        )
        quirks = "".join(f"<li>{html.escape(quirk)}</li>" for quirk in self.quirks)
        return (
            f"<table><caption>{html.escape(self.title)}</caption><tbody>{rows}</tbody></table>"
            f"<p>What to know before using it:</p><ul>{quirks}</ul>"
        )


def _column(described: RoleColumn) -> str:
    return described if isinstance(described, str) else str(described["column"])


def _wrapped(start: str, content: str) -> list[str]:
    return textwrap.wrap(content, width=100, initial_indent=start, subsequent_indent=" " * len(start))


def dataset_names() -> list[str]:
    """The names of the shipped data sets."""
    return sorted(card.parent.name for card in kit_folder().glob("*/card.toml"))


def dataset_card(name: str) -> DatasetCard:
    """Where a shipped data set comes from, its licence, and what to know before using it.

    Raises
    ------
    SurveyError
        If there is no data set of that name; the nearest is offered.
    """
    described = tomllib.loads((dataset_path(name).parent / "card.toml").read_text(encoding="utf-8"))
    described["quirks"] = tuple(described["quirks"])
    for table in ("respondent", "checks"):
        described[table] = MappingProxyType(described.get(table, {}))
    return DatasetCard(**described)


def dataset_path(name: str) -> Path:
    """The csv file of a shipped data set; its card and other files lie beside it.

    Raises
    ------
    SurveyError
        If there is no data set of that name; the nearest is offered.
    """
    if name not in dataset_names():
        raise SurveyError(f"cxkit ships no data set '{name}'.{nearest(name, dataset_names())}")
    return kit_folder() / name / "data.csv"


def copy_dataset(name: str, target: str | Path = ".") -> Path:
    """Copy a shipped data set out, to read it as a file of your own.

    Parameters
    ----------
    name
        The data set.
    target
        The new csv file, or the folder that `NAME.csv` goes into.

    Raises
    ------
    SurveyError
        If there is no data set of that name (the nearest is offered), or a file of that name already.
    """
    source, copy = dataset_path(name), Path(target)
    copy = copy if copy.suffix else copy / f"{name}.csv"
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        with copy.open("xb") as file:
            file.write(source.read_bytes())
    except FileExistsError:
        raise SurveyError(f"{copy} exists already; name another file with -o.") from None
    return copy


def load_survey(
    name_or_path: str | Path,
    *,
    instrument: Instrument | str | Path | None = None,
    respondent: Mapping[str, RoleColumn] | None = None,
    **read_options: Any,
) -> Survey:
    """A shipped data set by name, or your own survey by the path of its file.

    Parameters
    ----------
    name_or_path
        `"culture_synthetic"`, or `"mine.csv"`.
    instrument
        For your own file: an instrument, the name of a shipped one, or the path of its TOML file. A shipped data set
        has its own; give one to group its items differently.
    respondent
        Which columns describe the respondent, as in `read_survey`. A shipped data set brings this along; what is given
        replaces it.
    read_options
        Anything else that `read_survey` takes, such as `missing_codes` or `about`.

    Raises
    ------
    OptionError
        If `read_survey` has no such option (the nearest is offered), or it is of the wrong kind.
    SurveyError
        If there is neither a data set of that name (the nearest is offered) nor a file, if the instrument is missing,
        and with every problem of the file at once.
    """
    refuse_unknown_options(read_options)
    if is_path(name_or_path, (*ANSWERS, ".toml")):
        return _load_file(Path(name_or_path), instrument, respondent, read_options)
    if str(name_or_path) not in dataset_names():
        raise SurveyError(
            f"cxkit ships no data set '{name_or_path}'.{nearest(str(name_or_path), dataset_names())} "
            "For a file of your own, give its path with its ending (mine.csv)."
        )
    card = dataset_card(str(name_or_path))
    options = {"name": card.name, "about": card.about, **read_options}
    if isinstance(options["about"], Mapping):
        check_options(about=options["about"])
        options["about"] = as_about(options["about"], card.about)
    asked = load_instrument(card.instrument) if instrument is None else as_instrument(instrument)
    roles = card.respondent if respondent is None else respondent
    return read_survey(dataset_path(card.name), asked, roles, **options)


def _load_file(
    path: Path,
    instrument: Instrument | str | Path | None,
    respondent: Mapping[str, RoleColumn] | None,
    read_options: Mapping[str, Any],
) -> Survey:
    if instrument is None and path.is_file():
        raise SurveyError(
            f"{path.name} holds answers; say to which questions: instrument='culture8' (shipped: "
            f"{', '.join(instrument_names())}) or instrument='mine.toml' (in a notebook, in its parameter "
            "instrument_path)."
        )
    # Without the file, read_survey says so, whatever the instrument.
    asked = load_instrument("culture8") if instrument is None else as_instrument(instrument)
    return read_survey(path, asked, respondent, **read_options)
