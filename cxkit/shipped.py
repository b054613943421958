"""Where the kit's data sets and notebooks lie: inside an installed package, or at the top of a checkout.

Standard library only, so that every layer may import it.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def datasets_folder() -> Path:
    """The folder of the kit's data sets and instruments; without either, where it would be in an installed package."""
    return _folder("datasets", "instruments/*.toml")


def notebooks_folder() -> Path:
    """The folder of the kit's notebooks; without either, where it would be in an installed package."""
    return _folder("notebooks", "*.ipynb")


def _folder(name: str, known_by: str) -> Path:
    """The packaged folder before the one beside the package: what is called so in site-packages is somebody else's."""
    packaged, beside = PACKAGE / f"_{name}", PACKAGE.parent / name
    is_checkout = (PACKAGE.parent / "pyproject.toml").is_file() and any(beside.glob(known_by))
    return beside if is_checkout and not packaged.is_dir() else packaged
