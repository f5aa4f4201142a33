"""An exported model predicts as the model that it was exported from, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio import windows
from bayes_a2m.audio.signal import SignalStatistics
from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.calibration.selection import recalibrated
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.decoding.note_decoder import NoteDecoder
from bayes_a2m.decoding.note_posterior import NotePosterior
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.prediction.posterior import FramePosterior
from bayes_a2m.runtime.cqt import CQT
from bayes_a2m.runtime.directory import ExportedModel, read
from bayes_a2m.runtime.network import ExportedNetwork, open_network
from bayes_a2m.runtime.settings import FeatureSettings

if TYPE_CHECKING:
    from bayes_a2m.audio.features import Spectrum

Array = NDArray[np.float32]


class FeatureExtractor:
    """Extractor of decibels from mono samples, as :mod:`bayes_a2m.audio.features` has it."""

    def __init__(self, settings: FeatureSettings) -> None:
        self.settings = settings
        self._transform = CQT(
            sample_rate=settings.sample_rate,
            hop=settings.hop,
            bins=settings.bins,
            bins_per_octave=settings.bins_per_octave,
            fmin=settings.fmin,
        )

    def __call__(self, samples: NDArray[np.float32]) -> Array:
        """Compute decibels ``(frames, bins)`` of samples ``(n,)`` at the settings' rate."""
        least = np.float32(10.0 ** (self.settings.floor_db / 20))
        level: Array = self._transform(np.asarray(samples, dtype=np.float32))
        np.maximum(level, least, out=level)
        np.log10(level, out=level)
        level *= np.float32(20)
        return level


class RuntimeModel:
    """A model that was exported, ready to predict.

    Parameters
    ----------
    exported
        The content of its directory.
    network
        Its networks, opened.

    Examples
    --------
    >>> from bayes_a2m.runtime.model import RuntimeModel
    >>> model = RuntimeModel.load("bayes_a2m/pretrained")  # doctest: +SKIP
    >>> posterior = model.predict([recording])  # doctest: +SKIP
    >>> model.decoder.decode(posterior)[0].write_midi("song.mid")  # doctest: +SKIP
    """

    def __init__(self, exported: ExportedModel, network: ExportedNetwork) -> None:
        self.exported, self.network = exported, network
        self.extractor = FeatureExtractor(exported.settings.features)
        self._heard: tuple[Recording, Recording, SignalStatistics] | None = None

    @classmethod
    def load(cls, path: str | Path) -> RuntimeModel:
        """Read the directory of an exported model.

        Raises
        ------
        InputError
            If a file is missing, damaged or of another version, or onnxruntime is not installed.
        """
        exported = read(Path(path))
        return cls(exported, open_network(exported))

    @property
    def name(self) -> str:
        """The name of the method in experiment files."""
        return self.exported.settings.method

    @property
    def vocabulary(self) -> Vocabulary:
        """The classes that it tells apart."""
        return self.exported.settings.vocabulary

    @property
    def grid(self) -> FrameGrid:
        """The grid that its frames stand on."""
        return self.exported.settings.features.grid

    @property
    def decoder(self) -> Decoder | NoteDecoder:
        """The decoder, which turns its frames into notes, with probabilities where it can."""
        return self.exported.notes or self.exported.decoder

    @property
    def viterbi(self) -> Decoder:
        """The decoder by the likeliest path of frames, whose notes have no probabilities."""
        return self.exported.decoder

    @property
    def calibrator(self) -> Calibrator:
        """The calibrator, fitted on the tuning split: recalibration and conformal sets."""
        return self.exported.calibrator

    def notes(
        self, posterior: FramePosterior, *, conditions: Sequence[str | None] | None = None
    ) -> list[NotePosterior]:
        """The posterior over the notes of every recording.

        Raises
        ------
        InputError
            If the model knows no model of notes, or a condition is not known to it.
        """
        if self.exported.notes is None:
            raise InputError("this model knows no probabilities of notes; train it again")
        return self.exported.notes.infer(posterior, conditions=conditions)

    def features_of(self, recording: Recording) -> Spectrum:
        """The spectrum of a recording that the network reads, in decibels, for figures."""
        from bayes_a2m.audio.features import CQTFeatures, Spectrum

        settings = CQTFeatures(**vars(self.exported.settings.features))
        return Spectrum(self.extractor(recording.audio(settings.sample_rate)), settings)

    def levelled(self, recording: Recording) -> Recording:
        """The recording at the level that was learned from."""
        return self._measured(recording)[0]

    def unlike(self, recording: Recording) -> list[str]:
        """Say what sets a recording apart from those that were learned from, a phrase each.

        Level, noise floor, bandwidth and clipping; how features of the network differ is not
        looked at here.
        """
        conditions = self.exported.conditions
        return [] if conditions is None else conditions.differences(self._measured(recording)[1])

    def unknown_conditions(self) -> str | None:
        """Say in a sentence what cannot be told of how recordings differ; None if all can."""
        if self.exported.conditions is None:
            return (
                "whether recordings are like those that the model learned from is not known: it "
                "was trained by an older version; train it again"
            )
        return (
            "of how recordings differ from those that the model learned from, only level, noise "
            "floor, bandwidth and clipping are known"
        )

    def predict(
        self, recordings: Sequence[Recording], draws: int = 30, *, raw: bool = False
    ) -> FramePosterior:
        """The posterior predictive of every frame of some recordings.

        Parameters
        ----------
        recordings
            Recordings of any lengths, with or without references.
        draws
            How many draws to take; no more than those that were exported.
        raw
            Whether to leave probabilities as they were before recalibration.

        Raises
        ------
        InputError
            If there is no recording, or its sound cannot be read.
        """
        if not recordings:
            raise InputError("no recording to predict")
        classes = len(self.vocabulary)
        outputs = [self._outputs(self.levelled(one), draws) for one in recordings]
        posterior = FramePosterior.of_recordings(
            [one[..., :classes] for one in outputs],
            [one.id for one in recordings],
            self.vocabulary,
            self.grid,
            onsets=[one[..., classes] for one in outputs] if self.network.onsets else None,
        )
        return posterior if raw else recalibrated(posterior, self.calibrator.recalibration)

    def _outputs(self, recording: Recording, draws: int) -> Array:
        """Log-probabilities of classes and onsets, ``(chain, draw, frames, class)``."""
        settings = self.exported.settings
        level = self.extractor(recording.audio(settings.features.sample_rate))
        return windows.predict(
            self.exported.normalizer(level),
            lambda window: self.network.log_probs(window, draws),
            settings.window,
            settings.overlap,
        )

    def _measured(self, recording: Recording) -> tuple[Recording, SignalStatistics]:
        """The recording at the level that was learned from, and what is measured of it there."""
        if self._heard is None or self._heard[0] is not recording:
            self._heard = (recording, *self._measure(recording))
        return self._heard[1:]

    def _measure(self, recording: Recording) -> tuple[Recording, SignalStatistics]:
        rate = self.grid.sample_rate
        statistics = SignalStatistics.of(recording.audio(rate), rate)
        conditions = self.exported.conditions
        if conditions is None or conditions.gain_db(statistics) == 0.0:
            return recording, statistics
        levelled = conditions.levelled(recording, rate)
        return levelled, SignalStatistics.of(levelled.audio(rate), rate)
