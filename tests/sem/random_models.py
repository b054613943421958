"""Random models from the grammar, fitted to random subsets of real answers, and everything a fit can be asked for.

Only a value or a CxkitError may come out, within a limit of computing time. `benchmarks/fuzz_models.py` runs as many
seeds as one likes; `test_random_models.py` runs some of them.
"""

from __future__ import annotations

import signal
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from cxkit import sem
from cxkit.errors import CxkitError, CxkitWarning
from cxkit.sem.after.reliability import higher_order_reliability
from cxkit.sem.fit import Fit
from tests.sem import cases

SECONDS = 30.0
LABELS = ("a", "b", "c", "d")
ESTIMATORS = (
    "ML", "MLR", "MLM", "MLMV", "MLMVS", "GLS", "ULS", "ULSM", "ULSMV", "WLS", "DWLS", "WLSM", "WLSMV",
)  # fmt: skip
EQUALITIES = (
    "loadings", "intercepts", "thresholds", "residuals", "residual_covariances", "lv_variances", "lv_covariances",
    "means", "regressions",
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A data set with the roles that its columns can play."""

    load: Callable[[], pd.DataFrame]
    items: tuple[str, ...]
    covariates: tuple[str, ...]
    groups: tuple[str, ...]
    clusters: tuple[str, ...]
    weights: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()


X = tuple(f"x{i}" for i in range(1, 10))
BFI = tuple(f"{f}{i}" for f in "AEN" for i in range(1, 6))
SOURCES = (
    Source(
        cases.hs, X, ("ageyr", "sex", "agemo"), ("school", "sex", "school", "sex", "ageyr"), ("cl", "grade"), ("w",)
    ),
    Source(cases.hs_holes, X, ("ageyr", "sex"), ("school", "sex"), ("cl",)),
    Source(cases.hs_cut, X, ("ageyr", "sex"), ("school",), ("cl",), ("w",), ("x1", "x2", "x4")),
    Source(cases.bfi, BFI, ("age", "gender"), ("gender", "gender", "education"), ("education",), (), BFI),
    Source(cases.democracy, (*(f"y{i}" for i in range(1, 9)), "x1", "x2", "x3"), (), (), ()),
)


@dataclass(frozen=True)
class RandomModel:
    """A model, its data and its options: everything that a seed decides."""

    seed: int
    text: str
    data: pd.DataFrame
    options: dict[str, Any]


class _Writer:
    """Writes one model; `wild` is how likely it is to say something unusual."""

    def __init__(self, rng: np.random.Generator, source: Source, groups: int) -> None:
        self.rng, self.source, self.groups = rng, source, groups
        self.wild = float(rng.choice([0.0, 0.05, 0.3]))
        self.used: list[str] = []
        self.pairs: set[frozenset[str]] = set()

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def pick(self, choices: Any, count: int = 1) -> list[str]:
        count = min(count, len(choices))
        return [str(choice) for choice in self.rng.choice(list(choices), count, replace=False)] if count else []

    def one(self, choices: Any) -> str:
        return self.pick(choices)[0]

    def number(self) -> str:
        return (
            self.one(["0", "1", "0.5", "-0.3", "2", "1e3"]) if self.chance(self.wild) else self.one(["0", "1", "0.5"])
        )

    def label(self) -> str:
        name = self.one(LABELS)
        self.used.append(name)
        return name

    def entry(self) -> str:
        return self.one([self.number(), "NA", self.label()])

    def modifier(self) -> str:
        if not self.chance(0.06 + self.wild / 2):
            return ""
        kind = self.one(["label", "label", "fixed", "NA", "start", "group", "equal"])
        if kind == "label":
            return f"{self.label()}*"
        if kind == "group":
            count = self.groups if not self.chance(self.wild / 4) else self.groups + 1
            return f"c({', '.join(self.entry() for _ in range(count))})*"
        if kind == "equal":
            return (
                f'equal("{self.one(["f1=~", "f2=~"])}{self.one(self.source.items)}")*' if self.chance(self.wild) else ""
            )
        return {"fixed": f"{self.number()}*", "NA": "NA*", "start": f"start({self.number()})*"}[kind]

    def terms(self, names: list[str]) -> str:
        return " + ".join(f"{self.modifier()}{name}" for name in names)

    def write(self) -> str:
        factors = [f"f{k + 1}" for k in range(int(self.rng.choice([0, 1, 1, 2, 2, 3])))]
        lines = self.measurement(factors)
        names = [*factors, *self.pick(self.source.items, 3), *self.source.covariates]
        lines += self.relations(names, factors)
        lines += self.equations()
        return "\n".join(lines)

    def measurement(self, factors: list[str]) -> list[str]:
        left = list(self.rng.permutation(self.source.items))
        lines = []
        for factor in factors:
            count = int(self.rng.choice([1, 2, 3, 3, 3, 4, 5])) if self.chance(0.3 + self.wild) else 3
            items, left = [str(item) for item in left[:count]], left[count:]
            if self.chance(self.wild / 2):
                items += self.pick(self.source.items)
            self.pairs |= {frozenset((factor, item)) for item in items}
            if items:
                lines.append(f"{factor} =~ {self.terms(items)}")
        if len(factors) > 2 and len(lines) == len(factors) and self.chance(0.3):
            lines.append(f"top =~ {self.terms(factors)}")
        return lines

    def relations(self, names: list[str], factors: list[str]) -> list[str]:
        lines = []
        few = int(self.rng.choice([0, 0, 1, 2])) if factors else int(self.rng.choice([1, 2, 3]))
        for _ in range(few):
            outcome = self.one(names)
            predictors = self.pick(names, int(self.rng.choice([1, 1, 2, 3])))
            predictors = [name for name in predictors if self.new(outcome, name)]
            lines += [f"{outcome} ~ {self.terms(predictors)}"] * bool(predictors)
        for _ in range(int(self.rng.choice([0, 0, 0, 1, 2]))):
            first, second = self.one(names), self.one(names)
            lines += [f"{first} ~~ {self.terms([second])}"] * self.new(first, second)
        for _ in range(int(self.rng.choice([0, 0, 0, 0, 1, 2]))):
            first = self.one(names)
            lines += [f"{first} ~ {self.modifier()}1"] * self.new(first, "1")
        if self.source.ordered and self.chance(0.15 + self.wild / 2):
            item = self.one(self.source.ordered)
            kinds = [f"{item} | {self.modifier()}t1", f"{item} | t1 + t2", f"{item} ~*~ NA*{item}", f"{item} | t9"]
            lines.append(self.one(kinds if self.chance(self.wild) else kinds[:2]))
        return lines

    def new(self, first: str, second: str) -> bool:
        """Whether the pair is new; a wild model repeats itself and lets a variable depend on itself."""
        pair = frozenset((first, second))
        known = pair in self.pairs or first == second
        self.pairs.add(pair)
        return not known or self.chance(self.wild)

    def equations(self) -> list[str]:
        lines = []
        labels = list(dict.fromkeys(self.used))
        if labels and self.chance(0.35):
            first, second = self.one(labels), self.one(LABELS if self.chance(self.wild) else labels)
            lines.append(self.one([
                f"{first} == {second}", f"{first} > 0.1", f"{first} < {second}", f"{first} + {second} == 1",
                f"{first} == 0.5*{second}", f"{first} - {second} > 0", f"{first}*{second} == 1",
            ]))  # fmt: skip
        if labels and self.chance(0.5):
            for k in range(int(self.rng.choice([1, 2]))):
                lines.append(f"n{k} := {self.formula([*labels, *(['n1', 'n0'] if self.chance(self.wild) else [])], 3)}")
        return lines

    def formula(self, names: list[str], depth: int) -> str:
        if depth == 0 or self.chance(0.3):
            return self.one(names) if self.chance(0.8) else self.number()
        left, right = self.formula(names, depth - 1), self.formula(names, depth - 1)
        return self.one([
            f"{left} + {right}", f"({left}) * ({right})", f"({left}) / ({right})", f"({left})^2", f"exp({left})",
            f"log({left})", f"sqrt({left})", f"abs({left}) - {right}", f"({left})^({right})",
        ])  # fmt: skip


def random_model(seed: int) -> RandomModel:
    """The model of a seed, the same on every machine."""
    rng = np.random.default_rng(seed)
    source = SOURCES[int(rng.integers(len(SOURCES)))]
    data = source.load()
    most = min(len(data), 500)
    rows = rng.choice(len(data), int(rng.integers(min(60, most - 1), most)), replace=False)
    data = data.iloc[rows]
    group = str(rng.choice(source.groups)) if source.groups and rng.random() < 0.3 else None
    groups = 1 if group is None else int(data[group].nunique())
    writer = _Writer(rng, source, groups)
    text = writer.write()
    return RandomModel(seed, text, data, _options(rng, source, group, writer, text))


def _options(rng: np.random.Generator, source: Source, group: str | None, writer: _Writer, text: str) -> dict[str, Any]:
    out: dict[str, Any] = {} if group is None else {"group": group}
    chance, one = writer.chance, writer.one
    if group is not None and chance(0.5):
        out["equal"] = tuple(writer.pick(EQUALITIES, int(rng.integers(1, 4))))
        if chance(0.3):
            out["free"] = (f"f1 =~ {one(source.items)}",)
    if source.ordered and chance(0.6):
        spoken = [name for name in source.ordered if name in text or chance(writer.wild / 4)]
        out["ordered"] = True if chance(0.5) and len(source.ordered) > 5 else writer.pick(spoken, 6)
        if chance(0.4):
            out["parameterization"] = "theta"
    if chance(0.4):
        fitting = ("WLSMV", "DWLS", "WLS", "ULSMV", "WLSM") if out.get("ordered") else ESTIMATORS
        out["estimator"] = one(ESTIMATORS if chance(writer.wild) else fitting)
    if chance(0.5 if source.load is cases.hs_holes else 0.05 + writer.wild):
        out["missing"] = "fiml"
    for name, columns in (("cluster", source.clusters), ("weights", source.weights)):
        if columns and chance(0.12) and ("estimator" not in out or chance(writer.wild)):
            out[name] = one(columns)
    for name in ("std_lv", "orthogonal", "meanstructure", "fixed_x"):
        if chance(0.12):
            out[name] = bool(rng.random() < 0.5)
    if chance(0.08):
        out["information"] = one(["expected", "observed"])
    likely = out.get("estimator") in (None, "ML", "MLR") and not out.get("ordered")
    if chance(0.05) and (likely or chance(writer.wild)):
        out["likelihood"] = "wishart"
    return out


class OverTimeError(Exception):
    """The computing time of one model is used up."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise OverTimeError after so much computing time; other processes on the machine do not count."""

    def stop(*_: object) -> None:
        raise OverTimeError(f"more than {seconds:g} s of computing time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@dataclass
class Outcome:
    """What became of one model: how it ended, and what should not have happened."""

    seed: int
    fitted: bool = False
    refusal: str = ""
    failures: list[str] = field(default_factory=list)


def questions(fit: Fit) -> dict[str, Callable[[], Any]]:
    """Everything public that a fit can be asked: properties by name, methods with each of their words."""
    names = [name for name in dir(Fit) if not name.startswith("_")]
    out: dict[str, Callable[[], Any]] = {}
    for name in names:
        member = getattr(Fit, name, None)
        if isinstance(member, property | cached_property) or not callable(member):
            out[name] = lambda name=name: getattr(fit, name)
    for kind in ("raw", "cor", "standardized"):
        out[f"residuals({kind})"] = lambda kind=kind: fit.residuals(kind)
    for method in ("regression", "bartlett"):
        out[f"scores({method})"] = lambda method=method: fit.scores(method)
    for ci in ("percentile", "bca"):
        out[f"bootstrap({ci})"] = lambda ci=ci: fit.bootstrap(3, ci=ci, workers=1)
    for method in ("default", "satorra.2000", "satorra.bentler.2001", "satorra.bentler.2010"):
        out[f"compare({method})"] = lambda method=method: fit.compare(fit, method)
    for group in range(len(fit.models)):
        out[f"plot({group})"] = lambda group=group: _plotted(fit, group)
    for factor in fit.table.variables.latent:
        out[f"higher_order_reliability({factor})"] = lambda factor=factor: higher_order_reliability(fit, factor)
    with_options = {"residuals", "scores", "bootstrap", "compare", "plot"}
    plain = [name for name in names if callable(getattr(Fit, name)) and name not in {*out, *with_options}]
    out |= {f"{name}()": getattr(fit, name) for name in plain}
    return out | {"str": lambda: str(fit), "repr": lambda: repr(fit), "html": fit._repr_html_}


def _plotted(fit: Fit, group: int) -> Any:
    ax = fit.plot(group=group)
    plt.close(ax.figure)
    return ax


def shown(value: Any) -> None:
    """Show an answer in every way that it can be shown: errors may hide in these as well."""
    for name in ("text", "note", "alt"):
        with suppress(AttributeError):
            getattr(value, name)
    str(value), repr(value)
    if hasattr(value, "_repr_html_") and not isinstance(value, pd.DataFrame):
        value._repr_html_()


def attempt(model: RandomModel, seconds: float = SECONDS) -> Outcome:
    """Fit one model and ask everything; whatever is neither a value nor a CxkitError is a failure."""
    out = Outcome(model.seed)
    with warnings.catch_warnings(), limited(seconds):
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", CxkitWarning)
        fit = _asked(out, "fit", lambda: sem.sem(model.text, model.data, **model.options))
        if fit is None:
            return out
        out.fitted = True
        for name, question in questions(fit).items():
            if _asked(out, name, lambda question=question: shown(question())) is OverTimeError:
                break
    return out


def _asked(out: Outcome, name: str, question: Callable[[], Any]) -> Any:
    try:
        return question()
    except CxkitError as refusal:
        if name == "fit":
            out.refusal = str(refusal)
        if "nan" in str(refusal).split():
            out.failures.append(f"{name}: {refusal}")
    except OverTimeError as error:
        out.failures.append(f"{name}: {error}")
        return OverTimeError if name != "fit" else None
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        cause = [frame for frame in traceback.extract_tb(error.__traceback__) if "cxkit" in frame.filename]
        where = cause[-1] if cause else last
        place = f"{where.filename.split('cxkit/')[-1]}:{where.lineno}"
        out.failures.append(f"{name}: {type(error).__name__}: {str(error)[:100]} [{place}]")
    return None
