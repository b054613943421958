"""Which stretches of code stand for a submission: winnowed runs of tokens, so that equal ones are found anywhere."""

from __future__ import annotations

import numpy as np

RUN = 16
"""Tokens in a run (k). Shorter runs are the grammar of calls that everybody writes."""

WINDOW = 6
"""Runs of which one at least is kept (w). Any stretch of RUN + WINDOW - 1 = 21 equal tokens is found."""

_BASE = np.uint64(0x9E3779B97F4A7C15)


def run_hashes(tokens: np.ndarray, length: int = RUN) -> np.ndarray:
    """A number for each run of `length` tokens, in order; equal runs have equal numbers on every machine.

    Parameters
    ----------
    tokens : array of uint64
    length : int
        Tokens in a run.

    Returns
    -------
    array of uint64
        One for each start; empty where there are fewer tokens than `length`.
    """
    count = len(tokens) - length + 1
    if count <= 0:
        return np.array([], dtype=np.uint64)
    hashes = np.zeros(count, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for offset in range(length):
            hashes = hashes * _BASE + tokens[offset : offset + count] + np.uint64(1)
        # Mixed, because the smallest number of a window is kept: without it, similar runs would be kept in clusters.
        hashes ^= hashes >> np.uint64(31)
        hashes *= np.uint64(0xBF58476D1CE4E5B9)
        hashes ^= hashes >> np.uint64(29)
    return hashes


def winnowed(hashes: np.ndarray, window: int = WINDOW) -> np.ndarray:
    """The runs that are kept as fingerprints: the smallest of each window.

    The same stretch of tokens gives the same fingerprints wherever it stands, because the choice looks at nothing but
    the window (Schleimer, Wilkerson and Aiken 2003, Winnowing: Local Algorithms for Document Fingerprinting).

    Parameters
    ----------
    hashes : array of uint64
        From `run_hashes`.
    window : int
        Neighbouring runs of which one at least is kept.

    Returns
    -------
    array of uint64
        Sorted, each once.
    """
    if len(hashes) <= window:
        return np.unique(hashes.min(keepdims=True)) if len(hashes) else hashes
    return np.unique(np.lib.stride_tricks.sliding_window_view(hashes, window).min(axis=1))
