"""Evaluation of a model, or of any source of posteriors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.calibration.selection import recalibrated
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.decoding.transcription import Transcriptions
from bayes_a2m.errors import InputError
from bayes_a2m.evaluation.accumulator import Accumulator, Chunks
from bayes_a2m.evaluation.cost import Clock, Cost, peak_memory_mb
from bayes_a2m.evaluation.evaluation import Evaluation
from bayes_a2m.evaluation.predictions import write_predictions
from bayes_a2m.prediction.posterior import FramePosterior

if TYPE_CHECKING:
    import xarray

    from bayes_a2m.decoding.note_decoder import FramesToNotes
    from bayes_a2m.posteriors.posterior import Posterior

Observer: TypeAlias = Callable[[Sequence[Recording], FramePosterior, Transcriptions], None]
"""Shown a chunk of recordings, their recalibrated posterior, and the notes decoded from it."""


def evaluate(
    model: Posterior,
    data: Dataset,
    *,
    draws: int = 30,
    predictions: Path | None = None,
    draws_too: bool = False,
    progress: Callable[[int, int], None] | None = None,
    observe: Observer | None = None,
) -> Evaluation:
    """Predict recordings and gather the sufficient statistics of every score.

    Parameters
    ----------
    model
        Fitted.
    data
        Recordings with references, over the model's vocabulary.
    draws
        For models that draw.
    predictions
        Where to write the predictions of all frames as NetCDF, if anywhere.
    draws_too
        Whether every draw is written there, too.
    progress
        Called with the number of recordings done, and of all.
    observe
        Called with every chunk: its recordings, their posterior after recalibration, and the notes
        decoded from it, each of which is made once. Its time does not count as the model's.

    Raises
    ------
    InputError
        If the data have other pitches than the model knows, or a recording no reference.
    """
    model.vocabulary.ensure_same_pitches(
        data.vocabulary, "the model", f"{data.name} has", "take other data, or another model"
    )
    clock = Clock()
    chunks = clock.timed(model.predict_chunks(data, draws, raw=True))
    evaluation = evaluate_chunks(
        chunks,
        model.decoder,
        tuned=model.calibrator,
        total=len(data),
        seen_takes=model.seen.takes,
        predictions=predictions,
        draws_too=draws_too,
        progress=progress,
        observe=observe,
    )
    sound = sum(r.duration for r in data)
    cost = Cost(
        clock.seconds / sound, peak_memory_mb(), model.parameter_count, model.record.seconds
    )
    return replace(evaluation, cost=cost, unlike=model.unlike_among(data))


def evaluate_chunks(
    chunks: Chunks,
    decoder: FramesToNotes,
    *,
    tuned: Calibrator | None = None,
    total: int,
    seen_takes: Sequence[str] = (),
    predictions: Path | None = None,
    draws_too: bool = False,
    progress: Callable[[int, int], None] | None = None,
    observe: Observer | None = None,
) -> Evaluation:
    """Gather the statistics of what any source of posteriors says of recordings with references.

    Posteriors come as they are before recalibration; that of ``tuned`` is applied here, and its
    result decoded here, once each. ``observe`` is shown both, so that nobody has to do it again.
    """
    tuned = tuned or Calibrator()
    accumulator = Accumulator(decoder, tuned)
    kept: list[xarray.Dataset] = []
    for recordings, raw in chunks:
        posterior = recalibrated(raw, tuned.recalibration)
        conditions = [r.condition for r in recordings]
        transcriptions = decoder.decode(posterior, conditions=conditions)
        accumulator.update(recordings, posterior, raw, transcriptions)
        if observe is not None:
            observe(recordings, posterior, transcriptions)
        if predictions is not None:
            labels = [r.labels(posterior.grid, posterior.vocabulary) for r in recordings]
            kept.append(posterior.to_xarray(labels, draws_too=draws_too))
        if progress is not None:
            progress(len(accumulator.recordings), total)
    if not accumulator.recordings:
        raise InputError("no recording to evaluate")
    if predictions is not None:
        write_predictions(predictions, kept)
    return accumulator.compute(seen_takes)
