"""The notes of one recording."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from bayes_a2m.errors import InputError
from bayes_a2m.transcription.engine import Engine, load
from bayes_a2m.transcription.loudness import velocities
from bayes_a2m.transcription.pitch_choice import Pitch, PitchChoice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bayes_a2m.baselines.pitch_check import PitchCheck
    from bayes_a2m.datasets import Recording
    from bayes_a2m.decoding.note_decoder import FramesToNotes, NoteDecoder
    from bayes_a2m.decoding.transcription import Transcription
    from bayes_a2m.posteriors.posterior import Posterior
    from bayes_a2m.prediction.posterior import FramePosterior
    from bayes_a2m.runtime.model import RuntimeModel

Velocity: TypeAlias = Literal["loudness", "confidence"]
"""What a note's velocity says."""


def transcribe(
    audio: str | Path | Recording,
    model: str | Path | Posterior | RuntimeModel = "pretrained",
    *,
    draws: int = 30,
    pitches: str | Sequence[Pitch] | None = None,
    lowest: Pitch | None = None,
    highest: Pitch | None = None,
    key: str | None = None,
    onset_tolerance: float | None = None,
    engine: Engine = "auto",
    check_pitches: bool = True,
) -> Transcription:
    """Transcribe one recording into notes that know how sure they are.

    Parameters
    ----------
    audio
        A sound file of any format, rate, length and number of channels; or a recording.
    model
        A model directory, an export's, a fitted model, or ``"pretrained"``, the model of sung
        notes that ships.
    draws
        The number of draws, for models that draw.
    pitches
        The pitches that can be sung, names or MIDI numbers (``"C4,E4,G4"``); None for all that the
        model knows.
    lowest, highest
        The lowest and highest pitch that can be sung.
    key
        The key, such as ``"C major"``: a prior over pitches, no mask (:mod:`bayes_a2m.music.key`).
    onset_tolerance
        Seconds by which the onset of a note may be off for it to be right; None: 0.05.
    engine
        What runs a model that is loaded: ``"torch"``, ``"onnx"``, or ``"auto"``: torch where it is
        installed.
    check_pitches
        Whether the model of any pitch listens beside one that knows few, and what is said of notes
        that it hears elsewhere is lowered (:mod:`bayes_a2m.transcription.other_pitches`); it needs
        torch.

    Returns
    -------
    Transcription
        Its notes, with velocities from their loudness; ``posterior`` holds their probabilities,
        intervals and alternatives, and ``write_midi(path)`` writes them.

    Raises
    ------
    InputError
        If the sound or the model cannot be read, a pitch is not known to it, or a key is none.
    """
    from bayes_a2m.datasets import Recording
    from bayes_a2m.transcription.other_pitches import PitchListener

    if not isinstance(audio, Recording):
        audio = Recording(Path(audio).stem, path=Path(audio))
    fitted = load(model, engine) if isinstance(model, str | Path) else model
    choice = PitchChoice.of(pitches, lowest, highest, key)
    vocabulary = fitted.vocabulary if choice is None else choice.vocabulary(fitted.vocabulary)
    listener = PitchListener()
    check = None
    if check_pitches and engine != "onnx" and listener.knows_more_than(fitted.vocabulary):
        check = listener.check(audio, vocabulary)
    return transcription_of(
        fitted, audio, draws=draws, choice=choice, check=check, onset_tolerance=onset_tolerance
    )[1]


def transcription_of(
    model: Posterior | RuntimeModel,
    recording: Recording,
    *,
    draws: int = 30,
    threshold: float | None = None,
    velocity: Velocity = "loudness",
    choice: PitchChoice | None = None,
    check: PitchCheck | None = None,
    onset_tolerance: float | None = None,
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
    choice
        What is known of the pitches; None for nothing.
    check
        Where the pitches of the recording lie: what is said of notes that lie elsewhere than the
        vocabulary is lowered. None where that was not looked at.
    onset_tolerance
        Seconds by which the onset of a note may be off for it to be right: what its probability is
        of, and what the notes are chosen by. None: as the model has it, 50 ms.

    Returns
    -------
    FramePosterior, Transcription
        The recalibrated posterior of the one recording, and its notes.

    Raises
    ------
    InputError
        If the recording cannot be read, or a pitch is not known to the model.
    """
    decoder = model.decoder if choice is None else choice.decoder(model)
    if onset_tolerance is not None:
        decoder = _tolerant(decoder, onset_tolerance)
    posterior = model.predict([recording], draws)
    if choice is not None:
        posterior = choice.restrict(posterior)
    transcription = decoder.decode(posterior, conditions=[recording.condition or None])[0]
    if choice is not None:
        posterior = choice.with_key(posterior)
    if threshold is not None and transcription.probabilities is not None:
        transcription = transcription.doubting(threshold)
    elif threshold is not None:
        transcription = transcription.accepting(posterior, 0, threshold)
    if check is not None:
        from bayes_a2m.transcription.other_pitches import lowered

        transcription = lowered(transcription, check)
    if velocity == "confidence":
        sure = transcription.probabilities or transcription.frame_probabilities
        loud = [max(1, min(127, round(127 * p))) for p in sure]
    else:
        rate = model.grid.sample_rate
        loud = velocities(recording.audio(rate), rate, transcription.notes)
    return posterior, transcription.with_velocities(loud)


def _tolerant(decoder: FramesToNotes, tolerance: float) -> NoteDecoder:
    """The decoder for another onset tolerance in seconds."""
    from bayes_a2m.decoding.note_decoder import NoteDecoder

    if not isinstance(decoder, NoteDecoder):
        raise InputError("an onset tolerance needs a model that knows probabilities of notes")
    if not tolerance > 0:
        raise InputError(f"the onset tolerance must be positive seconds, not {tolerance:g}")
    return replace(decoder, tolerance=tolerance)
