"""Write datasets/README.md from the cards beside the data.

    python tools/write_dataset_pages.py

A test says when the page is older than the cards.
"""

from pathlib import Path

from cxkit.survey.datasets import DatasetCard, dataset_card, dataset_names
from cxkit.survey.shipped_instruments import load_instrument

PAGE = Path(__file__).parents[1] / "datasets" / "README.md"
HEAD = """\
# Data sets

<!-- Written by tools/write_dataset_pages.py from the cards; change a card, then run it again. -->

Load one by its name: `cx.load_survey("culture_synthetic")`. Each folder holds `data.csv` and `card.toml`; the
instruments are in `instruments/`, the licences in `LICENCES.md`. Values are those of the source; only columns were left
out (`tools/export_datasets.R`).

| name | what | answers | n | instrument |
|---|---|---|---|---|
"""


def page() -> str:
    """The text of datasets/README.md."""
    cards = [dataset_card(name) for name in dataset_names()]
    lines = [
        f"| [`{card.name}`](#{card.name}) | {card.title} | {'synthetic' if card.synthetic else 'real'} "
        f"| {card.n:,} | `instruments/{card.instrument}.toml` |"
        for card in cards
    ]
    return HEAD + "\n".join(lines) + "\n" + "".join(section(card) for card in cards)


def section(card: DatasetCard) -> str:
    """One data set: its card, its dimensions, what to know."""
    instrument = load_instrument(card.instrument)
    dimensions = ", ".join(f"{d.title.lower()} ({len(d.items)})" for d in instrument.dimensions)
    facts = [(label, content) for label, content in card.rows if label not in ("Name", "Instrument")]
    rows = [*facts, ("Dimensions (items)", dimensions), ("Check of the file", f"`{card.checks['call']}`")]
    table = "\n".join(f"| {label} | {content} |" for label, content in rows)
    quirks = "\n".join(f"- {quirk}" for quirk in card.quirks)
    return (
        f"\n## {card.name}\n\n{card.title}\n\n| | |\n|---|---|\n{table}\n\nWhat to know before using it:\n\n{quirks}\n"
    )


def main() -> None:
    """Write the page."""
    PAGE.write_bytes(page().encode("utf-8"))
    print(f"wrote {PAGE.name}")


if __name__ == "__main__":
    main()
