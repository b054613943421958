"""How long does cxkit make a person wait before it does anything?

Whole processes in turn, so that a change of the machine's speed meets all of them alike: bare Python, `import cxkit`,
`cxkit --help`, and papermill's `--help` as the peer. Prints the waiting time beyond bare Python
and the ratio to the peer, as medians with their range over the rounds.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 15
BIN = Path(sys.executable).parent
COMMANDS = {
    "bare Python": [sys.executable, "-c", "pass"],
    "import cxkit": [sys.executable, "-c", "import cxkit"],
    "cxkit --help": [str(BIN / "cxkit"), "--help"],
    "papermill --help": [str(BIN / "papermill"), "--help"],
}


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def spread(values: list[float], digits: int) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def main() -> None:
    for command in COMMANDS.values():
        seconds(command)  # once, so that files are in the cache for everybody
    rounds = [{name: seconds(command) for name, command in COMMANDS.items()} for _ in range(ROUNDS)]
    print(f"{'':18}{'seconds beyond bare Python':>32}{'papermill --help takes ... times as long':>46}")
    for name in COMMANDS:
        beyond = [r[name] - r["bare Python"] for r in rounds]
        ratio = [r["papermill --help"] / r[name] for r in rounds]
        print(f"{name:18}{spread(beyond, 3):>32}{spread(ratio, 1):>46}")


if __name__ == "__main__":
    main()
