"""Note ends of a recording move together, onsets and the next note stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bayes_a2m.decoding.note_posterior import note_posteriors
from bayes_a2m.decoding.release import between, fit_release, within
from bayes_a2m.diagnostics.note_pit import note_pits
from bayes_a2m.errors import InputError
from bayes_a2m.music import Note, Vocabulary
from bayes_a2m.prediction.posterior import FramePosterior
from tests.decoding.note_simulation import EXACT, simulated


def test_ends_before_a_rest_move_and_nothing_else() -> None:
    labels = np.repeat([0, 1, 2, 0, 1], [50, 50, 50, 60, 60])
    frames = np.where(labels[:, None] == np.arange(3), 1.0, 0.0)
    post = FramePosterior.from_probs([frames], vocabulary=Vocabulary((60, 64)))
    model = replace(EXACT, release_mean=0.1, release_sd=0.03)
    still = note_posteriors(post, EXACT, np.random.default_rng(0), paths_per_draw=1)[0].notes
    one = note_posteriors(post, model, np.random.default_rng(0), paths_per_draw=200)[0]
    moved = []
    for sample in one.samples:
        assert [n.onset for n in sample] == [n.onset for n in still]
        assert sample[0].offset == still[0].offset  # the next note starts there
        assert sample[2].offset == still[2].offset  # the recording ends there
        moved.append(sample[1].offset - still[1].offset)
        assert sample[1].offset <= sample[2].onset
    assert np.mean(moved) == pytest.approx(0.1, abs=0.01)
    assert np.std(moved) == pytest.approx(0.03, rel=0.2)


def test_every_end_scatters_by_itself_too() -> None:
    labels = np.repeat([0, 1, 0, 1, 0], [50, 60, 80, 60, 80])
    frames = np.where(labels[:, None] == np.arange(3), 1.0, 0.0)
    post = FramePosterior.from_probs([frames], vocabulary=Vocabulary((60, 64)))
    shared, both = (
        note_posteriors(
            post,
            replace(EXACT, release_sd=0.03, release_note_sd=own),
            np.random.default_rng(0),
            paths_per_draw=400,
        )[0]
        for own in (0.0, 0.04)
    )
    ends = [np.array([[n.offset for n in one] for one in p.samples]) for p in (shared, both)]
    assert np.corrcoef(ends[0].T)[0, 1] == pytest.approx(1.0)
    # of two variances one is shared: 9 / (9 + 16)
    assert np.corrcoef(ends[1].T)[0, 1] == pytest.approx(0.36, abs=0.12)
    assert ends[1].std(axis=0) == pytest.approx([0.05, 0.05], rel=0.15)


def test_the_variance_within_recordings_is_pooled() -> None:
    # squares about each mean 2 and 8, degrees of freedom 1 and 2, five times
    pairs = [np.array([-1.0, 1.0]), np.array([1.0, 3.0, 5.0]), np.array([7.0])] * 3
    assert within(pairs) == pytest.approx(10 / 3)
    assert within(pairs[:3]) == 0.0


@pytest.mark.slow
def test_the_displacement_comes_back_and_mends_the_silence() -> None:
    # evidence without doubt, and ends that each recording has its own way with
    post, notes, drawn = simulated(150, 660, seed=41, noise=0.4)
    generator = np.random.default_rng(3)
    references = []
    for own in notes:
        shift = generator.normal(0.03, 0.05)
        after = [*(n.onset for n in own[1:]), 3.96]
        references.append(
            [
                Note(n.onset, float(np.clip(n.offset + shift + e, n.onset + 0.05, end)), n.pitch)
                if n.offset < min(end, 3.95) - 1e-6
                else n
                for n, end, e in zip(own, after, generator.normal(0, 0.04, len(own)), strict=True)
            ]
        )
    found = note_posteriors(post, EXACT, np.random.default_rng(0), paths_per_draw=60)
    model = fit_release(EXACT, found, references)
    # where another note or the minimum is near, ends cannot move the whole way
    assert 0.0 < model.release_mean < 0.04
    assert 0.02 < model.release_sd < 0.06
    assert 0.015 < model.release_note_sd < 0.045
    moved = note_posteriors(post, model, np.random.default_rng(0), paths_per_draw=60)
    before = note_pits(found, references, np.random.default_rng(1))["silence"].dispersion()
    after_ = note_pits(moved, references, np.random.default_rng(1))["silence"].dispersion()
    assert before > 4
    assert abs(after_) < before / 2
    with pytest.raises(InputError, match="already"):
        fit_release(model, moved, references)
    with pytest.raises(InputError, match="references"):
        fit_release(EXACT, found, references[:2])
    assert len(drawn) == 150


def test_few_recordings_show_nothing() -> None:
    assert between([np.array([0.1, 0.2])] * 4) == (0.0, 0.0)
