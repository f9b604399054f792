"""Progress of work in several steps, told as of one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

Progress = Callable[[int, int], object]
"""Told how much is done, and how much there is in all."""


def in_steps(progress: Progress | None, *sizes: int) -> list[Progress]:
    """What each of several steps tells, so that they are told as one.

    >>> first, second = in_steps(print, 2, 3)
    >>> first(1, 2), second(1, 3)
    1 5
    3 5
    (None, None)
    """

    def step(before: int) -> Progress:
        def tell(done: int, total: int) -> None:
            if progress is not None:
                progress(before + done, sum(sizes))

        return tell

    return [step(before) for before in (0, *accumulate(sizes[:-1]))]
