"""Verdicts on each class: its accuracy, its overconfidence, and the words for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.kernels import ratio
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.resampling.bootstrap import Interval, intervals_by_class, resample_weights

SLACK = 0.02
"""A difference between stated and true below this is small, however certain it is."""

OFTEN_WRONG = 0.8
"""The precision below which a class is often wrong."""


@dataclass(frozen=True)
class ClassVerdict:
    """The verdict on the frames called one class.

    Attributes
    ----------
    name
        The name of the class.
    called, true
        Frames called it, and truly of it.
    right
        Share of those called that are right.
    stated
        The mean confidence of the frames called it.
    gap
        Stated less right, with its interval; above zero is too sure.
    found
        Share of those truly of it that are called it.
    kind
        ``good``, ``caution``, ``bad`` or ``unknown``.
    word
        The verdict.
    sentence
        The verdict with its numbers.
    """

    name: str
    called: int
    true: int
    right: Interval
    stated: float | None
    gap: Interval
    found: Interval
    kind: str
    word: str
    sentence: str


def class_verdicts(
    counts: FrameStatistics, names: Sequence[str], *, resamples: int = 1000, seed: int = 0
) -> list[ClassVerdict]:
    """A verdict a class.

    Parameters
    ----------
    counts
        The sufficient statistics of every recording.
    names
        The names of the classes.
    resamples, seed
        The resampling of recordings for the intervals.

    >>> one = FrameStatistics.of([[0.9, 0.1]] * 9 + [[0.8, 0.2]], [0] * 9 + [1])
    >>> both = FrameStatistics.stack([one, one])
    >>> [v.word for v in class_verdicts(both, ["silence", "C4"], resamples=20)]
    ['believe it as stated', 'never called']
    """
    weights = resample_weights(len(counts), resamples, np.random.default_rng(seed))

    def of(w: Floats) -> dict[str, Floats]:
        called = np.einsum("sr,rk->sk", w, counts.predicted_count.sum(axis=2))
        stated = np.einsum("sr,rk->sk", w, counts.predicted_confidence.sum(axis=2))
        right = np.einsum("sr,rk->sk", w, counts.predicted_right.sum(axis=2))
        true = np.einsum("sr,rk->sk", w, counts.confusion.sum(axis=2))
        return {
            "right": ratio(right, called),
            "gap": ratio(stated - right, called),
            "found": ratio(right, true),
        }

    found = intervals_by_class(of, weights)
    table = counts.confusion.sum(axis=0)
    verdicts = []
    for k, name in enumerate(names):
        called, true = int(table[:, k].sum()), int(table[k].sum())
        right, gap, recalled = (found[k][key] for key in ("right", "gap", "found"))
        stated = None
        if right.value is not None and gap.value is not None:
            stated = right.value + gap.value
        kind, word = _judged(called, true, right, gap)
        verdicts.append(
            ClassVerdict(
                name,
                called,
                true,
                right,
                stated,
                gap,
                recalled,
                kind,
                word,
                _sentence(name, called, true, right, stated, gap, recalled),
            )
        )
    return verdicts


def headline(
    counts: FrameStatistics, names: Sequence[str], verdicts: Sequence[ClassVerdict]
) -> str:
    """The answer in a sentence or two: what to believe as stated, and what not.

    >>> one = FrameStatistics.of([[0.9, 0.1]] * 9 + [[0.2, 0.8]], [0] * 9 + [1])
    >>> both = FrameStatistics.stack([one, one])
    >>> headline(both, ["silence", "C4"], class_verdicts(both, ["silence", "C4"], resamples=20))
    'Not sure enough: silence and C4.'
    """
    groups = {
        "Believe as stated": [v.name for v in verdicts if v.kind == "good"],
        "Not sure enough": [v.name for v in verdicts if v.word == "not sure enough"],
        "Too sure": [v.name for v in verdicts if v.word == "too sure"],
        "Often wrong": [v.name for v in verdicts if v.kind == "bad" and v.word == "often wrong"],
        "Nothing can be said of": [v.name for v in verdicts if v.kind == "unknown"],
    }
    parts = [f"{what}: {_joined(who)}" for what, who in groups.items() if who]
    return ". ".join(parts) + "."


def _judged(called: int, true: int, right: Interval, gap: Interval) -> tuple[str, str]:
    if not called:
        return "unknown", "never called"
    if not true:
        return "bad", "never true here"
    if right.low is None or gap.low is None or gap.high is None or gap.value is None:
        return "unknown", "too few recordings"
    if right.value is not None and right.value < OFTEN_WRONG:
        return "bad", "often wrong"
    if abs(gap.value) < SLACK or gap.low <= 0 <= gap.high:
        return "good", "believe it as stated"
    return ("caution", "too sure") if gap.value > 0 else ("caution", "not sure enough")


def _sentence(
    name: str,
    called: int,
    true: int,
    right: Interval,
    stated: float | None,
    gap: Interval,
    found: Interval,
) -> str:
    if not called:
        rest = f"; {true:,} frames truly are" if true else ", and no frame is"
        return f"It never says {name}{rest}."
    if not true:
        return f"It says {name} in {called:,} frames, and none of them is."
    words = f"When it says {name}, it is right in {_percent(right.value)} of the frames"
    if right.low is not None:
        words += f" ({_percent(right.low)} to {_percent(right.high)})"
    words += f", and says {_percent(stated)} on average"
    if gap.value is not None and gap.low is not None and gap.high is not None:
        if gap.low <= 0 <= gap.high:
            words += ": no difference that these recordings can tell"
        else:
            way = "too sure" if gap.value > 0 else "not sure enough"
            small = " though little" if abs(gap.value) < SLACK else ""
            words += f": {way} by {100 * abs(gap.value):.1f} points{',' + small if small else ''}"
    return f"{words}. Of the true {name} frames it finds {_percent(found.value)}."


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}\xa0%"


def _joined(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
