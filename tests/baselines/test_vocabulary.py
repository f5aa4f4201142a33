"""Vocabularies: pitches never met, names an octave off, octaves of one another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bayes_a2m.baselines.baseline import Baseline
from bayes_a2m.baselines.knn import KNN
from bayes_a2m.baselines.lpc import LPC
from bayes_a2m.baselines.pyin import PYIN
from bayes_a2m.calibration import accuracy
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.music import Vocabulary
from tests.baselines.small import QUICK, SPECTRUM, fitted, speak

KINDS = {
    "knn": lambda: KNN(features=SPECTRUM, stored=300, context=0, k=5, smoothing=1.0),
    "lpc": lambda: LPC(**QUICK),
    "pyin": lambda: PYIN(threshold=0.1, **QUICK),
}


@pytest.fixture(params=sorted(KINDS))
def baseline(request: pytest.FixtureRequest) -> Baseline:
    return KINDS[request.param]()


def renamed(data: Dataset, semitones: int) -> Dataset:
    """The same sounds, their notes called so many semitones higher than they sound."""

    def moved(pitches: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(p + semitones for p in pitches)

    return replace(
        data,
        vocabulary=Vocabulary(moved(data.vocabulary.pitches), sounding_offset=-semitones),
        recordings=tuple(
            replace(r, notes=tuple(replace(n, pitch=n.pitch + semitones) for n in r.notes or ()))
            for r in data
        ),
    )


def test_a_pitch_never_met_is_possible_and_unlikely(baseline: Baseline, tiny_data: Dataset) -> None:
    wider = replace(tiny_data, vocabulary=Vocabulary((60, 64, 67, 70)))
    model = fitted(baseline, wider)
    post = model.predict(wider.split("validation"), raw=True)
    probs = post.mean()[post.inside()]
    assert probs.shape[1] == 5
    assert probs[:, 4].min() > 1e-6
    assert probs[:, 4].max() < 0.01
    data = wider.split("validation")
    assert accuracy(post, data.labels_on(model.grid)) > 0.9


@pytest.mark.parametrize("kind", ["lpc", "pyin"])
def test_notes_called_an_octave_too_high_are_heard_where_they_sound(
    kind: str, tiny_data: Dataset
) -> None:
    """With the offset said, nothing else may change; said wrongly, what is heard moves."""
    model, other = fitted(KINDS[kind](), tiny_data), fitted(KINDS[kind](), renamed(tiny_data, 12))
    assert other.vocabulary.pitches == (72, 76, 79)
    recording = tiny_data.split("validation")[0]
    np.testing.assert_allclose(
        other.frame_features(recording), model.frame_features(recording), atol=1e-9
    )
    np.testing.assert_allclose(
        other.predict_recording(recording), model.predict_recording(recording), atol=1e-6
    )
    speak(other, Vocabulary((72, 76, 79), sounding_offset=-10))
    assert np.abs(other.frame_features(recording) - model.frame_features(recording)).max() > 0.5


def test_pitches_an_octave_apart_are_told_apart_by_the_exact_rule(tiny_data: Dataset) -> None:
    octaves = Vocabulary((60, 64, 67, 72))
    recording = tiny_data.split("validation")[0]
    labels = recording.labels(LPC().grid, octaves)
    model = PYIN(threshold=0.1, octave="exact")
    speak(model, octaves)
    mass = model.mass(recording)
    c4 = labels == 1
    assert c4.any()
    assert np.median(mass[c4, 1]) > 0.8
    assert np.median(mass[c4, 4]) < 0.05


@pytest.mark.parametrize("kind", ["lpc", "pyin"])
def test_a_training_part_of_silence_only_is_refused(kind: str, tiny_data: Dataset) -> None:
    fit, tune = tiny_data.split("train").with_tuning_part(0.2)
    silent = replace(fit, recordings=tuple(replace(r, notes=()) for r in fit))
    with pytest.raises(InputError, match="one class only"):
        KINDS[kind]().fit(silent, tune)
