"""Predictions of any model, from a file, as an entry of a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.errors import InputError
from bayes_a2m.evaluation import Cost, evaluate_chunks, results_of
from bayes_a2m.evaluation.stored_labels import compare_stored_labels
from bayes_a2m.prediction.posterior import FramePosterior
from bayes_a2m.prediction.summary import PosteriorSummary
from bayes_a2m.reporting.report.entry import PredictionRecorder, ReportEntry

Progress = Callable[[int, int], None]

SPARE = 2
"""Frames that predictions may have more than the recording: libraries round differently."""


def of_predictions(
    name: str,
    source: Path,
    data: Dataset,
    *,
    resamples: int,
    accept_error: float,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> ReportEntry:
    """Evaluate predictions that any model wrote, with notes by a plain clean-up of frames.

    Parameters
    ----------
    source
        A file of ``evaluate --predictions`` or :meth:`FramePosterior.save`; probabilities alone
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
    return ReportEntry(
        name,
        "predictions",
        "",
        posterior,
        evaluation,
        results_of(evaluation, resamples=resamples, seed=seed, accept_error=accept_error),
        recorder.transcriptions,
        seen=None,
        cautions=compare_stored_labels(source, data).cautions,
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
    onsets = posterior.onset_mean()
    return PosteriorSummary(
        picked,
        wanted,
        tuple(data.ids),
        posterior.vocabulary,
        posterior.grid,
        None if onsets is None else onsets[chosen],
    )


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
    onsets = posterior.onset_mean()
    return FramePosterior(
        log_probs,
        posterior.lengths,
        posterior.ids,
        posterior.vocabulary,
        posterior.grid,
        None if onsets is None else np.log(np.maximum(onsets, 1e-12))[None, None],
    )
