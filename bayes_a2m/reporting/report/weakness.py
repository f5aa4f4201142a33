"""The weaknesses of a model: a reader sees the worst beside the headline, not only the best."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bayes_a2m.reporting.html import percent, plural
from bayes_a2m.reporting.report.entry import ReportEntry
from bayes_a2m.resampling.bootstrap import Interval
from bayes_a2m.resampling.score_table import ScoreTable

FEWEST_RECORDINGS = 5
"""Recordings of a subgroup below which it is not compared with others."""

SURE = 14 / 15
"""The confidence from which a wrong frame counts as sure and wrong: the last of fifteen bins."""

SHORTEST = 0.1
"""Seconds of sure and wrong frames from which a recording is named."""

MOST = 3
"""Recordings named at most."""


@dataclass(frozen=True)
class Weakness:
    """One thing that a model does badly.

    Attributes
    ----------
    label
        What it is about, in a word or two.
    text
        What is so, in a sentence, with numbers.
    """

    label: str
    text: str


def weaknesses(entry: ReportEntry) -> list[Weakness]:
    """The worst that there is to say of an entry, in a fixed order."""
    return [
        *_unlike(entry),
        *_boundaries(entry),
        *_subgroup(entry),
        *_sure_and_wrong(entry),
        *_takes(entry),
    ]


def _unlike(entry: ReportEntry) -> Iterator[Weakness]:
    """The recordings unlike those that it learned from, where there are others beside them."""
    unlike = entry.metrics.unlike
    if unlike is None or not unlike.recordings or not entry.evaluation.inside.any():
        return
    outside, every = len(unlike.recordings), len(entry.evaluation.ids)
    verb, them = ("is", "it") if outside == 1 else ("are", "them")
    words = (
        f"{outside} of {every} recordings {verb} unlike those that it learned from: nothing is "
        f"promised of {them}, and the verdicts are about the other {every - outside}"
    )
    gap = unlike.overconfidence_outside
    if gap.value is not None:
        words += f". Overconfidence there: {_points(gap.value)} points"
        if gap.low is not None and gap.high is not None:
            words += f" ({_points(gap.low)} to {_points(gap.high)})"
    yield Weakness("Unlike recordings", words + ".")


def _boundaries(entry: ReportEntry) -> Iterator[Weakness]:
    near, away = entry.metrics.near_boundary, entry.metrics.away_from_boundary
    accuracy, other, ece = near.get("accuracy"), away.get("accuracy"), near.get("ece")
    if _value(accuracy) is None or _value(other) is None or _value(ece) is None:
        return
    assert accuracy and other and ece
    yield Weakness(
        "Near boundaries",
        f"Within 50 ms of an onset or offset accuracy is {_shown(accuracy)} and ECE "
        f"{ece.value:.3f}; elsewhere accuracy is {percent(other.value, 1)}.",
    )


def _subgroup(entry: ReportEntry) -> Iterator[Weakness]:
    """The condition, duration or level of the lowest accuracy."""
    counts = {c: entry.evaluation.conditions.count(c) for c in entry.metrics.per_condition}
    groups: list[tuple[str, ScoreTable]] = []
    if len(counts) > 1:
        groups += [
            (f"condition {name}", table)
            for name, table in entry.metrics.per_condition.items()
            if counts[name] >= FEWEST_RECORDINGS
        ]
    places: Mapping[str, Mapping[str, ScoreTable]] = {
        "duration": entry.metrics.by_place.run_length,
        "level": entry.metrics.by_place.level,
    }
    for kind, tables in places.items():
        if len(tables) > 1:
            groups += [
                (f"{kind} {name}", table)
                for name, table in tables.items()
                if getattr(table, "recordings", 0) >= FEWEST_RECORDINGS
            ]
    known = [(name, table) for name, table in groups if _value(table.get("accuracy")) is not None]
    if not known:
        return
    name, worst = min(known, key=lambda one: _value(one[1].get("accuracy")) or 0.0)
    accuracy, ece = worst["accuracy"], _value(worst.get("ece"))
    assert accuracy
    words = f"Lowest accuracy by {name}: {_shown(accuracy)}"
    yield Weakness("Worst subgroup", words + (f", ECE {ece:.3f}." if ece is not None else "."))


def _sure_and_wrong(entry: ReportEntry) -> Iterator[Weakness]:
    """The recordings with most frames that are wrong at the highest confidence."""
    frames = entry.evaluation.frames
    wrong = (frames.top_count - frames.top_right)[:, -1]
    seconds = wrong * entry.posterior.grid.hop_seconds
    order = [int(i) for i in np.argsort(-seconds, kind="stable")[:MOST] if seconds[i] >= SHORTEST]
    if not order:
        return
    named = ", ".join(f"{entry.evaluation.ids[i]} ({seconds[i]:.1f} s)" for i in order)
    yield Weakness(
        "Confident errors",
        f"Wrong at a confidence above {SURE:.2f}: {named}. Their labels may be wrong; "
        "bayes-a2m audit tells.",
    )


def _takes(entry: ReportEntry) -> Iterator[Weakness]:
    seen = entry.evaluation.seen_takes
    without = entry.metrics.without_seen_takes
    accuracy = without.get("accuracy") if without is not None else None
    if not seen:
        return
    inside = sum(take in seen for take in entry.evaluation.takes if take)
    words = f"{plural(inside, 'recording')} {'is' if inside == 1 else 'are'} of takes it trained on"
    if accuracy is not None and accuracy.value is not None:
        words += f"; on the others accuracy is {_shown(accuracy)}"
    yield Weakness("Shared takes", words + ".")


def _value(score: Interval | None) -> float | None:
    return None if score is None else score.value


def _points(share: float) -> str:
    """A share as percentage points with their sign.

    >>> _points(-0.009)
    '−0.9'
    """
    return f"{100 * share:+.1f}".replace("-", "−")


def _shown(score: Interval) -> str:
    """A share with its interval."""
    words = percent(score.value, 1)
    if score.low is not None and score.high is not None:
        words += f" ({percent(score.low, 1)} to {percent(score.high, 1)})"
    return words
