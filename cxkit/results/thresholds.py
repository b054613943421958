"""Cut-offs are conventions. Each is named after the paper that proposed it, and a verdict always names its source."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from cxkit.results import tables
from cxkit.results.references import cite


@dataclass(frozen=True, kw_only=True)
class Cutoff:
    """Bands of a measure. `bands` are (from this value on, verdict), rising; the first starts at minus infinity."""

    measure: str
    source: str
    bands: tuple[tuple[float, str], ...]

    def verdict(self, value: float) -> str:
        """The words for a value; nothing can be said of NaN."""
        if math.isnan(value):
            return "cannot be judged"
        return next(words for start, words in reversed(self.bands) if value >= start)

    def bound(self, value: float) -> float:
        """Where the band of this value starts."""
        return next((start for start, _ in reversed(self.bands) if value >= start), math.nan)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a convention says of one value."""

    subject: str
    measure: str
    value: float
    verdict: str
    source: str


@dataclass(frozen=True)
class Verdicts:
    """What the conventions say of a result, in the order of its table."""

    items: tuple[Verdict, ...] = ()

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def sources(self) -> tuple[str, ...]:
        """The references of the cut-offs, each once."""
        return tuple(dict.fromkeys(verdict.source for verdict in self.items))

    @property
    def frame(self) -> pd.DataFrame:
        """A row a verdict: subject, measure, value, verdict, source."""
        rows = [(v.subject, v.measure, v.value, v.verdict, v.source) for v in self.items]
        return pd.DataFrame(rows, columns=["subject", "measure", "value", "verdict", "source"])

    @property
    def table(self) -> pd.DataFrame:
        """The printed form."""
        frame = self.frame
        return tables.printed(frame.assign(source=[cite(key) for key in frame["source"]]))

    def __str__(self) -> str:
        return tables.as_text(self.table)

    def _repr_html_(self) -> str:
        return tables.as_html(self.table, title="What the conventions say", note="Cut-offs are conventions, not tests.")


def judge(cutoff: Cutoff, subjects: Sequence[str], values: Sequence[float]) -> Verdicts:
    """One verdict for each value."""
    return Verdicts(
        tuple(
            Verdict(
                subject=subject,
                measure=cutoff.measure,
                value=float(value),
                verdict=cutoff.verdict(float(value)),
                source=cutoff.source,
            )
            for subject, value in zip(subjects, values, strict=True)
        )
    )


LOWEST = -math.inf

ALPHA_NUNNALLY = Cutoff(
    measure="alpha",
    source="nunnally1994",
    bands=(
        (LOWEST, "too low for research"),
        (0.70, "enough for early research"),
        (0.80, "enough for comparing groups"),
        (0.90, "enough for decisions on individuals"),
    ),
)
ITEM_REST_NUNNALLY = Cutoff(
    measure="item-rest correlation",
    source="nunnally1994",
    bands=((LOWEST, "works against the dimension"), (0.0, "hardly belongs"), (0.30, "belongs")),
)
FLOOR_CEILING_TERWEE = Cutoff(
    measure="share at the end of the scale",
    source="terwee2007",
    bands=((LOWEST, "no floor or ceiling"), (0.15, "floor or ceiling effect")),
)
KMO_KAISER = Cutoff(
    measure="KMO",
    source="kaiser1974",
    bands=(
        (LOWEST, "unacceptable"),
        (0.50, "miserable"),
        (0.60, "mediocre"),
        (0.70, "middling"),
        (0.80, "meritorious"),
        (0.90, "marvellous"),
    ),
)
LOADING_HOWARD = Cutoff(
    measure="largest loading", source="howard2016", bands=((LOWEST, "loads on no factor"), (0.40, "loads"))
)
ICC1_LEBRETON = Cutoff(
    measure="ICC(1)",
    source="lebreton2008",
    bands=((LOWEST, "no group effect"), (0.01, "small"), (0.10, "medium"), (0.25, "large")),
)
ICC2_LEBRETON = Cutoff(
    measure="ICC(2)",
    source="lebreton2008",
    bands=((LOWEST, "group means not reliable enough"), (0.70, "group means reliable")),
)
RWG_LEBRETON = Cutoff(
    measure="r*wg(J)",
    source="lebreton2008",
    bands=(
        (LOWEST, "lack of agreement"),
        (0.31, "weak agreement"),
        (0.51, "moderate agreement"),
        (0.71, "strong agreement"),
        (0.91, "very strong agreement"),
    ),
)
GAP_COHEN = Cutoff(
    measure="size of Hedges g",
    source="cohen1988",
    bands=((LOWEST, "below small"), (0.20, "small"), (0.50, "medium"), (0.80, "large")),
)
EVEN_ODD_JOHNSON = Cutoff(
    measure="even-odd consistency", source="johnson2005", bands=((LOWEST, "flagged"), (0.30, "usual"))
)
IRV_LEYS = Cutoff(
    measure="variability, distance from the median in MADs",
    source="leys2013",
    bands=((LOWEST, "usual"), (3.0, "flagged")),
)
LONGSTRING_CURRAN = Cutoff(
    measure="longest run of one answer, share of the items",
    source="curran2016",
    bands=((LOWEST, "usual"), (0.50, "flagged")),
)
MAHALANOBIS_TABACHNICK = Cutoff(
    measure="p of the Mahalanobis distance", source="tabachnick2013", bands=((LOWEST, "flagged"), (0.001, "usual"))
)
MCAR_LITTLE = Cutoff(
    measure="p of Little's test",
    source="little1988",
    bands=((LOWEST, "not missing completely at random"), (0.05, "no sign against missing completely at random")),
)
SECONDS_HUANG = Cutoff(measure="seconds an item", source="huang2012", bands=((LOWEST, "flagged"), (2.0, "usual")))
