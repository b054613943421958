"""The whole way of a course, by its commands: release, collect, mark, written answers, gradebook, export."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "whole_class.py"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's")


def test_one_student_of_each_kind_gets_the_grade_that_was_foreseen():
    done = subprocess.run([sys.executable, BENCHMARK, "--students", "1"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "questions marked too high: 0, too low: 0" in done.stdout
    assert "31 students: " in done.stdout
