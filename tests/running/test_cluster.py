"""A batch on a Dask cluster: the results of a local run, also when a worker is lost; workers that lack something."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from cxkit.errors import NotebookError
from cxkit.running.provenance import fingerprint
from cxkit.running.queue import cluster
from cxkit.running.queue.batch import run_batch
from tests.running.test_batch import write_runs

distributed = pytest.importorskip("distributed")

# distributed leaves sockets and loops of its own behind; what it complains of is not ours.
pytestmark = pytest.mark.filterwarnings("ignore")

CELL = "numbers = [float(n) for n in open('data/in.txt').read().split()]\nprint(sum(numbers) * x)"


@pytest.fixture(autouse=True)
def _kit_stands_still(monkeypatch):
    monkeypatch.setattr(fingerprint, "kit_hash", lambda: "kit")


@pytest.fixture
def workers():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as started:
        yield started


def write_inputs():
    Path("data").mkdir()
    Path("data/in.txt").write_text("1.5 2.5")


def reports():
    return {path.name: path.read_bytes() for path in Path("out/batch").glob("*.html")}


def test_fifty_runs_with_one_worker_killed_are_those_of_a_local_batch(write_notebook, workers):
    write_inputs()
    write_notebook(CELL, "import time\ntime.sleep(0.1)")
    write_runs(50, extra='inputs = ["data"]\n')
    victim = next(iter(workers.workers.values())).pid

    def kill():
        while len(list(Path("out/batch").glob("*.html"))) < 15:
            time.sleep(0.05)
        os.kill(victim, signal.SIGKILL)

    murder = threading.Thread(target=kill, daemon=True)
    murder.start()
    far = run_batch("runs.toml", scheduler=workers.scheduler_address, progress=False)
    murder.join(1)
    assert not murder.is_alive()
    assert [(run.name, run.state) for run in far.runs] == [(f"run-{k}", "completed") for k in range(50)]
    made_far = reports()
    Path("out/batch").rename("out/far")
    near = run_batch("runs.toml", progress=False)
    assert reports() == made_far
    assert [(run.name, run.output_sha256) for run in far.runs] == [(run.name, run.output_sha256) for run in near.runs]


def test_failing_and_contained_runs(write_notebook, workers):
    write_inputs()
    write_notebook(CELL, "open('/etc/hostname').read()", "1 / (x - 1)")
    write_runs(2, extra='inputs = ["data"]\n')
    result = run_batch("runs.toml", scheduler=workers.scheduler_address, policy="contained", progress=False)
    assert result.runs[1].state == "failed"
    assert "Error" in result.runs[1].note


def test_workers_that_lack_a_package_are_refused_by_name(write_notebook, workers, monkeypatch):
    here = cluster.versions()
    monkeypatch.setattr(cluster, "versions", lambda: here)  # travels to the workers by value
    with distributed.Client(workers.scheduler_address, set_as_default=False) as client:
        cluster.check_workers(client)
        monkeypatch.setattr(client, "run", lambda *a, **k: {
            "tcp://1": {name: version for name, version in here.items() if name != "seaborn"},
            "tcp://2": {**here, "numpy": "1.0"},
            "tcp://3": ModuleNotFoundError("No module named 'cxkit'", name="cxkit"),
        })  # fmt: skip
        with pytest.raises(NotebookError) as caught:
            cluster.check_workers(client)
    assert "tcp://1 lacks seaborn" in str(caught.value)
    assert f"tcp://2 has numpy 1.0, and this machine has {here['numpy']}" in str(caught.value)
    assert "tcp://3 lacks cxkit" in str(caught.value)


def test_no_scheduler_there(write_notebook, monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1)
    write_notebook("x")
    with pytest.raises(NotebookError, match="There is no Dask scheduler at tcp://127.0.0.1:9"):
        run_batch(write_runs(1), scheduler="tcp://127.0.0.1:9", progress=False)
