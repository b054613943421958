"""What all tests share: R's values, and small surveys made in the test."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

# As in every run of a notebook: tests run side by side, and must not fight for cores.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from cxkit.survey.instrument import Instrument
from cxkit.survey.instrument_file import instrument_from
from cxkit.survey.survey import About, Survey, typed_role
from tests.installing import make_environment, the_wheel

mpl.use("Agg")

# The same examples every time, however slow the machine: a red test must be red again when it is looked into.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


KILLS = int(os.environ.get("CXKIT_KILLS", "6"))
"""How often long work is killed at a moment left to chance; `CXKIT_KILLS=20 pytest -k killed_at` does so more often."""

LONGEST = (
    "test_documented_commands.py",
    "test_whole_class.py",
    "test_class_marking.py",
    "test_forging.py",
    "test_release_proof.py",
    "test_batch.py",
    "test_degenerate_surveys.py",
    "test_provenance.py",
    "test_installed.py",
    "test_rebuild.py",
    "test_contained.py",
    "test_improper.py",
    "test_sweep.py",
    "test_screening.py",
)
"""Files that take minutes each. They come first: at the end one core would wait for the other that runs one of them."""

KEPT = (("cxkit.validation.structure.fit", "FITS"), ("cxkit.sem.sample.saturated_moments", "RECENT"))


SLOW = Path(__file__).parent / "slow.txt"
"""Tests that `make test FAST=1` leaves out; tools/list_slow_tests.py writes it from measured times."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--fast`: what a contributor runs between commits."""
    parser.addoption("--fast", action="store_true", help="leave out the tests of tests/slow.txt")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files first, in an otherwise random order; without slow tests where that is asked."""
    items.sort(key=lambda item: item.path.name not in LONGEST)
    if not config.getoption("--fast"):
        return
    slow = set(SLOW.read_text(encoding="utf-8").split())
    left_out = [item for item in items if _name_of(item) in slow]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _name_of(item) not in slow]


def _name_of(item: pytest.Item) -> str:
    """As in slow.txt: `tests.gaps.test_gaps::test_name`, without parameters."""
    path, _, inside = item.nodeid.partition("::")
    *classes, function = inside.partition("[")[0].split("::")
    return ".".join([path.removesuffix(".py").replace("/", "."), *classes]) + f"::{function}"


@pytest.fixture(autouse=True)
def nothing_is_kept_of_changed_code(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fits that a test made with patched code must not be found by the next one, nor those of others by it."""
    is_patched = "monkeypatch" in request.fixturenames
    for when in ("before", "after"):
        for module, name in KEPT if is_patched else ():
            if module in sys.modules:
                getattr(sys.modules[module], name).clear()
        if when == "before":
            yield


@pytest.fixture(scope="session")
def reference() -> Callable[[str], Any]:
    """`reference("gaps")`: what tests/reference/scripts/gaps.R computed."""
    folder = Path(__file__).parent / "reference"

    def read(name: str) -> Any:
        return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["results"]

    return read


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, the same for all of pytest's workers."""
    base = tmp_path_factory.getbasetemp()
    return the_wheel((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "wheel")


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel in it; each worker has its own: tests change files there."""
    folder = tmp_path_factory.mktemp("installed")
    make_environment(folder / "env", wheel)
    return folder / "env" / "bin"


def tiny_instrument(dimensions: int = 2, items: int = 3, *, reversed_items: Sequence[str] = ()) -> Instrument:
    """Dimensions d1, d2, ... with items d1_1, d1_2, ... on a scale from 1 to 5."""
    return instrument_from(
        {
            "name": "tiny",
            "title": "Tiny",
            "citation": "made in a test",
            "licence": "CC0-1.0",
            "scale": {"low": 1, "high": 5},
            "dimension": [
                {
                    "key": f"d{d}",
                    "title": f"Dimension {d}",
                    "items": [
                        {"key": f"d{d}_{i}", "text": "?", "reversed": f"d{d}_{i}" in reversed_items}
                        for i in range(1, items + 1)
                    ],
                }
                for d in range(1, dimensions + 1)
            ],
        },
        where="test",
    )


def tiny_survey(answers: np.ndarray | pd.DataFrame, *, about: About | None = None, **roles: Sequence[object]) -> Survey:
    """A survey with these answers, three items a dimension, and the roles given as lists."""
    numbers = np.asarray(answers, dtype=float)
    instrument = tiny_instrument(dimensions=numbers.shape[1] // 3)
    given = pd.DataFrame(numbers, columns=list(instrument.items))
    respondents = pd.DataFrame(
        {role: typed_role(role, pd.Series(values, index=given.index)) for role, values in roles.items()},
        index=given.index,
    )
    return Survey(name="tiny", instrument=instrument, given=given, respondents=respondents, about=about or About())
