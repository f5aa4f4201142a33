"""An entry of a report: a model, or a file of predictions, on recordings with references."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.decoding.transcription import Transcription, Transcriptions
from bayes_a2m.evaluation import Evaluation, EvaluationResults, evaluate, results_of
from bayes_a2m.music import Vocabulary
from bayes_a2m.posteriors.model_card import facts_of
from bayes_a2m.prediction.posterior import FramePosterior, FramePredictive
from bayes_a2m.prediction.summary import PosteriorSummary

if TYPE_CHECKING:
    from bayes_a2m.posteriors.posterior import Posterior

Progress = Callable[[int, int], None]

EMBEDDED_RECORDINGS = 24
"""The number of recordings that embeddings are taken from at most, evenly."""

EMBEDDED_FRAMES = 3000
"""The number of frames whose embeddings are kept for the map, about."""


@dataclass(frozen=True, eq=False)
class EmbeddedFrames:
    """The embeddings of some frames: what the head of a network reads.

    Attributes
    ----------
    features
        The embeddings, shape ``(row, feature)``.
    recording, frame
        The recording and the frame that each row comes from, ``(row,)``.
    """

    features: NDArray[np.float32]
    recording: NDArray[np.int64]
    frame: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ReportEntry:
    """One model, or one file of predictions, and how it does on the recordings of a report.

    Attributes
    ----------
    name
        The name that the report gives it.
    origin
        ``model`` or ``predictions``.
    method
        The uncertainty method: a posterior's name, or "" where that is not known.
    posterior
        Its posterior predictive of every frame.
    evaluation
        Its sufficient statistics of every recording.
    metrics
        The content of ``metrics.json``.
    transcriptions
        The notes of every recording.
    training_log
        One row an epoch, as CSV; "" where there is none.
    embeddings
        The embeddings of some frames; None where there is no network.
    seen
        The number of the recordings that it was fitted or tuned on; None where that is not known.
    cautions
        What else there is to say of where it comes from, in sentences.
    provenance
        What is known of how it was made, by name.
    """

    name: str
    origin: str
    method: str
    posterior: FramePredictive
    evaluation: Evaluation
    metrics: EvaluationResults
    transcriptions: tuple[Transcription, ...]
    training_log: str = ""
    embeddings: EmbeddedFrames | None = None
    seen: int | None = 0
    cautions: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary of its classes."""
        return self.posterior.vocabulary


class PredictionRecorder:
    """Keep what an evaluation predicts and decodes, chunk by chunk, for the report's figures.

    An instance is the ``observe`` argument of :func:`bayes_a2m.evaluation.evaluate`. Draws are not
    kept, only their summary.
    """

    def __init__(self) -> None:
        self._summaries: list[PosteriorSummary] = []
        self._transcriptions: list[Transcription] = []

    def __call__(
        self,
        recordings: Sequence[Recording],
        posterior: FramePosterior,
        transcriptions: Transcriptions,
    ) -> None:
        """Keep one chunk: the summary of its posterior, and the notes of its recordings."""
        self._summaries.append(PosteriorSummary.of_posterior(posterior))
        self._transcriptions += [transcriptions[i] for i in range(len(recordings))]

    @property
    def posterior(self) -> PosteriorSummary:
        """The posterior of all recordings so far."""
        return PosteriorSummary.concatenate(self._summaries)

    @property
    def transcriptions(self) -> tuple[Transcription, ...]:
        """The notes of all recordings so far, in their order."""
        return tuple(self._transcriptions)


def of_model(
    name: str,
    model: Posterior,
    data: Dataset,
    *,
    draws: int,
    resamples: int,
    accept_error: float,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> ReportEntry:
    """Predict recordings with a model, and evaluate that.

    Raises
    ------
    InputError
        If the data have other pitches than the model knows, or a recording no reference.
    """
    recorder = PredictionRecorder()
    evaluation = evaluate(model, data, draws=draws, observe=recorder, progress=progress)
    return ReportEntry(
        name,
        "model",
        model.name,
        recorder.posterior,
        evaluation,
        results_of(evaluation, resamples=resamples, seed=seed, accept_error=accept_error),
        recorder.transcriptions,
        model.record.log,
        _embedded_frames(model, data),
        sum(model.seen.knows(r) for r in data),
        provenance=facts_of(model),
    )


def _embedded_frames(model: Posterior, data: Dataset) -> EmbeddedFrames | None:
    """The embeddings of evenly chosen frames of evenly chosen recordings."""
    from bayes_a2m.posteriors.embeddings import embeddings

    chosen = np.unique(np.linspace(0, len(data) - 1, EMBEDDED_RECORDINGS).round().astype(np.int64))
    each = EMBEDDED_FRAMES // chosen.size
    features, recordings, frames = [], [], []
    for i in chosen.tolist():
        everything = embeddings(model, data[i])
        if everything is None:
            return None
        at = np.unique(np.linspace(0, everything.shape[0] - 1, each).round().astype(np.int64))
        features.append(everything[at])
        recordings.append(np.full(at.size, i))
        frames.append(at)
    return EmbeddedFrames(
        np.concatenate(features), np.concatenate(recordings), np.concatenate(frames)
    )
