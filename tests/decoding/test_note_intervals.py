"""Conformal intervals hold what they say where credible ones do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bayes_a2m.decoding.note_intervals import fit_intervals, pooled_quantile
from bayes_a2m.decoding.note_posterior import note_posteriors
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.note_calibration import IntervalStatistics
from bayes_a2m.music import Note
from tests.decoding.note_simulation import EXACT, GRID, simulated


def test_offsets_that_scatter_get_wider_intervals() -> None:
    post, notes, _ = simulated(120, 260, seed=21, noise=0.8)
    generator = np.random.default_rng(0)
    scattered = [
        [
            Note(
                n.onset,
                min(max(n.offset + generator.normal(0, 0.08), n.onset + 0.05), 1.56),
                n.pitch,
            )
            for n in own
        ]
        for own in notes
    ]
    half = 60
    parts = [
        replace(post, log_probs=post.log_probs[:, :, s], lengths=post.lengths[s], ids=post.ids[s])
        for s in (slice(half), slice(half, None))
    ]
    tuned = note_posteriors(parts[0], EXACT, np.random.default_rng(1), paths_per_draw=60)
    model = fit_intervals(EXACT, tuned, scattered[:half])
    assert model.offset_scale is not None
    assert model.onset_scale is not None
    assert model.offset_scale > 2 * model.onset_scale

    def coverage(with_model, time: str) -> float:
        fresh = note_posteriors(parts[1], with_model, np.random.default_rng(2), paths_per_draw=60)
        counts = IntervalStatistics.stack(
            [
                IntervalStatistics.of(
                    own,
                    one.notes,
                    [getattr(h, f"{time}_interval") for h in one.hypotheses],
                    GRID.seconds(260),
                    time=time,
                )
                for own, one in zip(scattered[half:], fresh, strict=True)
            ]
        )
        return float(counts.metrics_of(np.ones((1, half)))["coverage"][0])

    assert coverage(EXACT, "offset") < 0.75
    assert coverage(model, "offset") > 0.85
    assert 0.84 < coverage(model, "onset") < 0.97
    with pytest.raises(InputError, match="already"):
        fit_intervals(model, tuned, scattered[:half])
    with pytest.raises(InputError, match="references"):
        fit_intervals(EXACT, tuned, scattered[:3])


def test_recordings_weigh_the_same_however_many_notes() -> None:
    many = [np.full(100, 5.0), *(np.array([1.0]) for _ in range(19))]
    assert pooled_quantile(many, 0.9) == 1.0
    assert pooled_quantile(many, 0.94) == 5.0
    assert pooled_quantile([np.zeros(0)], 0.5) == np.inf


def test_too_few_recordings_keep_credible_intervals() -> None:
    post, notes, _ = simulated(3, 200, seed=5)
    found = note_posteriors(post, EXACT, np.random.default_rng(0))
    model = fit_intervals(EXACT, found, notes)
    assert model == EXACT
