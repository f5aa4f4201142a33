"""Other libraries' calibration errors, where they mean the same."""

from __future__ import annotations

import mapie.metrics.calibration as theirs
import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import multiclass_calibration_error

from bayes_a2m import calibration
from tests.calibration.simulation import simulate


@pytest.fixture(scope="module")
def scored():
    """Frames that are too sure, none of them quite sure, none on an edge of a bin."""
    drawn = simulate(20, 150, np.random.default_rng(0), overconfidence=1.8)
    return np.concatenate(drawn.probs), np.concatenate(drawn.labels)


def test_torchmetrics_ece_and_mce(scored):
    """The same but for a confidence of exactly 1.0, which 1.9 puts into a bin of its own."""
    p, labels = torch.from_numpy(scored[0]), torch.from_numpy(scored[1])
    for norm, ours in (("l1", calibration.ece), ("max", calibration.mce)):
        found = multiclass_calibration_error(p, labels, num_classes=4, n_bins=15, norm=norm)
        assert ours(*scored) == pytest.approx(float(found), abs=1e-6)


def test_mapie_ks_and_kuiper(scored):
    """Its statistics are errors over a standard deviation that takes frames for independent."""
    p, labels = scored
    confidence, right = p.max(axis=1), (p.argmax(axis=1) == labels).astype(int)
    scale = theirs.length_scale(confidence)
    found = theirs.kolmogorov_smirnov_statistic(right, confidence) * scale
    assert calibration.ks_error(p, labels) == pytest.approx(found, abs=1e-6)
    for k in range(4):
        curve = theirs.cumulative_differences((labels == k).astype(int), p[:, k])
        assert calibration.classwise_ks(p, labels)[k] == pytest.approx(
            np.abs(curve).max(), abs=1e-6
        )
        # ours counts the start of the curve, which is zero
        spread = max(curve.max(), 0) - min(curve.min(), 0)
        assert calibration.classwise_kuiper(p, labels)[k] == pytest.approx(spread, abs=1e-6)


def test_mapie_ece_of_equally_many_frames(scored):
    p, labels = scored
    right = (p.argmax(axis=1) == labels).astype(int)
    found = theirs.expected_calibration_error(right, p, num_bins=15, split_strategy="array split")
    # whole frames in its bins, parts of frames in ours
    assert calibration.adaptive_ece(p, labels) == pytest.approx(found, abs=1e-4)
