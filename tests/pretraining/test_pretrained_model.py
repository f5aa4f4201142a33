"""The model that ships: small, without pickle, right on tones and quiet on what is no voice."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bayes_a2m.datasets.recording import Recording
from bayes_a2m.datasets.synthetic.corpus import sung_dataset
from bayes_a2m.models import load_model
from bayes_a2m.models.loading import pretrained_directory
from bayes_a2m.music import Vocabulary
from bayes_a2m.posteriors.continuous_pitch import continuous_pitch
from bayes_a2m.posteriors.network_posterior import NetworkPosterior
from bayes_a2m.prediction.restriction import restricted

RATE = 16000

SCALE = (48, 52, 55, 60, 57)


@pytest.fixture(scope="module")
def model() -> NetworkPosterior:
    loaded = load_model("pretrained")
    assert isinstance(loaded, NetworkPosterior)
    return loaded


def sung(pitches: tuple[int, ...], cents: float = 0.0) -> Recording:
    """Half a second each of twelve harmonics with vibrato, a tenth of a second of rest between."""
    pieces: list[NDArray[np.float64]] = [np.zeros(RATE // 5)]
    time = np.arange(RATE // 2) / RATE
    for pitch in pitches:
        wobble = 0.2 * np.sin(2 * np.pi * 5.5 * time) * np.clip(time / 0.3, 0, 1)
        f0 = 440 * 2 ** ((pitch + cents / 100 + wobble - 69) / 12)
        cycles = np.cumsum(f0) / RATE
        tone = sum(np.sin(2 * np.pi * h * cycles) / h for h in range(1, 13))
        edge = np.clip(np.minimum(time, 0.5 - time) / 0.04, 0, 1)
        pieces += [0.1 * np.asarray(tone) * edge, np.zeros(RATE // 10)]
    noise = 1e-4 * np.random.default_rng(0).standard_normal(sum(map(len, pieces)))
    samples = (np.concatenate(pieces) + noise).astype(np.float32)
    return Recording("scale", samples=samples, sample_rate=RATE)


def test_its_tensors_take_less_than_a_megabyte() -> None:
    folder = pretrained_directory()
    assert sum(path.stat().st_size for path in folder.iterdir()) < 2**20
    assert not [path for path in folder.iterdir() if path.suffix in (".pkl", ".pt", ".ckpt")]


def test_its_prior_is_of_its_weights(model: NetworkPosterior) -> None:
    """Where weights were replaced, ``bayes_a2m.pretraining.companions`` makes it again."""
    assert model.fitted is not None
    assert model.fitted.prior is not None
    model.fitted.prior.ensure_fits(model.network)


def test_what_it_sings_sounds_known_and_chords_do_not(model: NetworkPosterior) -> None:
    """Recordings of a part that the densities were not fitted to; square waves, four at once."""
    assert model.fitted is not None
    detector, singing = model.fitted.novelty, model.experiment.singing
    assert detector is not None
    assert singing is not None
    known = sung_dataset(
        5, singing, grid=model.grid, vocabulary=model.vocabulary, seed=model.seed, part=104
    )
    assert sum(not detector.differences(model, model.levelled(r)) for r in known) >= 4
    time = np.arange(4 * RATE) / RATE
    square = sum(np.sign(np.sin(2 * np.pi * f * time)) for f in (220.0, 277.2, 329.6, 392.0))
    chord = Recording("chord", samples=(0.05 * square).astype(np.float32), sample_rate=RATE)
    assert detector.novelty(model, model.levelled(chord)) > 1


def test_a_scale_is_written_down(model: NetworkPosterior) -> None:
    notes = model.decoder.decode(model.predict([sung(SCALE)]))[0].notes
    assert [note.pitch for note in notes] == list(SCALE)
    onsets = 0.2 + 0.6 * np.arange(len(SCALE))
    np.testing.assert_allclose([note.onset for note in notes], onsets, atol=0.06)


@pytest.mark.parametrize("octave", [0, 12])
def test_what_is_higher_is_heard_as_higher(model: NetworkPosterior, octave: int) -> None:
    """The middle of every note has its class, at whatever height."""
    pitches = tuple(pitch + octave for pitch in SCALE)
    post = model.predict([sung(pitches)])
    middle = [round((0.45 + 0.6 * i) / 0.006) for i in range(len(SCALE))]
    heard = post.mean()[0, middle].argmax(axis=-1)
    assert [model.vocabulary.pitch_of(int(k)) for k in heard] == list(pitches)


def test_three_pitches_by_their_sound(model: NetworkPosterior) -> None:
    """An octave below what is written, as the sounding offset says."""
    written = Vocabulary((60, 64, 67), sounding_offset=-12)
    post = restricted(model.predict([sung((48, 52, 55))]), written)
    heard = post.mean()[0, [round((0.45 + 0.6 * i) / 0.006) for i in range(3)]].argmax(axis=-1)
    assert heard.tolist() == [1, 2, 3]


def test_a_quarter_tone_is_told_by_the_continuous_pitch(model: NetworkPosterior) -> None:
    pitch = continuous_pitch(model, sung(SCALE, cents=30.0))
    told = [pitch.of_span(0.2 + 0.6 * i, 0.7 + 0.6 * i, p) for i, p in enumerate(SCALE)]
    np.testing.assert_allclose(told, np.array(SCALE) + 0.3, atol=0.15)


@pytest.mark.parametrize("kind", ["silence", "white", "brown"])
def test_no_voice_has_no_sure_note(model: NetworkPosterior, kind: str) -> None:
    noise = 0.05 * np.random.default_rng(1).standard_normal(3 * RATE)
    if kind == "brown":
        noise = np.cumsum(noise)
        noise = 0.2 * (noise - noise.mean()) / np.abs(noise).max()
    samples = np.zeros(3 * RATE) if kind == "silence" else noise
    recording = Recording(kind, samples=samples.astype(np.float32), sample_rate=RATE)
    (posterior,) = model.notes(model.predict([recording]))
    assert all(hypothesis.probability < 0.5 for hypothesis in posterior.hypotheses)
