"""Synthetic organisations whose true values are known: to learn with, and to see whether an analysis finds them.

How an answer comes about. Every respondent has, on every dimension, a position on a 7-point metric: the dimension's
mean + what sets the organisation apart + level + function + unit + what sets the person apart. An item adds its own
error, thresholds turn the sum into one of the answers, and a reversed item is answered the other way round. Then a few
respondents answer carelessly, some answers are missing and some people break off.

Only uniform numbers are drawn, and everything else is computed from them: the stream of PCG64 is the same in every
version of numpy, its normal and integer variates need not be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import ndtri

from cxkit.errors import AnalysisError
from cxkit.survey.instrument import Instrument, Item
from cxkit.survey.shipped_instruments import load_instrument
from cxkit.survey.simulation_truth import ItemModel, Truth, expected_answers, item_models, true_gaps, true_items
from cxkit.survey.survey import About, Survey, typed_role
from cxkit.without_contents import without_contents

LEVELS = ("Staff", "Managers", "Executives")
LEVEL_SHARES = (0.72, 0.22, 0.06)
FUNCTIONS = ("Sales", "Service", "Operations", "Product", "Finance", "Human resources")
FUNCTION_SHARES = (0.22, 0.24, 0.26, 0.13, 0.08, 0.07)
INDUSTRIES = ("Banking", "Health care", "Manufacturing", "Public services", "Retail", "Telecommunications")

MEANS = (4.9, 4.3, 4.5, 3.9, 4.0, 4.4, 4.2, 4.6)
"""Where the dimensions lie, in the order of the instrument (starting again after the eighth)."""
EXECUTIVE_D = (0.3, 0.5, 0.0, 0.35, 0.0, 0.8, 0.6, 0.7)
"""How much more positive executives are than staff, in person SDs; managers are half as much."""
FUNCTION_EFFECTS = (
    (0.15, 0.00, 0.25, 0.10, 0.00, 0.10, 0.00, 0.00),
    (0.25, 0.05, 0.00, 0.00, 0.00, -0.30, 0.00, 0.00),
    (-0.15, -0.10, -0.15, 0.00, 0.00, 0.00, -0.25, 0.00),
    (0.00, 0.30, 0.15, 0.20, 0.20, 0.10, 0.10, 0.00),
    (-0.25, -0.10, 0.00, 0.00, 0.10, 0.00, 0.00, 0.15),
    (-0.10, 0.00, -0.20, -0.10, 0.00, 0.15, 0.15, 0.00),
)
"""Points of the 7-point metric by function (rows) and dimension (columns)."""

ORGANISATION_SD, ORGANISATION_GENERAL = 0.5, 0.6
PERSON_SD, PERSON_GENERAL = 0.9, 0.5
UNIT_SD = 0.15
"""`*_GENERAL` is the share of the variance that all dimensions have in common: the general culture factor."""
METHOD_SD = 0.35
"""What people do differently on reversed items, whatever the dimension."""

STRAIGHTLINERS, RANDOM_ANSWERERS = 0.03, 0.03
MISSING, BREAK_OFFS = 0.01, 0.03
SMALLEST_ORGANISATION = 4
UNIT_SIZE = 15
SEED = 20260101


@dataclass(frozen=True, eq=False, kw_only=True)
class Simulated:
    """A synthetic survey and the truth behind it.

    Attributes
    ----------
    frame
        As a survey file would hold it: a row a respondent; respondent, organisation, industry, level, function, unit,
        then the answers as given (reversed items not turned round), missing where not answered.
    truth
        What the analyses should find.
    """

    frame: pd.DataFrame
    truth: Truth
    instrument: Instrument
    seed: int

    __repr__ = without_contents

    @property
    def files(self) -> dict[str, str]:
        """What `datasets/culture_synthetic/` holds: file name to csv text, true values to six decimals."""
        tables = {f"truth_{name}": table.round(6) for name, table in self.truth.tables.items()}
        return {
            f"{name}.csv": table.to_csv(index=False, lineterminator="\n")
            for name, table in {"data": self.frame, **tables}.items()
        }

    @cached_property
    def survey(self) -> Survey:
        """The frame as a Survey, as `read_survey` would read it from a file."""
        roles = {"id": "respondent", **{role: role for role in ("organisation", "level", "function", "unit")}}
        orders = {"level": LEVELS}
        respondents = {
            role: typed_role(role, self.frame[column], order=orders.get(role)) for role, column in roles.items()
        }
        return Survey(
            name=f"synthetic survey, seed {self.seed}",
            instrument=self.instrument,
            given=self.frame[list(self.instrument.items)].astype("float64"),
            respondents=pd.DataFrame(respondents, index=self.frame.index),
            about=About(
                synthetic=True,
                population="synthetic organisations; nobody was asked",
                selection="drawn by a seeded generator: the organisations are a random sample of what it can produce",
                origin=f"cxkit.simulate_culture, seed {self.seed}",
            ),
        )


def simulate_culture(
    *,
    organisations: int = 48,
    respondents: tuple[int, int] = (12, 160),
    seed: int = SEED,
    instrument: Instrument | None = None,
) -> Simulated:
    """Make up a survey of many organisations whose true values are known.

    Organisations differ (SD .5 on the 7-point metric, 60 % of the variance common to all dimensions), executives and
    managers are more positive than staff on some dimensions, functions differ on some, industries on none. 6 % of the
    respondents are careless (half give one answer throughout, half answer at random), 1 % of the answers are missing
    at random and 3 % of the respondents break off.

    Parameters
    ----------
    organisations
        How many, at least 2. The last has four respondents only: fewer than may be reported.
    respondents
        Fewest and most respondents in each of the others; small organisations are more frequent.
    seed
        The same seed gives the same answers, to the last digit, on every machine.
    instrument
        What is asked; `culture8` if not given. Every scale must have both ends and whole-number answers.

    Returns
    -------
    Simulated
        `frame`, `truth` and `survey`.

    Raises
    ------
    AnalysisError
        If the numbers contradict each other, or a scale of the instrument is continuous.
    """
    asked = instrument if instrument is not None else load_instrument("culture8")
    _check(organisations, respondents, asked)
    draws = _Draws(seed)
    people = _people(draws, organisations, respondents)
    models = item_models(asked, method_sd=METHOD_SD)
    culture = _culture(draws, people, organisations, len(asked.dimensions))
    careful = _answers(draws, culture, models, asked)
    frame, behaviour = _as_people_answer(draws, careful, asked)
    return Simulated(
        frame=pd.concat([people.drop(columns=["unit_number", "organisation_number"]), frame], axis=1),
        truth=_truth(people, culture, models, behaviour, asked),
        instrument=asked,
        seed=seed,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Culture:
    """Positions on the 7-point metric: of organisations, of respondents as expected, of respondents as they are."""

    organisation: np.ndarray
    expected: np.ndarray
    actual: np.ndarray


class _Draws:
    """Random numbers, all made from uniform ones (see the module's first lines)."""

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)

    def uniform(self, *size: int) -> np.ndarray:
        """Numbers above 0 and below 1."""
        return self.generator.random(size) + 2.0**-54

    def normal(self, *size: int) -> np.ndarray:
        """Standard normal numbers."""
        return ndtri(self.uniform(*size))

    def pick(self, shares: Sequence[float], size: int) -> np.ndarray:
        """Positions 0, 1, ... with the given shares."""
        return np.searchsorted(np.cumsum(shares)[:-1], self.uniform(size), side="right")

    def whole(self, low: int, high: int, *size: int) -> np.ndarray:
        """Whole numbers from low to high, all equally likely."""
        return low + np.floor((high - low + 1) * self.uniform(*size)).astype("int64")


def _check(organisations: int, respondents: tuple[int, int], instrument: Instrument) -> None:
    fewest, most = respondents
    if organisations < 2:
        raise AnalysisError(f"organisations={organisations}: a benchmark needs at least 2.")
    if not 1 <= fewest <= most:
        raise AnalysisError(f"respondents=({fewest}, {most}): say the fewest, then the most, from 1.")
    if not instrument.dimensions:
        raise AnalysisError(f"'{instrument.name}' has no dimensions: there is nothing in which organisations differ.")
    endless = [key for key, item in instrument.items.items() if item.scale.points is None]
    if endless:
        raise AnalysisError(
            f"Only whole-number answers can be simulated; in '{instrument.name}' the scale of {', '.join(endless[:5])} "
            "is continuous."
        )


def _people(draws: _Draws, organisations: int, respondents: tuple[int, int]) -> pd.DataFrame:
    """Who is asked: organisations of very different size, levels and functions drawn within them, units of about 15."""
    fewest, most = respondents
    sizes = np.floor(fewest * ((most + 1) / fewest) ** draws.uniform(organisations)).astype("int64")
    sizes[-1] = SMALLEST_ORGANISATION
    number = np.repeat(np.arange(organisations), sizes)
    n = len(number)
    width = len(str(organisations))
    names = np.array([f"Synthetic {i + 1:0{max(width, 2)}d}" for i in range(organisations)])
    industry = draws.whole(0, len(INDUSTRIES) - 1, organisations)
    people = pd.DataFrame(
        {
            "respondent": [f"R{i + 1:05d}" for i in range(n)],
            "organisation": names[number],
            "industry": np.array(INDUSTRIES)[industry[number]],
            "level": np.array(LEVELS)[draws.pick(LEVEL_SHARES, n)],
            "function": np.array(FUNCTIONS)[draws.pick(FUNCTION_SHARES, n)],
            "organisation_number": number,
        }
    )
    return _with_units(people)


def _with_units(people: pd.DataFrame) -> pd.DataFrame:
    """Divide each function of each organisation into units of about 15, with names of their own."""
    groups = people.groupby(["organisation_number", "function"])["respondent"]
    units = -(-groups.transform("size") // UNIT_SIZE)
    within = groups.cumcount() % units + 1
    place = people["organisation"].str.removeprefix("Synthetic ")
    people["unit"] = people["function"] + " " + place + "-" + within.astype("str")
    people["unit_number"] = pd.factorize(people["unit"])[0]
    return people


def _around(values: Sequence[float], dimensions: int) -> np.ndarray:
    """The values dealt out to the dimensions in turn."""
    return np.array([values[k % len(values)] for k in range(dimensions)])


def level_effects(dimensions: int) -> np.ndarray:
    """What a level adds, in points of the 7-point metric: a row a level (`LEVELS`), a column a dimension."""
    executives = PERSON_SD * _around(EXECUTIVE_D, dimensions)
    return np.stack([np.zeros(dimensions), executives / 2, executives])


def function_effects(dimensions: int) -> np.ndarray:
    """What a function adds, in points of the 7-point metric: a row a function (`FUNCTIONS`), a column a dimension."""
    return np.stack([_around(row, dimensions) for row in FUNCTION_EFFECTS])


def _spread(draws: _Draws, n: int, dimensions: int, sd: float, general: float) -> np.ndarray:
    """Deviations of n organisations or persons that go together across dimensions by the share `general`."""
    common, own = draws.normal(n, 1), draws.normal(n, dimensions)
    return sd * (np.sqrt(general) * common + np.sqrt(1 - general) * own)


def _culture(draws: _Draws, people: pd.DataFrame, organisations: int, dimensions: int) -> _Culture:
    organisation = _spread(draws, organisations, dimensions, ORGANISATION_SD, ORGANISATION_GENERAL)
    unit = UNIT_SD * draws.normal(int(people["unit_number"].max()) + 1, dimensions)
    level = pd.Index(LEVELS).get_indexer(people["level"])
    function = pd.Index(FUNCTIONS).get_indexer(people["function"])
    expected = (
        _around(MEANS, dimensions)
        + organisation[people["organisation_number"]]
        + level_effects(dimensions)[level]
        + function_effects(dimensions)[function]
        + unit[people["unit_number"]]
    )
    actual = expected + _spread(draws, len(people), dimensions, PERSON_SD, PERSON_GENERAL)
    return _Culture(organisation=organisation, expected=expected, actual=actual)


def _answers(draws: _Draws, culture: _Culture, models: list[ItemModel], instrument: Instrument) -> pd.DataFrame:
    """What careful people answer, as they tick it (reversed items against their dimension)."""
    n = len(culture.actual)
    method = draws.normal(n)
    columns = {}
    for model in models:
        position = model.position(culture.actual[:, model.dimension])
        position = position + model.method_sd * method + model.error_sd * draws.normal(n)
        columns[model.key] = model.answer(position)
    mood = (culture.actual - _around(MEANS, culture.actual.shape[1])).sum(axis=1) / culture.actual.shape[1]
    for item in instrument.singles:
        columns[item.key] = _single(item, 0.68 + 0.17 * mood + 0.19 * draws.normal(n))
    return pd.DataFrame(columns)


def _single(item: Item, place: np.ndarray) -> np.ndarray:
    """Answers to a single item, from a place between 0 (its lowest answer) and 1 (its highest)."""
    low, high = item.scale.low or 0, item.scale.high or 0
    return np.clip(np.floor(low + (high - low) * place + 0.5), low, high)


def _as_people_answer(
    draws: _Draws, careful: pd.DataFrame, instrument: Instrument
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The answers with carelessness, gaps and break-offs; and who answered how."""
    n, asked = careful.shape
    shares = (1 - STRAIGHTLINERS - RANDOM_ANSWERERS, STRAIGHTLINERS, RANDOM_ANSWERERS)
    manner = draws.pick(shares, n)
    # Straightliners keep to one place on the scale, from its third to its sixth seventh.
    same, anything = 0.36 + 0.42 * draws.uniform(n), draws.uniform(n, asked)
    given = careful.copy()
    for position, key in enumerate(careful):
        scale = instrument.items[key].scale
        points, low = scale.points or 1, scale.low or 0
        given.loc[manner == 1, key] = low + np.floor(points * same[manner == 1])
        given.loc[manner == 2, key] = low + np.floor(points * anything[manner == 2, position])
    left_out = draws.uniform(n, asked) < MISSING
    breaks_off = draws.uniform(n) < BREAK_OFFS
    last = np.where(breaks_off, draws.whole(asked // 5, asked - 2, n), asked)
    missing = left_out | (np.arange(asked)[None, :] >= last[:, None])
    behaviour = pd.DataFrame(
        {"manner": np.array(["careful", "straightliner", "random"])[manner], "breaks_off": breaks_off}
    )
    return given.astype("Int64").mask(missing), behaviour


def _truth(
    people: pd.DataFrame, culture: _Culture, models: list[ItemModel], behaviour: pd.DataFrame, instrument: Instrument
) -> Truth:
    keys = instrument.dimension_keys
    levels, functions = level_effects(len(keys)), function_effects(len(keys))
    spread = float(np.sqrt(PERSON_SD**2 + ORGANISATION_SD**2 + UNIT_SD**2))
    return Truth(
        organisations=_true_organisations(people, culture, models, keys),
        gaps=true_gaps(
            models,
            keys,
            starts=_around(MEANS, len(keys)),
            levels=dict(zip(LEVELS, levels, strict=True)),
            shares=dict(zip(LEVELS, LEVEL_SHARES, strict=True)),
            functions=list(zip(FUNCTION_SHARES, functions, strict=True)),
            spread=spread,
        ),
        functions=pd.DataFrame(
            [
                {"function": function, "dimension": key, "effect": effect}
                for function, effects in zip(FUNCTIONS, functions, strict=True)
                for key, effect in zip(keys, effects, strict=True)
            ]
        ),
        items=true_items(models, keys, spread=spread),
        respondents=pd.concat([people[["respondent"]], behaviour], axis=1),
    )


def _true_organisations(
    people: pd.DataFrame, culture: _Culture, models: list[ItemModel], keys: list[str]
) -> pd.DataFrame:
    expected = expected_answers(models, culture.expected, spread=PERSON_SD).to_numpy()
    rows = []
    for number, (name, members) in enumerate(people.groupby("organisation", sort=False).indices.items()):
        scores = expected[members].sum(axis=0) / len(members)
        for k, key in enumerate(keys):
            rows.append(
                {
                    "organisation": name,
                    "dimension": key,
                    "n": len(members),
                    "culture": culture.organisation[number, k],
                    "true_score": scores[k],
                }
            )
    return pd.DataFrame(rows)
