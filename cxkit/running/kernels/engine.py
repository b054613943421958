"""The papermill engine named ``cxkit``.

papermill imports every registered engine while it is itself still being imported. So this module imports nothing of
papermill at its top: importing either of the two first works, and other users of papermill do not pay for us.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode


class CxkitEngine:
    """Runs a notebook on this very Python, with a time limit for each cell, and never hangs on a widget.

    Usable as ``papermill --engine cxkit`` as well. Beyond papermill's own keywords, those of nbclient's hooks
    (``on_cell_start``, ``on_cell_complete``) and ``on_kernel`` (called with each kernel manager) are understood.
    """

    @classmethod
    def execute_notebook(cls, nb: NotebookNode, kernel_name: str, **options: Any) -> NotebookNode:
        """Execute the notebook in place; papermill calls this."""
        from cxkit.running.kernels.client import ManagedEngine

        return ManagedEngine.execute_notebook(nb, kernel_name, **options)

    @classmethod
    def nb_kernel_name(cls, nb: NotebookNode, name: str | None = None) -> str:
        """The kernel that the notebook asks for; only a label here, since the kernel is always this Python."""
        return name or str(nb.metadata.get("kernelspec", {}).get("name") or "python3")

    @classmethod
    def nb_language(cls, nb: NotebookNode, language: str | None = None) -> str:
        """The language of the notebook."""
        return language or str(nb.metadata.get("language_info", {}).get("name") or "python")
