"""Cut-offs are conventions. Each is named after the paper that proposed it, and a verdict always names its source."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from cxkit.results import rounding, tables
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

    def of_interval(self, value: float, low: float, high: float) -> str:
        """The words for an interval's ends, "moderate to good"; where there is none, for the value, saying so."""
        if math.isnan(value):
            return self.verdict(value)
        if math.isnan(low) or math.isnan(high):
            return f"{self.verdict(value)} by the estimate alone"
        lower, upper = self.verdict(low), self.verdict(high)
        return lower if lower == upper else f"{lower} to {upper}"

    def reaching_down(self, value: float, low: float) -> str:
        """What to add to a verdict of the estimate where its interval reaches into a lower band."""
        if math.isnan(low) or self.verdict(low) == self.verdict(value):
            return ""
        return f"; the interval reaches down to '{self.verdict(low)}'"

    def digits(self, value: float, least: int = 2) -> int:
        """How many digits show the value on its side of the cut-offs: so many, or more where they round it across."""
        return rounding.digits_that_keep(self.verdict, value, least)

    def shown(self, value: float, least: int = 2) -> str:
        """The value for a sentence that judges it: on its own side of every cut-off, with at least so many digits."""
        return rounding.fixed(self.digits(value, least))(value)

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
    digits: int = 2
    """So many that the rounded value does not seem to lie on the other side of a cut-off."""


NO_CONVENTION = "No cut-off applies to this result."


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
        values = [tables.MISSING if math.isnan(v.value) else rounding.fixed(v.digits)(v.value) for v in self.items]
        return tables.printed(frame.assign(value=values, source=[cite(key) for key in frame["source"]]))

    def __str__(self) -> str:
        return tables.as_text(self.table) if self.items else NO_CONVENTION

    def _repr_html_(self) -> str:
        if not self.items:
            return f'<p class="cx-text">{NO_CONVENTION}</p>'
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
                digits=cutoff.digits(float(value)),
            )
            for subject, value in zip(subjects, values, strict=True)
        )
    )


def judge_intervals(
    cutoff: Cutoff, subjects: Sequence[str], values: Sequence[float], low: Sequence[float], high: Sequence[float]
) -> Verdicts:
    """One verdict for each value, by the ends of its interval."""
    rows = zip(judge(cutoff, subjects, values), low, high, strict=True)
    return Verdicts(tuple(replace(v, verdict=cutoff.of_interval(v.value, float(a), float(b))) for v, a, b in rows))


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
OMEGA_NUNNALLY = Cutoff(measure="omega", source="nunnally1994", bands=ALPHA_NUNNALLY.bands)
# Koo & Li (2016, p. 161): the level is that of the 95 % interval, not of the estimate; so judge_intervals, of_interval.
RETEST_KOO = Cutoff(
    measure="ICC",
    source="koo2016",
    bands=((LOWEST, "poor"), (0.50, "moderate"), (0.75, "good"), (0.90, "excellent")),
)
OMEGA_HIERARCHICAL_REISE = Cutoff(
    measure="omega hierarchical",
    source="reise2013",
    bands=((LOWEST, "several factors share the total"), (0.70, "one factor dominates the total")),
)
ECV_REISE = Cutoff(
    measure="explained common variance",
    source="reise2013",
    bands=((LOWEST, "group factors matter"), (0.60, "the general factor prevails")),
)
ITEM_REST_NUNNALLY = Cutoff(
    measure="item-rest correlation",
    source="nunnally1994",
    bands=((LOWEST, "works against the dimension"), (0.0, "hardly belongs"), (0.30, "belongs")),
)
FLOOR_CEILING_TERWEE = Cutoff(
    measure="share of scores at the end of the scale",
    source="terwee2007",
    bands=((LOWEST, "no floor or ceiling"), (math.nextafter(0.15, 1.0), "floor or ceiling effect")),  # more than 15 %
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
    measure="r_wg(J)",
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
CFI_BENTLER = Cutoff(
    measure="CFI", source="bentler1980", bands=((LOWEST, "can usually be improved substantially"), (0.90, "acceptable"))
)
SRMR_HU = Cutoff(measure="SRMR", source="hu1999", bands=((LOWEST, "good"), (0.08, "not good")))


@dataclass(frozen=True, kw_only=True)
class ChangeCutoffs:
    """How much worse a model of invariance may fit than the one below it; rises of SRMR by what is held equal."""

    cfi: Cutoff
    rmsea: Cutoff
    srmr_loadings: Cutoff
    srmr: Cutoff


def _change(measure: str, limit: float, source: str = "chen2007") -> Cutoff:
    return Cutoff(measure=measure, source=source, bands=((LOWEST, "within the limit"), (limit, "beyond the limit")))


CHEN_LARGE = ChangeCutoffs(
    cfi=_change("fall of CFI", 0.010),
    rmsea=_change("rise of RMSEA", 0.015),
    srmr_loadings=_change("rise of SRMR, loadings", 0.030),
    srmr=_change("rise of SRMR", 0.010),
)
"""For more than 300 respondents in groups of equal size."""
CHEN_SMALL = ChangeCutoffs(
    cfi=_change("fall of CFI", 0.005),
    rmsea=_change("rise of RMSEA", 0.010),
    srmr_loadings=_change("rise of SRMR, loadings", 0.025),
    srmr=_change("rise of SRMR", 0.005),
)
"""For fewer respondents, or groups of unequal size."""
DIFFERENCE_HOLM = Cutoff(
    measure="p of the chi-square difference, adjusted",
    source="holm1979",
    bands=((LOWEST, "significant"), (0.05, "not significant")),
)
"""Against the level below, at one error rate for all dimensions and levels of a report."""
DIF_JODOIN = Cutoff(
    measure="change of Nagelkerke's R²",
    source="jodoin2001",
    bands=((LOWEST, "negligible"), (0.035, "moderate"), (0.07, "large")),
)
ICVI_FEW_LYNN = Cutoff(
    measure="I-CVI, up to five experts",
    source="lynn1986",
    bands=((LOWEST, "revise or drop"), (1.0, "relevant")),
)
ICVI_LYNN = Cutoff(
    measure="I-CVI, six experts or more",
    source="lynn1986",
    bands=((LOWEST, "revise or drop"), (0.775, "relevant")),  # printed as .78, which 7 of 9 experts reach
)
KAPPA_LANDIS = Cutoff(
    measure="chance-corrected agreement",
    source="landis1977",
    bands=(
        (LOWEST, "poor"),
        (0.0, "slight"),
        (0.21, "fair"),
        (0.41, "moderate"),
        (0.61, "substantial"),
        (0.81, "almost perfect"),
    ),
)
KAPPA_POLIT = Cutoff(
    measure="modified kappa",
    source="polit2007",
    bands=((LOWEST, "poor"), (0.40, "fair"), (0.60, "good"), (math.nextafter(0.74, 1.0), "excellent")),
)
KRIPPENDORFF = Cutoff(
    measure="Krippendorff's alpha",
    source="krippendorff2004",
    bands=((LOWEST, "too low to rely on"), (0.667, "enough for tentative conclusions"), (0.80, "reliable")),
)
SCVI_POLIT = Cutoff(
    measure="S-CVI/Ave",
    source="polit2006",
    bands=((LOWEST, "below the convention"), (0.90, "excellent content validity")),
)
AVE_FORNELL = Cutoff(
    measure="average variance extracted",
    source="fornell1981",
    bands=((LOWEST, "more error than dimension"), (0.50, "enough")),
)
CFI_HU = Cutoff(measure="CFI", source="hu1999", bands=((LOWEST, "not good"), (0.95, "good")))
CORRELATION_COHEN = Cutoff(
    measure="size of the correlation",
    source="cohen1988",
    bands=((LOWEST, "below small"), (0.10, "small"), (0.30, "medium"), (0.50, "large")),
)
CORRELATION_RONKKO = Cutoff(
    measure="end of the latent correlation's interval",
    source="ronkko2022",
    bands=(
        (LOWEST, "no problem"),
        (0.80, "marginal problem"),
        (0.90, "moderate problem"),
        (1.0, "severe problem"),
    ),
)
HTMT_HENSELER = Cutoff(
    measure="HTMT",
    source="henseler2015",
    bands=((LOWEST, "distinct"), (0.85, "distinct by the liberal rule only"), (0.90, "not distinct")),
)
LOADING_HAIR = Cutoff(
    measure="smallest standardised loading",
    source="hair2019",
    bands=((LOWEST, "too small"), (0.50, "enough"), (0.70, "ideal")),
)
OMEGA_BAGOZZI = Cutoff(
    measure="composite reliability", source="bagozzi1988", bands=((LOWEST, "too low"), (0.60, "enough"))
)
RESIDUAL_KLINE = Cutoff(
    measure="size of the residual correlation",
    source="kline2016",
    bands=((LOWEST, "explained"), (0.10, "not explained well")),
)
RMSEA_BROWNE = Cutoff(
    measure="RMSEA",
    source="browne1993",
    bands=(
        (LOWEST, "close fit"),
        (math.nextafter(0.05, 1.0), "reasonable error"),
        (math.nextafter(0.08, 1.0), "more than reasonable error"),
        (math.nextafter(0.10, 1.0), "not to be used"),
    ),
)
RMSEA_HU = Cutoff(measure="RMSEA", source="hu1999", bands=((LOWEST, "good"), (math.nextafter(0.06, 1.0), "not good")))
TLI_HU = Cutoff(measure="TLI", source="hu1999", bands=((LOWEST, "not good"), (0.95, "good")))
