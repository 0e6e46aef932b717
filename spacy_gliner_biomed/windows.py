"""A long text → overlapping windows that the scorer can read → one answer.

Every word belongs to exactly one window, and a span is taken from the window that owns its first word. Neighbouring windows
overlap by at least twice the model's span width, and the border of ownership lies in the middle of the overlap, so whatever
begins in a window's own part ends inside that window with context to spare: nothing at an edge is lost, nothing is found twice.
Where long words or a long prompt close a window early, it overlaps less, and the border moves so that spans stay whole.

    words    0 . . . . . . . . . . . . . . . . . . . 20          windows of 10 words, widest span 2
             [ own own own own own own own own|. . ]
                                         [. .|own own own own own own|. . ]
"""

from __future__ import annotations

from typing import List, NamedTuple, Optional

import numpy as np


class Window(NamedTuple):
    """Words `start` to `end` (exclusive) are read; spans that begin in `own_start` to `own_end` (exclusive) count."""

    start: int
    end: int
    own_start: int
    own_end: int


def check_window(window: int, stride: Optional[int], max_width: int) -> int:
    """Check a window and stride, both in words.

    RETURNS (int): the stride, by default three quarters of the window.
    RAISES (ValueError): where windows would not overlap by two span widths.
    """
    least = 2 * max_width
    if window <= least:
        raise ValueError(
            f"A window of {window} words is too short: spans are up to {max_width} words wide, so it needs more than {least}."
        )
    if stride is None:
        return min(window - window // 4, window - least)
    if not 1 <= stride <= window - least:
        raise ValueError(
            f"A stride of {stride} words does not fit a window of {window}: windows must overlap by {least} words, twice the "
            f"widest span, so the stride goes from 1 to {window - least}."
        )
    return stride


def plan_windows(bounds: np.ndarray, window: int, stride: int, max_subwords: int, max_width: int = 0) -> List[Window]:
    """Cut a text into windows of at most `window` words and `max_subwords` sub-words.

    bounds (ndarray): word w owns the sub-words `bounds[w]` to `bounds[w + 1]`. *Shape:* `(n_words + 1,)`.
    window, stride (int): words a window holds, and words from one window's start to the next.
    max_subwords (int): most sub-words a window may hold. A single longer word makes a window of its own, for the caller to cut.
    max_width (int): the widest span, in words; 0 where spans need not be whole. Any span of that width that begins in a window's
        own part ends inside the window, as long as the window has room for more words than one such span.
    RETURNS (list): windows in order, whose own parts cover every word once.
    """
    n_words = len(bounds) - 1
    extents: List[List[int]] = []
    start = 0
    while start < n_words:
        end = min(start + window, n_words)
        if bounds[end] - bounds[start] > max_subwords:
            end = int(np.searchsorted(bounds, bounds[start] + max_subwords, side="right")) - 1
            end = max(end, start + 1)
        extents.append([start, end])
        if end == n_words:
            break
        overlap, n_words_read = window - stride, end - start
        if n_words_read < window:
            # A window that closed early keeps half of its words to itself, or fewer where a span would be cut
            overlap = min(overlap, max(n_words_read // 2, max_width if n_words_read > max_width else 0))
        start = max(end - overlap, start + 1)
    windows: List[Window] = []
    for number, (start, end) in enumerate(extents):
        own_start = windows[-1].own_end if windows else 0
        last = number + 1 == len(extents)
        own_end = n_words
        if not last:
            following = extents[number + 1][0]
            own_end = max(min((following + end + 1) // 2, end - max_width + 1), following)
        windows.append(Window(start, end, own_start, own_end))
    return windows
