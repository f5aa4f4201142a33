"""Training on synthetic recordings: labels move as people's do, the true pitch stays."""

from __future__ import annotations

import numpy as np
import torch

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.config.experiment import SingingSettings, TrainingSettings
from bayes_a2m.datasets.synthetic.corpus import MOST_NOTES, Corpus
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.networks.equivariant import Equivariant
from bayes_a2m.training.sung import IGNORED, SungClip, SungClips, SungTraining, coloured

VOCABULARY = Vocabulary((60, 61, 62))


def corpus(frames: int = 200, bins: int = 48) -> Corpus:
    """One recording: a note that is known, twice, and one outside of the vocabulary."""
    notes = np.full((1, MOST_NOTES, 3), np.nan, dtype=np.float32)
    notes[0, :3] = [(0.2, 0.5, 60), (0.5, 0.7, 60), (0.91, 1.11, 70)]
    midi = np.where(np.arange(frames) < 100, 60.2, 0)[None].astype(np.float32)
    levels = np.full((1, frames, bins), -50, dtype=np.float16)
    return Corpus(levels, midi, notes, np.zeros((1, 4)))


def clips(settings: SingingSettings, *, moved: bool) -> SungClips:
    return SungClips(corpus(), FrameGrid(), VOCABULARY, settings, seed=0, moved=moved)


def test_a_repeated_pitch_has_an_onset_of_its_own() -> None:
    clip = clips(SingingSettings(), moved=False)[0]
    frame = FrameGrid().frame
    assert clip.onsets.nonzero()[:, 0].tolist() == [frame(0.2), frame(0.5), frame(0.91)]
    assert (clip.labels[frame(0.2) : frame(0.7)] == 1).all()
    assert (clip.labels[frame(0.91) : frame(1.11)] == IGNORED).all()


def test_labels_move_anew_in_every_epoch_and_the_pitch_does_not() -> None:
    data = clips(SingingSettings(lag_ms=10, onset_ms=20), moved=True)
    seen = []
    for epoch in range(200):
        data.epoch = epoch
        clip = data[0]
        seen.append(int(clip.onsets.nonzero()[:, 0][0]) * 0.006)
        assert torch.equal(clip.midi, torch.from_numpy(corpus().midi[0]))
    # 22 ms by the sum of variances; the standard error of it is a twentieth
    assert abs(np.std(seen) - 0.0224) < 0.005
    data.epoch = 3
    assert torch.equal(data[0].labels, data[0].labels)


def test_colour_keeps_the_floor_and_leaves_the_pattern() -> None:
    levels = torch.full((4, 10, 48), -40.0)
    levels[..., 20] = 0.0
    levels[..., 30:] = -70.0
    changed = coloured(levels, SingingSettings(), -70.0, torch.Generator().manual_seed(0))
    assert changed.min() >= -70
    assert (changed.argmax(-1) == 20).all()
    still = SingingSettings(gain_db=0, colour_db=0, noise_db=0)
    torch.testing.assert_close(coloured(levels, still, -70.0, torch.Generator()), levels)


def test_colour_is_made_where_the_levels_are() -> None:
    # the meta device is any other than the processor, and every machine has one
    levels = torch.full((2, 10, 48), -40.0, device="meta")
    assert coloured(levels, SingingSettings(), -70.0, torch.Generator()).device == levels.device


def test_a_pitch_outside_of_the_vocabulary_enters_no_loss_of_classes() -> None:
    """What the network says in those frames changes nothing but through the pitch output."""
    singing = SingingSettings(pitch_weight=0)
    network = Equivariant(48, 4, bins_per_octave=12, lowest=40, onsets=None, continuous=False)
    training = SungTraining(
        network.eval(),
        Normalizer(-50, 10),
        TrainingSettings(),
        floor_db=-70.0,
        seed=0,
        frames=200,
        singing=singing,
    )
    clip = SungClip(*(part[None] for part in clips(singing, moved=False)[0]))
    trunk = network.trunk(torch.randn(1, 200, 48))
    before = training._loss(clip, trunk)
    other = trunk.clone()
    other[:, FrameGrid().frame(0.91) : FrameGrid().frame(1.11)] += 3
    torch.testing.assert_close(training._loss(clip, other), before)
    other[:, 60] += 3
    assert training._loss(clip, other) != before
