"""Predictions of recordings out of fold: by a model of each fold, and frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bayes_a2m.config.experiment import Experiment
from bayes_a2m.cross_validation.folds import folds_of, out_of_fold
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.folder import load_folder
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.label_audit.frame_classifier import classify_out_of_fold
from bayes_a2m.label_audit.segments import capped_log_probs, excess_surprisal
from bayes_a2m.label_audit.suspects import OutOfFoldPrediction
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.music import FrameGrid, Note, Vocabulary, midi
from bayes_a2m.music.notes import clip, to_labels

Bar = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""Opens a progress bar with a title; calls what it gives with how much is done, and of how much."""


@dataclass(frozen=True)
class AuditData:
    """A data set to audit.

    Attributes
    ----------
    data
        The recordings; a note outside the vocabulary stands at the nearest pitch of its name, or
        is left out where there is none.
    outside
        The semitones by which such notes miss the vocabulary, one a note, by id.
    """

    data: Dataset
    outside: dict[str, tuple[int, ...]] = field(default_factory=dict)


def load_to_audit(path: Path, *, seed: int = 0) -> AuditData:
    """Load a data folder, notes outside its vocabulary included: they are what is looked for.

    Raises
    ------
    InputError
        If :func:`bayes_a2m.datasets.folder.load_folder` refuses the folder, but for such notes.
    """
    outside: dict[str, tuple[int, ...]] = {}

    def read(file: Path, vocabulary: Vocabulary, duration: float) -> list[Note]:
        content = midi.inspect(file, vocabulary, duration)
        if content.outside:
            missed = tuple(_missed_by(n.pitch, vocabulary) for n in content.outside)
            outside[file.stem.removeprefix("midi_")] = missed
        return clip(_folded(content.notes, vocabulary), duration)

    return AuditData(load_folder(path, seed=seed, read=read), outside)


def predict_out_of_fold(
    audited: AuditData,
    experiment: Experiment,
    models: Path,
    *,
    folds: int,
    draws: int,
    bar: Bar,
    say: Callable[[str], None],
) -> tuple[list[OutOfFoldPrediction], FrameGrid]:
    """Predict every recording with a model that was fitted without its take.

    Returns
    -------
    list of OutOfFoldPrediction, FrameGrid
        The predictions in the order of the data set, and the grid of their frames.
    """
    predictions: dict[str, OutOfFoldPrediction] = {}
    grid = FrameGrid()
    trained = out_of_fold(audited.data, experiment, models, count=folds, say=say)
    for fold, model in trained:
        grid = model.grid
        with bar(f"fold {fold.number}: listening") as update:
            for chunk, post in model.predict_chunks(fold.held_out, draws):
                decoded = model.viterbi.decode(post)
                for i, recording in enumerate(chunk):
                    labels = recording.labels(grid, post.vocabulary)
                    frames = labels.shape[0]
                    predicted = to_labels(decoded[i].notes, grid, frames, post.vocabulary)
                    drawn = np.exp(post.log_probs[:, :, i, :frames].astype(np.float64))
                    drawn = drawn.reshape(-1, frames, drawn.shape[-1])
                    level, clipped = _level(recording, grid)
                    predictions[recording.id] = OutOfFoldPrediction(
                        recording.id,
                        post.of(i).astype(np.float64),
                        predicted,
                        labels,
                        np.array(
                            [excess_surprisal(capped_log_probs(p), labels).sum() for p in drawn]
                        ),
                        float(post.mutual_information()[i, :frames].mean()),
                        level,
                        clipped,
                        audited.outside.get(recording.id, ()),
                    )
                update(len(predictions), len(audited.data))
    return [predictions[r.id] for r in audited.data], grid


def classify_frames(
    data: Dataset, experiment: Experiment, grid: FrameGrid, *, folds: int, bar: Bar
) -> list[Floats]:
    """Classify single frames out of fold: log-probabilities ``(frames, class)`` a recording."""
    from bayes_a2m.audio.features import FeatureExtractor

    extract = FeatureExtractor(experiment.features)
    fold = np.zeros(len(data), dtype=np.int64)
    for part in folds_of(data, folds, seed=experiment.seed):
        held = set(part.held_out.ids)
        fold[[i for i, r in enumerate(data) if r.id in held]] = part.number
    with bar("hearing frames") as update:
        return classify_out_of_fold(
            lambda i: extract(data[i].audio(grid.sample_rate)),
            data.labels_on(grid),
            fold,
            classes=len(data.vocabulary),
            frame_rate=grid.frame_rate,
            seed=experiment.seed,
            progress=update,
        )


def _missed_by(pitch: int, vocabulary: Vocabulary) -> int:
    """Semitones from the nearest pitch of the vocabulary that has the same name, else nearest."""
    same = [p for p in vocabulary.pitches if (pitch - p) % 12 == 0]
    near = min(same or vocabulary.pitches, key=lambda p: abs(pitch - p))
    return pitch - near


def _folded(notes: tuple[Note, ...], vocabulary: Vocabulary) -> list[Note]:
    """Notes moved by octaves into the vocabulary; those that cannot be are left out."""
    kept = []
    for note in notes:
        missed = 0 if note.pitch in vocabulary.pitches else _missed_by(note.pitch, vocabulary)
        if missed % 12 == 0:
            kept.append(Note(note.onset, note.offset, note.pitch - missed, note.velocity))
    return kept


def _level(recording: Recording, grid: FrameGrid) -> tuple[float, float]:
    """Decibels below full scale, and the share of samples at full scale."""
    samples = recording.audio(grid.sample_rate)
    power = float(np.square(samples, dtype=np.float64).mean()) if samples.size else 0.0
    clipped = float((np.abs(samples) >= 0.999).mean()) if samples.size else 0.0
    return 10 * float(np.log10(max(power, 1e-12))), clipped
