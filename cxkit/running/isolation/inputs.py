"""What a contained run may read: copies of its inputs, in a folder of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path


def copy_inputs(inputs: Mapping[str, str], folder: Path) -> Path:
    """Make the folder, with copies of the inputs that any user may read.

    Copies, because /proc/self/mountinfo tells where a file lies on the host, and a file that several runs see can carry
    signs from one to another.
    """
    folder.mkdir()
    for name, source in inputs.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if Path(source).is_dir() else shutil.copyfile
        copy(source, folder / name)
    for place, _, names in os.walk(folder):
        Path(place).chmod(0o755)
        for name in names:
            (Path(place) / name).chmod(0o644)
    return folder
