"""What was answered, by whom: the object that every analysis takes first."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError, OptionError, SurveyError, counted, nearest, nearest_of_waves
from cxkit.survey.instrument import Dimension, Instrument
from cxkit.survey.ledger import RowLedger
from cxkit.survey.people import People
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.wave_order import in_time

ROLES = ("id", "level", "function", "unit", "organisation", "wave", "weight")
"""What a column about the respondent can mean.

`level` is ordered, `wave` where its names tell a time, `weight` is a positive number.
"""

SHORT_HASH = 12


@dataclass(frozen=True, kw_only=True)
class About:
    """Where answers come from: what a reader must know before comparing anything with them.

    An empty string means "not stated". `selection` says how organisations and respondents came to take part.
    """

    synthetic: bool = False
    population: str = ""
    period: str = ""
    selection: str = ""
    origin: str = ""
    licence: str = ""


@dataclass(frozen=True, kw_only=True)
class DataStamp:
    """Which answers a result rests on: the survey's name, a short hash of its answers, and what to know of them.

    `withholds` says whether answers of a few respondents are left out (see `protect_incomplete`), `people` of how many
    people the answer sheets are.
    """

    name: str
    hash: str
    synthetic: bool = False
    has_weights: bool = False
    withholds: bool = False
    people: People | None = None

    def __str__(self) -> str:
        return f"{self.name}{' (synthetic)' if self.synthetic else ''}, answers {self.hash}"


@dataclass(frozen=True, eq=False, kw_only=True)
class Survey:
    """Answers to an instrument, with what is known of the respondents.

    Made by `read_survey` and `load_survey`; never changed afterwards, so that a result can name the answers that it
    rests on.

    Attributes
    ----------
    given
        The answers as respondents gave them: a row a respondent, a column an item, numbers, NaN where not answered.
    respondents
        Respondent attributes, a column a role (see `ROLES`), in the same row order.
    notes
        What the reader did or noticed, in sentences.
    ledger
        Where every row of the file went; None where the answers come from no file.
    withheld
        Which answers were given and are left out to protect the few who gave them (see `protect_incomplete`): a truth
        value for each of `given`; None where none are.
    columns
        Role to the column of the file that it was read from, where the answers come from a file.
    """

    name: str
    instrument: Instrument
    given: pd.DataFrame
    respondents: pd.DataFrame
    about: About = field(default_factory=About)
    notes: tuple[str, ...] = ()
    ledger: RowLedger | None = None
    withheld: pd.DataFrame | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Copies on write: what the caller does with their frames afterwards must not change a survey with a hash.
        object.__setattr__(self, "given", self.given.copy(deep=False))
        object.__setattr__(self, "respondents", self.respondents.copy(deep=False))

    @property
    def answers(self) -> pd.DataFrame:
        """The answers with reversed items turned round (low + high - answer): a high answer is high in the dimension.

        This is the only place where items are reversed; no analysis does it again.
        """
        return self._turned.copy(deep=False)

    @cached_property
    def _turned(self) -> pd.DataFrame:
        turned = self.given.copy()
        for key in turned.columns:
            item = self.instrument.items[key]
            if item.reversed and item.scale.low is not None and item.scale.high is not None:
                turned[key] = item.scale.low + item.scale.high - turned[key]
        return turned

    @property
    def was_answered(self) -> pd.DataFrame:
        """Who answered what, in truth values; answers that are left out to protect those who gave them count."""
        answered = self.given.notna()
        return answered if self.withheld is None else answered | self.withheld

    def __len__(self) -> int:
        return len(self.given)

    @property
    def n(self) -> int:
        """How many answer sheets there are, with or without answers; `people` says of how many people."""
        return len(self.given)

    @cached_property
    def people(self) -> People:
        """How many people the answer sheets come from: whoever answered in several waves has several."""
        return People.of(self.respondents)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The dimensions of the instrument."""
        return self.instrument.dimensions

    def items_of(self, dimension: str) -> pd.DataFrame:
        """The answers to one dimension's items, reversed items turned round."""
        return self.answers[self.instrument.dimension(dimension).item_keys]

    def scores(self, *, answered: float = 0.5) -> pd.DataFrame:
        """Every respondent's score on every dimension: the mean of the items that they answered.

        Parameters
        ----------
        answered
            The share of a dimension's items that must be answered for a score (0 to 1); below it the score is NaN.

        Returns
        -------
        DataFrame
            A row a respondent, a column a dimension, in the units of the answer scale.
        """
        if not 0 < answered <= 1:
            raise OptionError(f"answered={answered} must be a share above 0 and at most 1.")
        columns = {}
        for dimension in self.dimensions:
            items = self.answers[dimension.item_keys]
            enough = items.notna().mean(axis=1) >= answered
            columns[dimension.key] = items.mean(axis=1).where(enough)
        return pd.DataFrame(columns, index=self.answers.index)

    def role(self, role: str) -> pd.Series:
        """What the respondents are in one role, such as their level.

        Raises
        ------
        AnalysisError
            If the survey was read without that role; the message says how to name its column.
        """
        if role not in ROLES:
            raise OptionError(f"'{role}' is not a respondent attribute.{nearest(str(role), ROLES)}")
        if role not in self.respondents:
            known = ", ".join(self.respondents.columns) or "none"
            raise AnalysisError(
                f"The survey '{self.name}' does not say the {role} of its respondents (it knows: {known}). "
                f"Name the column when reading it (in a notebook, in its parameter respondent): "
                f"respondent={{'{role}': '<column>'}}."
            )
        return self.respondents[role]

    @property
    def weights(self) -> pd.Series | None:
        """How much each respondent counts, where the survey was read with the role weight; None if all count alike."""
        weights = self.respondents.get("weight")
        return None if weights is None or weights.nunique() < 2 else weights

    def without_weights(self) -> Survey:
        """The same answers, every respondent counting alike: for analyses that have no weighted form."""
        return replace(self, respondents=self.respondents.drop(columns="weight", errors="ignore"))

    def subset(self, mask: pd.Series | None = None, **roles: object) -> Survey:
        """The respondents in the given roles, as a survey of its own.

        Parameters
        ----------
        mask
            A truth value a respondent (with the survey's row numbers), beside or instead of roles; unknown is false.
        roles
            `level="Managers"` or `function=["Sales", "Service"]`; several roles must all hold.

        Raises
        ------
        AnalysisError
            If a role or one of its values does not occur (the nearest is offered), the mask belongs to other rows, or
            nobody is left.
        """
        keep = pd.Series(True, index=self.given.index) if mask is None else self._checked(mask)
        for role, wanted in roles.items():
            keep = keep & self._in_role(role, wanted)
        if not keep.any():
            wish = describe_roles(roles) or "the mask"
            beside = " and the mask" if roles and mask is not None else ""
            raise AnalysisError(f"Nobody is left of '{self.name}' with {wish}{beside}.")
        respondents = self.respondents[keep].copy()
        for column in respondents.columns:
            if isinstance(respondents[column].dtype, pd.CategoricalDtype):
                respondents[column] = respondents[column].cat.remove_unused_categories()
        name = f"{self.name}, {describe_roles(roles)}" if roles else self.name
        withheld = None if self.withheld is None else self.withheld[keep]
        return replace(self, name=name, given=self.given[keep], respondents=respondents, withheld=withheld)

    def _checked(self, mask: pd.Series) -> pd.Series:
        """The mask as plain truth values; an unknown one would otherwise count as true."""
        if not isinstance(mask, pd.Series) or not mask.index.equals(self.given.index):
            raise OptionError(f"The mask must be a Series with the {self.n:,} row numbers of '{self.name}'.")
        if not pd.api.types.is_bool_dtype(mask.dropna().infer_objects()):
            raise OptionError("The mask must hold truth values, such as survey.scores()['loyalty'] > 4.")
        return mask.astype("boolean").fillna(value=False).astype(bool)

    def _in_role(self, role: str, wanted: object) -> pd.Series:
        column = self.role(role).astype("str")
        values = _listed(wanted)
        known = sorted(column.dropna().unique(), key=natural_order)
        offered = nearest_of_waves if role == "wave" else nearest
        for value in values:
            if value not in known:
                raise OptionError(f"No {role} '{value}' in '{self.name}'.{offered(value, known)}")
        return column.isin(values)

    @cached_property
    def hash(self) -> str:
        """A short SHA-256 of instrument, answers and attributes: the same wherever and whenever it is computed."""
        digest = hashlib.sha256()
        digest.update("\x1f".join([self.instrument.name, self.instrument.version, *self.given.columns]).encode())
        numbers = self.given.to_numpy(dtype="<f8", copy=True, na_value=np.nan) + 0.0  # no minus zero
        numbers[np.isnan(numbers)] = np.nan  # one bit pattern for every "not answered"
        digest.update(np.ascontiguousarray(numbers).tobytes())
        for column in self.respondents.columns:
            values = self.respondents[column].astype("str").fillna("")
            digest.update("\x1f".join([column, *values]).encode())
        return digest.hexdigest()[:SHORT_HASH]

    @property
    def stamp(self) -> DataStamp:
        """The name and hash that results carry."""
        return DataStamp(
            name=self.name,
            hash=self.hash,
            synthetic=self.about.synthetic,
            has_weights=self.weights is not None,
            withholds=self.withheld is not None and bool(self.withheld.to_numpy().any()),
            people=self.people,
        )

    @property
    def text(self) -> str:
        """What the survey holds, in a few sentences."""
        items = self.given.shape[1]
        answered = int(self.was_answered.to_numpy().sum())
        share = answered / self.given.size if self.given.size else 0.0
        synthetic = " The answers are synthetic." if self.about.synthetic else ""
        lines = [
            f"{self.name}: {self.people.text}, {counted(items, 'item')} of '{self.instrument.title}', "
            f"{share:.1%} of all answers given.{synthetic}",
            *([self.ledger.text] if self.ledger is not None else []),
            *(f"{role}: {self._describe(role)}" for role in self.respondents.columns if role != "id"),
            *self.notes,
        ]
        return "\n".join(lines)

    def _describe(self, role: str) -> str:
        column = self.respondents[role]
        if not isinstance(column.dtype, pd.CategoricalDtype):
            return f"{column.min():g} to {column.max():g}"
        names = [str(name) for name in column.cat.categories]
        shown = ", ".join(names) if len(names) <= 8 else f"{', '.join(names[:3])}, ..., {names[-1]}"
        missing = int(column.isna().sum())
        few = f"fewer than {MINIMUM_CELL}" if missing < MINIMUM_CELL else str(missing)
        return f"{len(names)} ({shown})" + (f", {few} not stated" if missing else "")

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        """Which survey it is, without answers: a notebook's file keeps this beside the page that people see."""
        return f"<Survey '{self.name}': {self.people.text}, '{self.instrument.title}', answers {self.hash}>"

    def _repr_html_(self) -> str:
        first, *more = (html.escape(line) for line in self.text.splitlines())
        return f'<p>{first}</p><ul class="cx-text">{"".join(f"<li>{line}</li>" for line in more)}</ul>'


def describe_roles(roles: Mapping[str, object]) -> str:
    """`level Managers, function Sales or Service`, for names and messages."""
    parts = []
    for role, wanted in roles.items():
        parts.append(f"{role} {' or '.join(_listed(wanted)) or 'none'}")
    return ", ".join(parts)


def _listed(wanted: object) -> list[str]:
    """One wanted value or several, as text; a set in natural order, because its own order changes from run to run."""
    if isinstance(wanted, set | frozenset):
        return sorted(map(str, wanted), key=natural_order)
    return [str(v) for v in wanted] if isinstance(wanted, list | tuple) else [str(wanted)]


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """A sort key that puts "Unit 9" before "Unit 10"."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def typed_role(role: str, column: pd.Series, *, order: Iterable[str] | None = None) -> pd.Series:
    """A respondent attribute in the type of its role: text, categories (ordered for level and wave), or weight.

    Raises
    ------
    SurveyError
        If a weight is not a positive number.
    """
    if role == "weight":
        return _weights(column)
    text = column.astype("str").str.strip()
    text = text.mask(text.isin(["", "nan", "None", "<NA>"]))
    if role == "id":
        return text.astype("object")
    names = list(order) if order is not None else sorted(text.dropna().unique(), key=natural_order)
    told = in_time(names) if role == "wave" and order is None else names
    is_ordered = role == "level" or (role == "wave" and told is not None)
    return text.astype(pd.CategoricalDtype(told or names, ordered=is_ordered))


def _weights(column: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    wrong = column[~(numbers > 0) | ~np.isfinite(numbers)]
    if len(wrong):
        first = wrong.index[0]
        cells = "cell is" if len(wrong) == 1 else "cells are"
        is_empty = pd.isna(wrong[first]) or not str(wrong[first]).strip()
        found = "empty" if is_empty else f"'{wrong[first]}'"
        raise SurveyError(
            f"A weight must be a positive number; {len(wrong):,} {cells} not, the first in row {first}: {found}."
        )
    return numbers
