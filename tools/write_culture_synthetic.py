"""Write datasets/culture_synthetic/: the answers and what is true of them, from the seeded generator.

    python tools/write_culture_synthetic.py

A test generates both anew and compares every byte; run this after a deliberate change of `cxkit/survey/simulate.py`,
and say so in CHANGELOG.md under "Numbers that changed".
"""

from pathlib import Path

from cxkit.survey.simulate import simulate_culture

FOLDER = Path(__file__).parents[1] / "datasets" / "culture_synthetic"


def main() -> None:
    """Write every file of the data set but its card."""
    for name, text in simulate_culture().files.items():
        (FOLDER / name).write_bytes(text.encode("utf-8"))
        print(f"wrote {FOLDER.name}/{name}")


if __name__ == "__main__":
    main()
