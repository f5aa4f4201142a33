"""Features of a frame and of its neighbours, judged by hand as the baseline judges it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bayes_a2m.baselines.lpc import LPC
from bayes_a2m.datasets import Dataset, Recording
from tests.baselines.small import fitted


@pytest.mark.parametrize("seconds", [0.03, 0.1])
def test_the_whole_is_scikit_learn_called_directly(seconds: float, tiny_data: Dataset) -> None:
    model = fitted(LPC(context=1, stride=seconds, penalty=1e-3, rows=100_000), tiny_data)
    stride = round(seconds / 0.006)

    def around(recording: Recording) -> np.ndarray:
        values = model.frame_features(recording)
        padded = np.pad(values, ((stride, stride), (0, 0)), mode="edge")
        return np.hstack([padded[: len(values)], values, padded[2 * stride :]])

    fit, tune = tiny_data.split("train").with_tuning_part(0.2)
    labels = np.concatenate(fit.labels_on(model.grid))
    count = len(labels)
    regression = LogisticRegression(C=1 / (2 * 1e-3 * count), max_iter=500)
    theirs = make_pipeline(StandardScaler(), regression)
    theirs.fit(np.concatenate([around(r) for r in fit]), labels)
    recording = tiny_data.split("validation")[0]
    wanted = (count * theirs.predict_proba(around(recording)) + 1) / (count + 4)
    found = np.exp(model.predict_recording(recording)[0, 0])
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    # and the log says how it does on the tuning part
    asked, true = np.concatenate([around(r) for r in tune]), tune.labels_on(model.grid)
    probs = (count * theirs.predict_proba(asked) + 1) / (count + 4)
    nll = -np.log(probs[np.arange(len(probs)), np.concatenate(true)]).mean()
    (row,) = model.record.log.splitlines()[1:]
    assert float(row.rpartition(",")[2]) == pytest.approx(nll, abs=2e-3)
