"""The geometry of the bar on a class's card: overconfidence, its interval, the tolerance."""

from __future__ import annotations

from dataclasses import dataclass

from bayes_a2m.reporting.report.verdict import ClassVerdict

WIDTH = 200.0
"""Units of the bar from end to end."""

SHORTEST = 0.1
"""The least overconfidence that the ends stand for, as a share."""


@dataclass(frozen=True)
class GapBar:
    """Places on the bar, in units from its left end.

    Attributes
    ----------
    zero
        The place of no overconfidence.
    inside
        The ends of the band that does not matter.
    dot
        The place of the overconfidence; None where it is not known.
    interval
        The ends of its interval, cut at the ends of the bar; None where it is not known.
    end
        The overconfidence that the right end stands for, as a share.
    """

    zero: float
    inside: tuple[float, float]
    dot: float | None
    interval: tuple[float, float] | None
    end: float


def gap_bar(verdict: ClassVerdict) -> GapBar:
    """Find the places of one verdict; the ends stand for 10 points, or more where it needs more."""
    gap, tolerance = verdict.overconfidence, verdict.tolerance
    known = [abs(x) for x in (gap.value, gap.low, gap.high) if x is not None]
    end = max(SHORTEST, 2 * tolerance, *known) if known else max(SHORTEST, 2 * tolerance)
    end = min(end, 1.0)

    def place(share: float) -> float:
        return round(WIDTH * (0.5 + 0.5 * max(-1.0, min(1.0, share / end))), 1)

    interval = None
    if gap.low is not None and gap.high is not None:
        interval = (place(gap.low), place(gap.high))
    dot = None if gap.value is None else place(gap.value)
    return GapBar(place(0.0), (place(-tolerance), place(tolerance)), dot, interval, end)
