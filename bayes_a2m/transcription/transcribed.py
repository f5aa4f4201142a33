"""A recording that was transcribed, with what is taken from its sound when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bayes_a2m.baselines.pitch_curve import PitchCurve, pitch_curve
from bayes_a2m.music import midi
from bayes_a2m.transcription.intonation import Intonation, intonation
from bayes_a2m.transcription.reference_pitch import ReferencePitch, reference_pitch
from bayes_a2m.transcription.summary import forecast_words

if TYPE_CHECKING:
    import numpy as np

    from bayes_a2m.baselines.pitch_check import PitchCheck
    from bayes_a2m.datasets import Recording
    from bayes_a2m.decoding.transcription import Transcription
    from bayes_a2m.posteriors.posterior import Posterior
    from bayes_a2m.prediction.posterior import FramePosterior
    from bayes_a2m.runtime.model import RuntimeModel
    from bayes_a2m.transcription.pitch_choice import PitchChoice


@dataclass(frozen=True)
class FileSettings:
    """The settings of the files of a transcription.

    Attributes
    ----------
    transpose
        Semitones by which the written notes are moved; pictures and sounds have them as they are.
    tempo
        Beats a minute of MIDI files.
    bends
        Whether MIDI files bend the pitch as the voice did.
    samples
        The number of sampled transcriptions to write as MIDI, each likely as a whole.
    """

    transpose: int = 0
    tempo: float = midi.TEMPO
    bends: bool = False
    samples: int = 0


@dataclass(frozen=True, eq=False)
class TranscribedRecording:
    """A recording, and what a model made of it.

    Attributes
    ----------
    model, recording
        The model, and what it was asked about. A reference of the recording is drawn, too.
    posterior, transcription
        What :func:`~bayes_a2m.transcription.recording.transcription_of` gave.
    unlike
        What sets the recording apart from those that the model learned from, a phrase each.
    choice
        What was known of its pitches; None where nothing was.
    check
        Where its pitches lie; None where that was not looked at.
    """

    model: Posterior | RuntimeModel
    recording: Recording
    posterior: FramePosterior
    transcription: Transcription
    unlike: tuple[str, ...] = ()
    choice: PitchChoice | None = None
    check: PitchCheck | None = None

    @property
    def forecast(self) -> str:
        """The score that is expected; empty where it is not known, and nothing is promised."""
        return "" if self.unlike else forecast_words(self.transcription)

    @property
    def rate(self) -> int:
        """The sample rate that the model works at, Hz."""
        return self.model.grid.sample_rate

    @cached_property
    def samples(self) -> np.ndarray[tuple[Any, ...], np.dtype[np.float32]]:
        """The sound, mono, ``(samples,)``."""
        return self.recording.audio(self.rate)

    @cached_property
    def curve(self) -> PitchCurve:
        """The continuous pitch under the notes."""
        return pitch_curve(self.samples, self.rate, self.transcription.notes)

    @cached_property
    def intonation(self) -> Intonation:
        """The intonation of the notes: how flat or sharp they are."""
        return intonation(self.curve, self.transcription.notes)

    @cached_property
    def reference_pitch(self) -> ReferencePitch | None:
        """The tuning of the recording; None where it is not known."""
        return reference_pitch(self.curve)
