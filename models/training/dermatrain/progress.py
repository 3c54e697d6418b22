"""A progress bar on a terminal; a line now and then in a log."""

import sys
import time


def progress(items, label: str, every: float = 30.0):
    """Yield the items; tell how far it is and how long it will take."""
    total, start, shown = len(items), time.monotonic(), 0.0
    terminal = sys.stderr.isatty()
    start_of_line = "\r" if terminal else ""
    for i, item in enumerate(items):
        yield item
        spent, done = time.monotonic() - start, i + 1
        if done == total or spent - shown > (0.2 if terminal else every):
            shown = spent
            left = spent / done * (total - done)
            bar = "#" * (24 * done // total)
            print(
                f"{start_of_line}{label} [{bar:<24}] {done}/{total}, {left:.0f} s left ",
                end="\n" if done == total or not terminal else "",
                file=sys.stderr,
                flush=True,
            )
