"""Find the parent of each call: the innermost call of its thread that it lies strictly inside.

One sweep over the calls in order of entry, with those still open at hand. It is exact for any
intervals, also those of generators and coroutines, which overlap by half; where calls nest
properly, each costs one comparison.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

# thread_id, event_id, start_ts, end_ts (None for a call that never returned)
Call = tuple[int, int, int, int | None]


def parents(calls: Iterable[Call]) -> Iterator[tuple[int, int]]:
    """Yield (event_id, event_id of the parent) for each call that has one.

    The calls of one process come sorted by thread, start, end (the longest first, those that never
    returned before all), event_id. A call lies inside another if it starts later and ends earlier.
    Of several the innermost is the last one in this order. A call that never returned lies inside
    the innermost call open at its start and lasts as long as that one, at the top level for ever.
    """
    thread: int | None = None
    open_calls: list[tuple[int, float, int]] = []
    for thread_id, event_id, start, end in calls:
        if thread_id != thread:
            thread = thread_id
            open_calls.clear()
        until = math.inf if end is None else end
        index = len(open_calls) - 1
        while index >= 0:
            outer_start, outer_until, outer_id = open_calls[index]
            if outer_until <= start:
                del open_calls[index]
            elif outer_start < start and (end is None or until < outer_until):
                yield event_id, outer_id
                if end is None:
                    until = outer_until
                break
            index -= 1
        open_calls.append((start, until, event_id))
