"""Verdicts on each class: its accuracy, its overconfidence, and the words for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from bayes_a2m import renamed
from bayes_a2m.diagnostics.verdict import TOLERANCE, GapVerdict, gap_verdict
from bayes_a2m.files.record import Count, Record
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.kernels import ratio
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.resampling.bootstrap import Interval, intervals_by_class, resample_weights


class ClassVerdict(Record):
    """The verdict on the frames predicted as one class.

    Attributes
    ----------
    name
        The name of the class.
    predicted, true
        Frames predicted as it, and frames truly of it.
    precision
        Share of the predicted that are right.
    confidence
        The mean confidence of the frames predicted as it.
    overconfidence
        Confidence minus precision, with its studentised interval.
    recall
        Share of those truly of it that are predicted as it.
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
        The overconfidence that does not matter.
    """

    name: str
    predicted: Count
    true: Count
    precision: Interval
    confidence: float | None
    overconfidence: Interval
    recall: Interval
    kind: Literal["good", "caution", "bad", "unknown"]
    word: str
    sentence: str
    recordings: Count
    tolerance: float

    @property
    def brief(self) -> str:
        """The verdict without the number of recordings, for a cell of a table."""
        return self.word.split(" from ")[0]


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
        predicted = np.einsum("sr,rk->sk", w, counts.predicted_count.sum(axis=2))
        right = np.einsum("sr,rk->sk", w, counts.predicted_right.sum(axis=2))
        true = np.einsum("sr,rk->sk", w, counts.confusion.sum(axis=2))
        return {"precision": ratio(right, predicted), "recall": ratio(right, true)}

    found = intervals_by_class(of, weights)
    table = counts.confusion.sum(axis=0)
    verdicts = []
    for k, name in enumerate(names):
        predicted, true = int(table[:, k].sum()), int(table[k].sum())
        precision, recall = found[k]["precision"], found[k]["recall"]
        judged = gap_verdict(
            counts.predicted_confidence[:, k].sum(axis=1),
            counts.predicted_right[:, k].sum(axis=1),
            counts.predicted_count[:, k].sum(axis=1),
            generator=np.random.default_rng([seed, k]),
            tolerance=tolerance,
            resamples=resamples,
        )
        confidence = None
        if precision.value is not None and judged.gap.value is not None:
            confidence = precision.value + judged.gap.value
        kind, word = _worded(predicted, true, judged)
        verdicts.append(
            ClassVerdict(
                name=name,
                predicted=predicted,
                true=true,
                precision=precision,
                confidence=confidence,
                overconfidence=judged.gap,
                recall=recall,
                kind=kind,
                word=word,
                sentence=_sentence(name, predicted, true, judged),
                recordings=judged.recordings,
                tolerance=tolerance,
            )
        )
    return verdicts


def withdrawn_verdicts(names: Sequence[str], *, tolerance: float = TOLERANCE) -> list[ClassVerdict]:
    """The verdicts where no recording is like those that the model learned from: none is given."""
    nothing = Interval(None)
    sentence = "No recording here is like those that it learned from, so nothing is said of {}."
    return [
        ClassVerdict(
            name=name,
            predicted=0,
            true=0,
            precision=nothing,
            confidence=None,
            overconfidence=nothing,
            recall=nothing,
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


def _worded(
    predicted: int, true: int, judged: GapVerdict
) -> tuple[Literal["good", "caution", "bad", "unknown"], str]:
    if not predicted:
        return "unknown", "never predicted"
    if judged.kind == "trusted":
        return "good", "can be trusted"
    if judged.kind == "unknown":
        return "unknown", f"cannot tell from {judged.recordings} recordings"
    if not true:
        return "bad", "never true here"
    assert judged.gap.value is not None
    return "caution", f"{judged.kind} by {100 * abs(judged.gap.value):.1f} points"


def _sentence(name: str, predicted: int, true: int, judged: GapVerdict) -> str:
    if not predicted:
        rest = f"; {true:,} frames truly are" if true else ", and no frame is"
        return f"It never predicts {name}{rest}."
    if not true:
        return f"It predicts {name} in {predicted:,} frames, and none of them is."
    return _gap(judged)


def _gap(judged: GapVerdict) -> str:
    """Say what is known of the gap between confidence and precision."""
    gap, points = judged.gap, 100 * judged.tolerance
    if gap.low is None or gap.high is None or gap.value is None:
        return "Too few recordings to tell how far confidence and precision are apart."
    between = f"{100 * gap.low:+.1f} to {100 * gap.high:+.1f} points".replace("-", "−")
    if judged.kind == "trusted":
        real = ", real but small" if judged.differs_from_zero else ""
        return f"Overconfidence {between}: within ±{points:g}{real}."
    if judged.kind == "unknown":
        return f"Overconfidence {between}: this does not say whether it is within ±{points:g}."
    return f"Overconfidence {between}: beyond ±{points:g}."


def _joined(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


__getattr__ = renamed.names_of(__name__)
