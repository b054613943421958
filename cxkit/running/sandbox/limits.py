"""How much a run may use."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Policy = Literal["open", "contained"]
"""`open`: with the rights of whoever starts it. `contained`: in the sandbox, or not at all."""

_MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one contained run; whatever passes one is ended, and the run says which.

    Attributes
    ----------
    memory_bytes : int
        Of all processes of the run together, beyond what the kernel has loaded before its first cell.
    cpu_seconds : int
        Processor time of all processes together.
    cell_seconds, total_seconds : float
        Wall time of one cell and of all.
    processes : int
        Processes and threads at a time; an idle kernel has about a dozen.
    open_files : int
        Open files of one process.
    file_bytes : int
        Size of one file.
    work_bytes, temporary_bytes : int
        Sum of all files in the work folder, and in /tmp.
    output_bytes : int
        What one cell may print and show; more is cut, the cell is interrupted, and the run goes on.
    """

    memory_bytes: int = 1536 * _MIB
    cpu_seconds: int = 600
    cell_seconds: float = 60.0
    total_seconds: float = 300.0
    processes: int = 64
    open_files: int = 512
    file_bytes: int = 64 * _MIB
    work_bytes: int = 128 * _MIB
    temporary_bytes: int = 128 * _MIB
    output_bytes: int = 4 * _MIB

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                raise ValueError(f"{name} is {value!r}; a limit is a number above 0.")

    def as_data(self) -> dict[str, Any]:
        """Plain data, for the request to the template."""
        return asdict(self)
