"""Training on a corpus of synthetic recordings: classes, onsets and continuous pitch at once.

The truth of a synthetic recording is exact, and people's labels are not: in every epoch the labels
are moved anew, as people's are off, so that the network's probabilities at the boundaries are as
unsure as labels are. The continuous pitch is left where it is, for nobody labels it by hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import lightning as L
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.config.experiment import SingingSettings, TrainingSettings
from bayes_a2m.datasets.synthetic.corpus import Corpus
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.networks.equivariant import Equivariant
from bayes_a2m.training.callbacks import RunningAverage
from bayes_a2m.training.data import EpochShuffle
from bayes_a2m.training.fit import Trained, best_weights, run
from bayes_a2m.training.module import NetworkTraining

IGNORED = -1
"""Label of frames whose note is outside of the vocabulary: they enter no loss of classes."""

WAVES = 4
"""Waves over log frequency that colour a recording; the k-th has k halves over all bins."""


class SungClip(NamedTuple):
    """One recording, or a batch of them, with one more axis in front.

    Attributes
    ----------
    levels
        Decibels, ``(frame, bin)``.
    labels
        Class of every frame, :data:`IGNORED` where it is none, ``(frame,)``.
    onsets
        Whether a note starts in a frame, ``(frame,)``.
    midi
        Fundamental, fractional MIDI; 0 where unvoiced, ``(frame,)``.
    """

    levels: Tensor
    labels: Tensor
    onsets: Tensor
    midi: Tensor


class SungClips(torch.utils.data.Dataset[SungClip]):
    """Recordings of a corpus; their labels move with the epoch, unless ``moved`` is false."""

    def __init__(
        self,
        corpus: Corpus,
        grid: FrameGrid,
        vocabulary: Vocabulary,
        settings: SingingSettings,
        *,
        seed: int,
        moved: bool,
    ) -> None:
        self.corpus, self.grid, self.vocabulary = corpus, grid, vocabulary
        self.settings, self.seed, self.moved = settings, seed, moved
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.corpus)

    def __getitem__(self, index: int) -> SungClip:
        notes = self.corpus.notes[index]
        notes = notes[np.isfinite(notes[:, 0])].astype(np.float64)
        if self.moved and len(notes):
            notes = self._moved(notes, np.random.default_rng([self.seed, 4, self.epoch, index]))
        levels = np.asarray(self.corpus.levels[index], dtype=np.float32)
        labels, onsets = frame_targets(notes, self.grid, len(levels), self.vocabulary)
        return SungClip(
            torch.from_numpy(levels),
            torch.from_numpy(labels),
            torch.from_numpy(onsets),
            torch.from_numpy(np.array(self.corpus.midi[index])),
        )

    def _moved(
        self, notes: NDArray[np.float64], generator: np.random.Generator
    ) -> NDArray[np.float64]:
        settings, count = self.settings, len(notes)
        notes = notes.copy()
        lag = generator.normal(0, settings.lag_ms)
        notes[:, 0] += (lag + generator.normal(0, settings.onset_ms, count)) / 1000
        notes[:, 1] += (lag + generator.normal(0, settings.offset_ms, count)) / 1000
        return notes


def frame_targets(
    notes: NDArray[np.float64], grid: FrameGrid, frames: int, vocabulary: Vocabulary
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Compute classes and onsets of frames from notes; of notes that overlap the later one wins.

    Parameters
    ----------
    notes
        Onset, offset and pitch, ``(note, 3)``.
    grid, frames, vocabulary
        Frames to fill, and classes.

    Returns
    -------
    tuple of ndarray
        Classes ``(frames,)``, and a mask of onsets ``(frames,)``.

    >>> notes = np.array([[0.012, 0.02, 60.0], [0.02, 0.03, 60.0], [0.04, 0.05, 99.0]])
    >>> labels, onsets = frame_targets(notes, FrameGrid(), 8, Vocabulary((60,)))
    >>> labels.tolist(), np.flatnonzero(onsets).tolist()
    ([0, 0, 1, 1, 1, 0, -1, -1], [2, 3, 6])
    """
    labels = np.zeros(frames, dtype=np.int64)
    onsets = np.zeros(frames, dtype=bool)
    for onset, offset, pitch in notes[np.argsort(notes[:, 0], kind="stable")]:
        start, end = grid.frame(onset), grid.frame(offset)
        known = int(pitch) in vocabulary.pitches
        labels[max(start, 0) : max(end, 0)] = vocabulary.class_of(int(pitch)) if known else IGNORED
        if 0 < start < frames:  # what sounds in the first frame has no onset
            onsets[start] = True
    return labels, onsets


class SungCorpora(L.LightningDataModule):
    """Recordings to fit, moved and shuffled by the epoch, and those that choose the epoch."""

    def __init__(self, fit: SungClips, choose: SungClips, *, batch: int) -> None:
        super().__init__()
        self.fit, self.choose, self.batch = fit, choose, batch

    def train_dataloader(self) -> DataLoader[SungClip]:
        """Make shuffled batches."""
        sampler = EpochShuffle(len(self.fit), self.fit.seed, self.fit)
        return DataLoader(self.fit, batch_size=self.batch, sampler=sampler, drop_last=True)

    def val_dataloader(self) -> DataLoader[SungClip]:
        """Make batches of those that choose the epoch, in order."""
        return DataLoader(self.choose, batch_size=self.batch)


class SungTraining(NetworkTraining):
    """Training of an equivariant network on classes, onsets and continuous pitch."""

    network: Equivariant

    def __init__(self, *args: Any, singing: SingingSettings, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.singing = singing

    def training_step(self, batch: Any, index: int) -> Tensor:
        """Compute the loss of one batch, whose colour and level are drawn anew."""
        seed = np.random.SeedSequence([self.seed, 2, self.current_epoch, index])
        generator = torch.Generator().manual_seed(int(seed.generate_state(1)[0]))
        clips = SungClip(*batch)
        levels = coloured(clips.levels, self.singing, self.floor_db, generator)
        loss = self._loss(clips, self.network.trunk(self._scaled(levels)))
        self.log("train_nll", loss, on_step=False, on_epoch=True, batch_size=len(levels))
        return loss

    def validation_step(self, batch: Any, index: int) -> None:
        """Log the loss, which chooses the epoch, and the accuracy of classes."""
        clips = SungClip(*batch)
        trunk = self.network.trunk(self._scaled(clips.levels))
        loss, size = self._loss(clips, trunk), len(clips.levels)
        known = clips.labels != IGNORED
        right = (self.network.head(trunk, self._lengths(clips)).argmax(-1) == clips.labels)[known]
        self.log("tuning_nll", loss, on_epoch=True, batch_size=size)
        self.log("tuning_accuracy", right.float().mean(), on_epoch=True, batch_size=size)

    def _scaled(self, levels: Tensor) -> Tensor:
        return (levels - self.normalizer.mean) / self.normalizer.std

    def _lengths(self, clips: SungClip) -> Tensor:
        count, frames = clips.labels.shape
        return torch.full((count,), frames, device=clips.labels.device)

    def _loss(self, clips: SungClip, trunk: Tensor) -> Tensor:
        known = clips.labels != IGNORED
        log_probs = self.network.head(trunk, self._lengths(clips))
        loss = torch.nn.functional.nll_loss(log_probs[known], clips.labels[known])
        if (onsets := self.network.onset_head) is not None:
            every = torch.ones_like(known)
            loss = loss + onsets.options.weight * onsets.loss_at(onsets(trunk), clips.onsets, every)
        if (output := self.network.pitch_output) is not None:
            every = torch.ones_like(known)
            loss = loss + self.singing.pitch_weight * output.loss(output(trunk), clips.midi, every)
        return loss


def coloured(
    levels: Tensor, settings: SingingSettings, floor_db: float, generator: torch.Generator
) -> Tensor:
    """Change the level and the colour of recordings, and add noise; the floor stays where it is.

    Parameters
    ----------
    levels
        Decibels, ``(batch, frame, bin)``.
    settings
        How much of each.
    floor_db
        Lowest level.
    generator
        Source of all that is random.
    """
    batch, _, bins = levels.shape

    def normal(*shape: int) -> Tensor:
        # drawn on the processor, so that a seed means the same on every device
        return torch.randn(*shape, generator=generator).to(levels)

    place = torch.arange(bins) / bins * torch.pi
    waves = torch.stack([torch.cos(k * place) for k in range(1, WAVES + 1)]).to(levels)
    change = settings.colour_db * normal(batch, WAVES) @ waves
    # softer rather than louder: what was cut off by the floor does not come back
    change = change - settings.gain_db * normal(batch, 1).abs() + settings.gain_db / 2
    levels = levels + change[:, None] + settings.noise_db * normal(*levels.shape)
    return levels.clamp_min(floor_db)


def train_on_corpora(
    network: Equivariant,
    data: SungCorpora,
    *,
    normalizer: Normalizer,
    settings: TrainingSettings,
    singing: SingingSettings,
    floor_db: float,
    seed: int,
    folder: Path,
    resume: bool = False,
    progress: bool = False,
) -> Trained:
    """Train a network in place and return it with the weights of its best epoch.

    Parameters
    ----------
    network
        Network with the weights to start from.
    data
        Recordings to fit, and those that choose the epoch.
    normalizer, floor_db
        Normalisation of the features, and the lowest level, dB.
    settings, singing
        Settings of the training, and of what is changed in every epoch.
    seed
        Order and changes come from it alone.
    folder
        Folder in which checkpoints are kept.
    resume, progress
        Whether to go on from the folder's last checkpoint, and whether to show progress.
    """
    module = SungTraining(
        network,
        normalizer,
        settings,
        floor_db=floor_db,
        seed=seed,
        frames=data.fit.corpus.midi.size,
        singing=singing,
    )
    callbacks = [RunningAverage(settings.averaging)] if settings.averaging else []
    log = run(
        module, data=data, folder=folder, callbacks=callbacks, resume=resume, progress=progress
    )
    network.load_state_dict(best_weights(folder, "network."))
    network.cpu().eval()
    return Trained(network, log.text(), log.seconds)
