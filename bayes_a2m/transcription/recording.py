"""The notes of one recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bayes_a2m.datasets import Recording
    from bayes_a2m.decoding.transcription import Transcription
    from bayes_a2m.posteriors.posterior import Posterior
    from bayes_a2m.prediction.posterior import FramePosterior


def transcription_of(
    model: Posterior,
    recording: Recording,
    *,
    draws: int = 30,
    threshold: float | None = None,
) -> tuple[FramePosterior, Transcription]:
    """Predict a recording, and decode its notes.

    Parameters
    ----------
    model
        A fitted model.
    recording
        Any recording; its reference plays no part.
    draws
        The number of draws, for models that draw.
    threshold
        The confidence from which a frame is accepted; notes of which fewer than half of the frames
        are accepted are doubtful. None: no note is marked.

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
    transcription = model.decoder.decode(posterior)[0]
    if threshold is not None:
        transcription = transcription.accepting(posterior, 0, threshold)
    return posterior, transcription
