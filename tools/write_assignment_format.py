"""Write the tables of docs/assignments.md from the code that reads assignment.toml.

    python tools/write_assignment_format.py

A test compares the page with the code.
"""

from __future__ import annotations

from pathlib import Path

from cxkit.coursework.assignment.format import format_page

PAGE = Path(__file__).parents[1] / "docs" / "assignments.md"
BEGIN, END = "<!-- tables: written by tools/write_assignment_format.py -->\n", "<!-- end of tables -->\n"


def page(text: str) -> str:
    """The page with its tables as the code has them."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{format_page()}\n{END}{after}"


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {PAGE.name}")


if __name__ == "__main__":
    main()
