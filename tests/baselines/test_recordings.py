"""Baselines on a few real recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from bayes_a2m.baselines.baseline import Baseline
from bayes_a2m.baselines.knn import KNN
from bayes_a2m.baselines.lpc import LPC
from bayes_a2m.baselines.pyin import PYIN
from bayes_a2m.calibration import accuracy
from bayes_a2m.datasets import load_folder
from bayes_a2m.datasets.splits import subsample


@pytest.mark.parametrize(
    "model",
    [
        KNN(k=20, context=1, smoothing=1.0, stored=6000),
        LPC(context=1, penalty=1e-3),
        PYIN(context=1, penalty=1e-3, threshold=0.1, smoothing=False),
    ],
    ids=lambda model: model.name,
)
def test_they_know_most_frames_of_other_recordings(model: Baseline, voices: Path) -> None:
    train = load_folder(voices).split("train")
    train = train.pick(subsample(train, 32))
    fit, tune = train.with_tuning_part(0.25)
    fit, asked = fit.with_tuning_part(0.25, 1)
    model.fit(fit, tune)
    # a third of the frames are silent: always saying so would give 0.3
    assert accuracy(model.predict(asked), asked.labels_on(model.grid)) > 0.75
