# SPDX-License-Identifier: Apache-2.0
"""What the demo shows: steps with their progress, timelines as bars, and the verdict.

Fits 80 columns. Colour and lines that move are for terminals only (NO_COLOR is honoured); the
drawing falls back to ASCII where the output cannot show more.
"""
import contextlib
import math
import os
import sys
import threading
import time

AXIS_MS = (1, 10, 100, 1000, 10000, 100000)
DECADE = 10  # columns for each factor of ten
STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "cyan": "36"}


def duration(ms):
    """A duration for people: whole milliseconds, as the logs have them, or seconds."""
    if ms < 9999.5:
        return f"{ms:.0f} ms"
    return f"{ms / 1000:.1f} s"


def tick(ms):
    """A label of the axis."""
    return f"{ms} ms" if ms < 1000 else f"{ms // 1000} s"


class Screen:
    """Writes to a stream; `moving` lines only where a terminal can rewrite them."""

    def __init__(self, stream=sys.stdout):
        self.stream = stream
        self.terminal = stream.isatty()
        self.colour = self.terminal and not os.environ.get("NO_COLOR")
        rich = "utf" in (stream.encoding or "").lower()
        self.bar, self.dot, self.good, self.bad = "━●✓✗" if rich else "=*+!"

    def paint(self, style, text):
        """The text in a style, if there is colour."""
        return f"\033[{STYLES[style]}m{text}\033[0m" if self.colour else text

    def line(self, text=""):
        """One line."""
        print(text, file=self.stream, flush=True)

    def title(self, text):
        """A heading, set off by an empty line."""
        self.line()
        self.line(self.paint("bold", text))

    def note(self, text):
        """A line while a step runs."""
        self.line(("\r\033[K" if self.terminal else "") + f"  {text}")

    @contextlib.contextmanager
    def step(self, text, detail=lambda: ""):
        """Shows that a step runs, with the seconds it has taken; detail() may add how far it is."""
        done = threading.Event()
        started = time.monotonic()
        ticker = threading.Thread(target=self._tick, args=(text, detail, done, started),
                                  daemon=True)
        ticker.start()
        word = self.paint("red", "failed")
        try:
            yield
            word = f"{time.monotonic() - started:5.1f} s"
        finally:
            done.set()
            ticker.join()
            start = "\r\033[K" if self.terminal else ""
            self.line(f"{start}  {text:<67} {word:>8}")

    def _tick(self, text, detail, done, started):
        """On a terminal the line counts; elsewhere a step of over 2 s says once that it runs."""
        if not self.terminal:
            if not done.wait(2):
                self.line(f"  {text} ...")
            return
        while True:
            seconds = time.monotonic() - started
            shown = f"  {text} {detail()}"[:67]
            self.stream.write(f"\r\033[K{shown:<69} {seconds:4.0f} s")
            self.stream.flush()
            if done.wait(0.2):
                return

    def check(self, passed, text):
        """One line of the verdict."""
        mark = self.paint("green", self.good) if passed else self.paint("red", self.bad)
        self.line(f"  {mark} {text}")

    def timeline(self, events):
        """Draws [(name, milliseconds since the first)] as bars on a logarithmic axis: what takes
        4 ms and what takes 3 s are both to be seen."""
        for text in self.draw(events):
            self.line(text)

    def draw(self, events):
        """The lines of a timeline."""
        last = max(1.0, *(at for _, at in events))
        axis = "".join(f"{tick(at):<{DECADE}}" for at in AXIS_MS if at <= last)
        lines = [self.paint("dim", f"  {'':<16} {'':>7}  {axis.rstrip()}")]
        for name, at in events:
            column = round(DECADE * math.log10(at)) if at > 1 else 0
            bar = self.paint("cyan", self.bar * column) + self.dot
            lines.append(f"  {name:<16} {duration(at):>7}  {bar}")
        return lines
