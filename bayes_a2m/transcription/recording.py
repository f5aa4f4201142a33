"""The notes of one recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from bayes_a2m.transcription.loudness import velocities

if TYPE_CHECKING:
    from bayes_a2m.datasets import Recording
    from bayes_a2m.decoding.transcription import Transcription
    from bayes_a2m.posteriors.posterior import Posterior
    from bayes_a2m.prediction.posterior import FramePosterior

Velocity: TypeAlias = Literal["loudness", "confidence"]
"""What a note's velocity says."""


def transcribe(
    audio: str | Path | Recording, model: str | Path | Posterior = "pretrained", *, draws: int = 30
) -> Transcription:
    """Transcribe one recording into notes that know how sure they are.

    Parameters
    ----------
    audio
        A sound file of any format, rate, length and number of channels; or a recording.
    model
        A model directory, a fitted model, or ``"pretrained"``, the model of sung notes that ships.
    draws
        The number of draws, for models that draw.

    Returns
    -------
    Transcription
        Its notes, with velocities from their loudness; ``posterior`` holds their probabilities,
        intervals and alternatives, and ``write_midi(path)`` writes them.

    Raises
    ------
    InputError
        If the sound or the model cannot be read.
    """
    from bayes_a2m.datasets import Recording
    from bayes_a2m.models import load_model
    from bayes_a2m.posteriors.posterior import Posterior

    if not isinstance(audio, Recording):
        audio = Recording(Path(audio).stem, path=Path(audio))
    fitted = model if isinstance(model, Posterior) else load_model(model)
    return transcription_of(fitted, audio, draws=draws)[1]


def transcription_of(
    model: Posterior,
    recording: Recording,
    *,
    draws: int = 30,
    threshold: float | None = None,
    velocity: Velocity = "loudness",
) -> tuple[FramePosterior, Transcription]:
    """Predict a recording, and decode its notes.

    Parameters
    ----------
    model
        A fitted model.
    recording
        Any recording; its reference plays no part, its condition where the model has met it.
    draws
        The number of draws, for models that draw.
    threshold
        The probability from which a note is accepted; others are doubtful. Where the model does not
        know the probabilities of notes, the confidence from which a frame is accepted; notes of
        which fewer than half of the frames are accepted are doubtful. None: no note is marked.
    velocity
        What the velocities of the notes say: how loud they are, or how sure the model is.

    Returns
    -------
    FramePosterior, Transcription
        The recalibrated posterior of the one recording, and its notes.

    Raises
    ------
    InputError
        If the recording cannot be read.
    """
    posterior = model.predict([recording], draws)
    transcription = model.decoder.decode(posterior, conditions=[recording.condition])[0]
    if threshold is not None and transcription.probabilities is not None:
        transcription = transcription.doubting(threshold)
    elif threshold is not None:
        transcription = transcription.accepting(posterior, 0, threshold)
    if velocity == "confidence":
        sure = transcription.probabilities or transcription.frame_probabilities
        loud = [max(1, min(127, round(127 * p))) for p in sure]
    else:
        rate = model.grid.sample_rate
        loud = velocities(recording.audio(rate), rate, transcription.notes)
    return posterior, transcription.with_velocities(loud)
