"""What a report is about: a model, or somebody's predictions, on recordings with references."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.decoding.transcription import Transcription, Transcriptions
from bayes_a2m.errors import InputError
from bayes_a2m.evaluation import Cost, Evaluation, evaluate, evaluate_chunks
from bayes_a2m.music import Vocabulary
from bayes_a2m.prediction.posterior import FramePosterior, FramePredictive
from bayes_a2m.prediction.summary import PosteriorSummary

if TYPE_CHECKING:
    from bayes_a2m.posteriors.posterior import Posterior

Progress = Callable[[int, int], None]

SPARE = 2
"""Frames that predictions may have more than the recording: libraries round differently."""

TRUNK_RECORDINGS = 24
"""Recordings they are taken from at most, evenly."""

TRUNK_FRAMES = 3000
"""Frames whose trunk features are kept for the map, about."""


@dataclass(frozen=True, eq=False)
class Trunk:
    """What the head reads of some frames.

    Attributes
    ----------
    features
        Shape ``(row, feature)``.
    recording, frame
        Where each row comes from, ``(row,)``.
    """

    features: NDArray[np.float32]
    recording: NDArray[np.int64]
    frame: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Subject:
    """One model, or one file of predictions, and how it does.

    Attributes
    ----------
    name
        What the report calls it.
    origin
        ``model`` or ``predictions``.
    method
        How it is uncertain: a posterior's name, or "" where that is not known.
    posterior
        What it says of every frame.
    evaluation
        Counts of every recording.
    metrics
        The content of ``metrics.json``.
    transcriptions
        Notes of every recording.
    training_log
        One row an epoch, as CSV; "" where there is none.
    trunk
        None for what has no trunk.
    met
        Recordings among these that it was fitted or tuned on.
    """

    name: str
    origin: str
    method: str
    posterior: FramePredictive
    evaluation: Evaluation
    metrics: dict[str, Any]
    transcriptions: tuple[Transcription, ...]
    training_log: str = ""
    trunk: Trunk | None = None
    met: int = 0

    @property
    def vocabulary(self) -> Vocabulary:
        """What its classes are."""
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
) -> Subject:
    """Predict recordings with a model, and evaluate that.

    Raises
    ------
    InputError
        If the data have other pitches than the model knows, or a recording no reference.
    """
    known = {*model.seen.fit.values(), *model.seen.tune.values()}
    recorder = PredictionRecorder()
    evaluation = evaluate(model, data, draws=draws, observe=recorder, progress=progress)
    return Subject(
        name,
        "model",
        model.name,
        recorder.posterior,
        evaluation,
        evaluation.to_dict(resamples=resamples, seed=seed, accept_error=accept_error),
        recorder.transcriptions,
        model.record.log,
        _trunk(model, data),
        sum(r.hash in known for r in data),
    )


def of_predictions(
    name: str,
    source: Path,
    data: Dataset,
    *,
    resamples: int,
    accept_error: float,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> Subject:
    """Evaluate predictions that any model wrote, with notes by a plain clean-up of frames.

    Parameters
    ----------
    source
        As ``evaluate --predictions`` or :meth:`FramePosterior.save` write it; probabilities alone
        will do.

    Raises
    ------
    InputError
        If it lacks one of the recordings, or is of other pitches or lengths.
    """
    posterior = _fitted(read_predictions(source), data, source)
    decoder = plain_decoder(len(posterior.vocabulary))
    recorder = PredictionRecorder()
    evaluation = evaluate_chunks(
        iter([(list(data), _as_draw(posterior))]),
        decoder,
        total=len(data),
        progress=progress,
        observe=recorder,
    )
    evaluation = replace(evaluation, draws=posterior.draws, alarm=None, cost=Cost())
    return Subject(
        name,
        "predictions",
        "",
        posterior,
        evaluation,
        evaluation.to_dict(resamples=resamples, seed=seed, accept_error=accept_error),
        recorder.transcriptions,
    )


def read_predictions(source: Path) -> PosteriorSummary:
    """Predictions with what they say of draws; of probabilities alone, one draw.

    Raises
    ------
    InputError
        If the file is missing or holds no probabilities.
    """
    try:
        return PosteriorSummary.load(source)
    except InputError as error:
        if "lack" not in str(error):
            raise
        return PosteriorSummary.of_posterior(FramePosterior.load(source))


def plain_decoder(classes: int) -> Decoder:
    """The likeliest class of every frame, gaps and notes under 50 ms cleaned up."""
    share = 1 / classes
    return Decoder(((share,) * classes,) * classes, (share,) * classes, (share,) * classes, 1.0)


def _fitted(posterior: PosteriorSummary, data: Dataset, source: Path) -> PosteriorSummary:
    """The predictions of the data's recordings, in their order, cut to their length."""
    if posterior.vocabulary.pitches != data.vocabulary.pitches:
        raise InputError(
            f"{source}: speaks of {', '.join(posterior.vocabulary.names[1:])}, {data.name} of "
            f"{', '.join(data.vocabulary.names[1:])}; a report is about one vocabulary"
        )
    place = {name: i for i, name in enumerate(posterior.ids)}
    missing = [r.id for r in data if r.id not in place]
    if missing:
        raise InputError(
            f"{source}: no predictions for {len(missing)} of the {len(data)} recordings "
            f"({', '.join(missing[:5])}); choose a --split that it covers"
        )
    chosen = [place[r.id] for r in data]
    wanted = np.array([posterior.grid.frames_in(r.duration) for r in data])
    for i, (recording, frames) in enumerate(zip(data, wanted, strict=True)):
        spare = int(posterior.lengths[chosen[i]]) - int(frames)
        if not 0 <= spare <= SPARE:
            raise InputError(
                f"{source}: {int(posterior.lengths[chosen[i]])} frames for recording "
                f"{recording.id}, which has {int(frames)} on its grid (hop {posterior.grid.hop} "
                f"at {posterior.grid.sample_rate} Hz)"
            )
    moments = posterior.moments
    _check_probabilities(moments.probability[chosen], wanted, data, source)
    picked = replace(
        moments,
        probability=moments.probability[chosen],
        deviations=moments.deviations[chosen],
        expected_entropy=moments.expected_entropy[chosen],
    )
    return PosteriorSummary(picked, wanted, tuple(data.ids), posterior.vocabulary, posterior.grid)


def _check_probabilities(
    probability: NDArray[np.float64], lengths: NDArray[np.int64], data: Dataset, source: Path
) -> None:
    """Refuse what is no probability, and say whose."""
    for recording, rows, frames in zip(data, probability, lengths, strict=True):
        real = rows[:frames]
        total = real.sum(axis=1)
        if not np.isfinite(real).all() or real.min() < 0 or np.abs(total - 1).max() > 1e-3:
            raise InputError(
                f"{source}: probabilities of recording {recording.id} must be finite, not below "
                "zero, and sum to one in every frame"
            )


def _as_draw(posterior: PosteriorSummary) -> FramePosterior:
    """The mean as a posterior of one draw: all that scores and notes look at."""
    log_probs = np.log(np.maximum(posterior.mean(), 1e-12))[None, None]
    return FramePosterior(
        log_probs, posterior.lengths, posterior.ids, posterior.vocabulary, posterior.grid
    )


def _trunk(model: Posterior, data: Dataset) -> Trunk | None:
    """What the head reads of evenly chosen frames of every recording."""
    from bayes_a2m.posteriors.embeddings import trunk_features

    chosen = np.unique(np.linspace(0, len(data) - 1, TRUNK_RECORDINGS).round().astype(np.int64))
    each = TRUNK_FRAMES // chosen.size
    features, recordings, frames = [], [], []
    for i in chosen.tolist():
        found = trunk_features(model, data[i])
        if found is None:
            return None
        at = np.unique(np.linspace(0, found.shape[0] - 1, each).round().astype(np.int64))
        features.append(found[at])
        recordings.append(np.full(at.size, i))
        frames.append(at)
    return Trunk(np.concatenate(features), np.concatenate(recordings), np.concatenate(frames))
