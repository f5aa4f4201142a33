"""Verdicts say what the counts say."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.reporting.report.verdict import class_verdicts, headline

NAMES = ("silence", "C4")


def counts(right: float, stated: float, recordings: int = 20, frames: int = 200) -> FrameStatistics:
    """Frames called C4 with one confidence, and a share of them rightly; as many of silence."""
    generator = np.random.default_rng(0)
    parts = []
    for _ in range(recordings):
        truth = (generator.random(frames) < right).astype(int)
        called = np.tile([1 - stated, stated], (frames, 1))
        silence = np.tile([0.95, 0.05], (frames, 1))
        quiet = (generator.random(frames) > 0.95).astype(int)
        parts.append(FrameStatistics.of(np.concatenate([called, silence]), np.append(truth, quiet)))
    return FrameStatistics.stack(parts)


@pytest.mark.parametrize(
    ("right", "stated", "kind", "word"),
    [
        (0.9, 0.9, "good", "can be trusted"),
        (0.85, 0.95, "caution", "overconfident by "),
        (0.95, 0.85, "caution", "underconfident by "),
        (0.6, 0.6, "good", "can be trusted"),
    ],
)
def test_each_verdict(right: float, stated: float, kind: str, word: str) -> None:
    _, verdict = class_verdicts(counts(right, stated, 40), NAMES, resamples=200)
    assert verdict.kind == kind
    assert verdict.word.startswith(word)
    assert verdict.confidence == pytest.approx(stated, abs=1e-6)
    assert verdict.precision.value == pytest.approx(right, abs=0.02)
    assert verdict.sentence.startswith("Overconfidence ")


def test_a_small_gap_is_small_however_certain() -> None:
    _, verdict = class_verdicts(counts(0.90, 0.915, 60, 1000), NAMES, resamples=200)
    assert verdict.kind == "good"
    assert "within ±3, real but small" in verdict.sentence
    strict = class_verdicts(counts(0.90, 0.915, 60, 1000), NAMES, resamples=200, tolerance=0.005)
    assert strict[1].word.startswith("overconfident by 1.")


def test_few_recordings_never_make_a_verdict_better() -> None:
    for recordings in (2, 6, 19):
        _, verdict = class_verdicts(counts(0.9, 0.9, recordings), NAMES, resamples=200)
        assert (verdict.kind, verdict.word) == (
            "unknown",
            f"cannot tell from {recordings} recordings",
        )


def test_what_cannot_be_said_is_not() -> None:
    lone = counts(0.9, 0.9, recordings=1)
    assert "Too few recordings" in class_verdicts(lone, NAMES, resamples=20)[1].sentence
    three = FrameStatistics.of([[0.9, 0.05, 0.05]] * 4, [0, 0, 0, 2])
    both = FrameStatistics.stack([three, three])
    verdicts = class_verdicts(both, ("silence", "C4", "E4"), resamples=20)
    assert [v.word for v in verdicts[1:]] == ["never predicted", "never predicted"]
    assert verdicts[1].sentence == "It never predicts C4, and no frame is."
    assert verdicts[2].sentence == "It never predicts E4; 2 frames truly are."
    told = headline(both, ("silence", "C4", "E4"), verdicts)
    assert "These recordings cannot tell: silence, C4 and E4" in told


def test_a_class_that_is_never_true_is_bad() -> None:
    called = FrameStatistics.of([[0.1, 0.9]] * 4, [0] * 4)
    verdict = class_verdicts(FrameStatistics.stack([called] * 30), NAMES, resamples=20)[1]
    assert (verdict.kind, verdict.word) == ("bad", "never true here")
