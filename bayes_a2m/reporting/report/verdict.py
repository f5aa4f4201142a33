"""Verdicts on each class: its accuracy, its overconfidence, and the words for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayes_a2m import renamed
from bayes_a2m.diagnostics.verdict import TOLERANCE, GapVerdict, gap_verdict
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.kernels import ratio
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.resampling.bootstrap import Interval, intervals_by_class, resample_weights


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
        ``good`` (its confidence can be trusted), ``caution`` (it is over- or underconfident),
        ``bad`` (it is never true) or ``unknown`` (these recordings cannot tell).
    word
        The verdict.
    sentence
        The verdict with its numbers.
    recordings
        The recordings in which it is predicted.
    tolerance
        The gap that does not matter.
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
    recordings: int
    tolerance: float


def class_verdicts(
    counts: FrameStatistics,
    names: Sequence[str],
    *,
    resamples: int = 1000,
    seed: int = 0,
    tolerance: float = TOLERANCE,
) -> list[ClassVerdict]:
    """Judge every class by the gap of its confidence (:mod:`bayes_a2m.diagnostics.verdict`).

    Parameters
    ----------
    counts
        The sufficient statistics of every recording.
    names
        The names of the classes.
    resamples, seed
        The resampling of recordings for the intervals.
    tolerance
        The gap that does not matter, as a share.

    >>> recording = FrameStatistics.of([[0.9, 0.1]] * 9 + [[0.8, 0.2]], [0] * 9 + [1])
    >>> many, few = (FrameStatistics.stack([recording] * n) for n in (30, 2))
    >>> [v.word for v in class_verdicts(many, ["silence", "C4"], resamples=20)]
    ['can be trusted', 'never predicted']
    >>> class_verdicts(few, ["silence", "C4"], resamples=20)[0].word
    'cannot tell from 2 recordings'
    """
    weights = resample_weights(len(counts), resamples, np.random.default_rng(seed))

    def of(w: Floats) -> dict[str, Floats]:
        called = np.einsum("sr,rk->sk", w, counts.predicted_count.sum(axis=2))
        right = np.einsum("sr,rk->sk", w, counts.predicted_right.sum(axis=2))
        true = np.einsum("sr,rk->sk", w, counts.confusion.sum(axis=2))
        return {
            "right": ratio(right, called),
            "found": ratio(right, true),
        }

    found = intervals_by_class(of, weights)
    table = counts.confusion.sum(axis=0)
    verdicts = []
    for k, name in enumerate(names):
        called, true = int(table[:, k].sum()), int(table[k].sum())
        right, recalled = found[k]["right"], found[k]["found"]
        judged = gap_verdict(
            counts.predicted_confidence[:, k].sum(axis=1),
            counts.predicted_right[:, k].sum(axis=1),
            counts.predicted_count[:, k].sum(axis=1),
            generator=np.random.default_rng([seed, k]),
            tolerance=tolerance,
            resamples=resamples,
        )
        gap, stated = judged.gap, None
        if right.value is not None and gap.value is not None:
            stated = right.value + gap.value
        kind, word = _worded(called, true, judged)
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
                _sentence(name, called, true, right, stated, judged, recalled),
                judged.recordings,
                tolerance,
            )
        )
    return verdicts


def withdrawn_verdicts(names: Sequence[str], *, tolerance: float = TOLERANCE) -> list[ClassVerdict]:
    """The verdicts where no recording is like those that the model learned from: none is given."""
    nothing = Interval(None)
    sentence = "No recording here is like those that it learned from, so nothing is said of {}."
    return [
        ClassVerdict(
            name,
            called=0,
            true=0,
            right=nothing,
            stated=None,
            gap=nothing,
            found=nothing,
            kind="unknown",
            word="withdrawn",
            sentence=sentence.format(name),
            recordings=0,
            tolerance=tolerance,
        )
        for name in names
    ]


def headline(
    counts: FrameStatistics, names: Sequence[str], verdicts: Sequence[ClassVerdict]
) -> str:
    """The answer in a sentence or two: what to believe as stated, and what not.

    >>> recording = FrameStatistics.of([[0.9, 0.1]] * 9 + [[0.2, 0.8]], [0] * 9 + [1])
    >>> many = FrameStatistics.stack([recording] * 30)
    >>> headline(many, ["silence", "C4"], class_verdicts(many, ["silence", "C4"], resamples=20))
    'Underconfident: silence and C4.'
    """
    groups = {
        "Its confidence can be trusted for": [v.name for v in verdicts if v.kind == "good"],
        "Underconfident": [v.name for v in verdicts if v.word.startswith("underconfident")],
        "Overconfident": [v.name for v in verdicts if v.word.startswith("overconfident")],
        "Never true": [v.name for v in verdicts if v.kind == "bad"],
        "These recordings cannot tell": [v.name for v in verdicts if v.kind == "unknown"],
    }
    parts = [f"{what}: {_joined(who)}" for what, who in groups.items() if who]
    return ". ".join(parts) + "."


def _worded(called: int, true: int, judged: GapVerdict) -> tuple[str, str]:
    if not called:
        return "unknown", "never predicted"
    if judged.kind == "trusted":
        return "good", "can be trusted"
    if judged.kind == "unknown":
        return "unknown", f"cannot tell from {judged.recordings} recordings"
    if not true:
        return "bad", "never true here"
    assert judged.gap.value is not None
    return "caution", f"{judged.kind} by {100 * abs(judged.gap.value):.1f} points"


def _sentence(
    name: str,
    called: int,
    true: int,
    right: Interval,
    stated: float | None,
    judged: GapVerdict,
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
    words += f", and its mean confidence is {_percent(stated)}{_gap(judged)}"
    return f"{words}. Of the true {name} frames it finds {_percent(found.value)}."


def _gap(judged: GapVerdict) -> str:
    """What is known of the gap between the two, in words."""
    gap, points = judged.gap, 100 * judged.tolerance
    if gap.low is None or gap.high is None or gap.value is None:
        return "; that is too few recordings to tell how far the two are apart"
    between = f"between {100 * gap.low:+.1f} and {100 * gap.high:+.1f} points"
    if judged.kind == "trusted":
        real = ", real but small" if judged.differs_from_zero else ""
        return f": the gap lies {between}, within {points:g}{real}"
    if judged.kind == "unknown":
        return f": the gap lies {between}, which does not say whether it is within {points:g}"
    return f": the gap lies {between}, beyond {points:g}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}\xa0%"


def _joined(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


__getattr__ = renamed.names_of(__name__)
