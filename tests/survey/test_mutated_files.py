"""Files as accidents leave them: refused, or read as they are; never a traceback, never another answer in silence.

`benchmarks/fuzz_files.py` does the same for thousands.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cxkit.survey.csv_rows import CsvRows
from tests.survey.mutated_files import TEXT, WORKBOOK, attempt

SEEDS = range(60)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("mutated")
    return [attempt(seed, folder) for seed in SEEDS]


def test_nothing_changes_and_nobody_is_lost_in_silence(outcomes) -> None:
    assert not [outcome for outcome in outcomes if outcome.is_fault]
    assert {outcome.verdict for outcome in outcomes} == {"refused", "read", "told"}


def test_most_kinds_of_accident_were_tried(outcomes) -> None:
    assert len({outcome.mutation for outcome in outcomes}) > 0.8 * len([*TEXT, *WORKBOOK])


def test_a_reader_that_does_not_look_is_found_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The judge of these files, judged: without the search for damage, stray marks lose respondents."""
    monkeypatch.setattr(CsvRows, "refuse_damage", lambda self, source: None)
    assert attempt(339, tmp_path).verdict == "lost"
