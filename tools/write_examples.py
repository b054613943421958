"""Write docs/examples/: synthetic judgements of experts, and a synthetic audit. Seeded: the same files every time.

python tools/write_examples.py
"""

from pathlib import Path

import numpy as np

from cxkit.survey.shipped_instruments import load_instrument

FOLDER = Path(__file__).parents[1] / "docs" / "examples"
SEED = 20260102
EXPERTS = 9
RATERS = {
    "Synthetic North": 8,
    "Synthetic South": 7,
    "Synthetic East": 6,
    "Synthetic West": 3,
    "Synthetic Coast": 6,
    "Synthetic Hills": 9,
}
STANDING = {"Synthetic North": 0.4, "Synthetic South": 0.1, "Synthetic East": -0.1, "Synthetic West": -0.5,
            "Synthetic Coast": 0.0, "Synthetic Hills": -0.8}  # fmt: skip
UNCLEAR = {"CI3": 0.45, "MI4": 0.5, "EM4": 0.35, "PV3": 0.4, "SA3": 0.55}
"""Items on which the synthetic experts are divided: the chance that one finds it essential, relevant, well placed."""

TAKEN_FOR = {"CI3": "collaboration", "MI4": "collaboration", "EM4": "collaboration", "PV3": "customer_foresight",
             "SA3": "empowerment"}  # fmt: skip


def expert_files(rng: np.random.Generator) -> dict[str, str]:
    """Three files of the same experts on the items of culture8: essential, relevance, assignment."""
    instrument = load_instrument("culture8")
    names = [f"expert_{i}" for i in range(1, EXPERTS + 1)]
    grids: dict[str, list[str]] = {kind: [",".join(["item", *names])] for kind in ("essential", "relevance", "sort")}
    for dimension in instrument.dimensions:
        for item in dimension.items:
            good = rng.random(EXPERTS) < UNCLEAR.get(item.key, 0.96)
            relevance = np.where(good, rng.integers(3, 5, EXPERTS), rng.integers(1, 3, EXPERTS)).astype(str)
            other = TAKEN_FOR.get(item.key, "none")
            rows = {
                "essential": np.where(good, "yes", "no"),
                "relevance": relevance,
                "sort": np.where(good, dimension.key, other),
            }
            for kind, cells in rows.items():
                passed_over = rng.random(EXPERTS) < 0.01
                grids[kind].append(",".join([item.key, *np.where(passed_over, "", cells)]))
    return {f"expert_{kind}_synthetic.csv": "\n".join(lines) + "\n" for kind, lines in grids.items()}


def audit_file(rng: np.random.Generator) -> str:
    """Ratings of six synthetic organisations with customer_audit16."""
    instrument = load_instrument("customer_audit16")
    keys = [item.key for topic in instrument.dimensions for item in topic.items]
    topic_of = [number for number, topic in enumerate(instrument.dimensions) for _ in topic.items]
    lines = [",".join(["rater", "organisation", *keys])]
    rater = 0
    for organisation, raters in RATERS.items():
        standing = 2 + STANDING[organisation] + rng.normal(0, 0.8, len(instrument.dimensions))[topic_of]
        truth = standing + rng.normal(0, 0.5, len(keys))
        for _ in range(raters):
            rater += 1
            seen = np.clip(np.round(truth + rng.normal(0, 0.2) + rng.normal(0, 0.6, len(keys))), 0, 4).astype(int)
            cells = np.where(rng.random(len(keys)) < 0.02, "", seen.astype(str))
            lines.append(",".join([f"R{rater:02}", organisation, *cells]))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write all files."""
    rng = np.random.default_rng(SEED)
    FOLDER.mkdir(parents=True, exist_ok=True)
    files = {**expert_files(rng), "customer_audit_synthetic.csv": audit_file(rng)}
    for name, content in files.items():
        (FOLDER / name).write_bytes(content.encode("utf-8"))
    print(f"wrote {', '.join(files)}")


if __name__ == "__main__":
    main()
