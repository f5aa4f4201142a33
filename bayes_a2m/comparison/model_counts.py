"""Sufficient statistics of an evaluated model, which comparing needs, in one file.

An :class:`~bayes_a2m.evaluation.Evaluation` boiled down to what a difference between two models is
made of. A study stores one for each model it trained, and compares without predicting again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.evaluation import Cost, Evaluation
from bayes_a2m.files import atomic_path, reading
from bayes_a2m.files.arrays import read_arrays
from bayes_a2m.files.formats import check_version
from bayes_a2m.metrics import stages
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.note_calibration import NoteCalibrationStatistics
from bayes_a2m.metrics.notes import NoteStatistics
from bayes_a2m.metrics.recording_statistics import RecordingStatistics, scores_of_others
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics, SufficientStatistics
from bayes_a2m.music import Vocabulary

BEGINS = "bayes_a2m scored "
"""What the format of a file begins with; its version follows."""

FORMAT = 1
"""The version of a file; another number where its arrays mean something else."""

OTHER = "other/"
"""How the arrays of other packages' metrics are named in a file: this, and the metric's name."""

SURE = "note_calibration"
"""How the arrays of the probabilities of notes are named in a file, where there are any."""

PLACES = ("all", "near", "away")
"""Parts of the frames: all, those within 50 ms of a change of label, the others."""

PARTS = (*PLACES, *stages.NAMES)
"""Parts of the frames: subgroups, and the stages of the distribution over classes."""

Counts = TypeVar("Counts", bound=SufficientStatistics)


@dataclass(frozen=True, eq=False)
class Scored:
    """Sufficient statistics of the recordings that a model was scored on.

    Attributes
    ----------
    ids, conditions
        Id and condition of every recording.
    vocabulary
        The vocabulary of its classes.
    parts
        Statistics of the frames by the names of :data:`PARTS`; those of stages have no histograms.
    notes
        Statistics of matched notes.
    other
        Statistics of the metrics of other packages, by name.
    cost
        What the answer cost.
    note_calibration
        Statistics of the probabilities of notes; None where they are not known.
    """

    ids: tuple[str, ...]
    conditions: tuple[str, ...]
    vocabulary: Vocabulary
    parts: dict[str, FrameStatistics]
    notes: NoteStatistics
    other: dict[str, RecordingStatistics] = field(default_factory=dict)
    cost: Cost = field(default_factory=Cost)
    note_calibration: NoteCalibrationStatistics | None = None

    def __len__(self) -> int:
        """Recordings."""
        return len(self.ids)

    @classmethod
    def of(cls, evaluation: Evaluation) -> Scored:
        """Keep of an evaluation what comparing needs."""
        places = (evaluation.frames, evaluation.near, evaluation.away)
        return cls(
            ids=evaluation.ids,
            conditions=evaluation.conditions,
            vocabulary=evaluation.vocabulary,
            parts={**dict(zip(PLACES, places, strict=True)), **evaluation.stages},
            notes=evaluation.notes,
            other=evaluation.other,
            cost=evaluation.cost,
            note_calibration=None if evaluation.sure is None else evaluation.sure.calibration,
        )

    @classmethod
    def joined(cls, parts: Sequence[Scored], ids: Sequence[str]) -> Scored:
        """Join models that were scored on different recordings, as those of folds are.

        Parameters
        ----------
        parts
            Statistics of each, over one vocabulary; no recording is in two of them.
        ids
            The recordings in the order that is wanted.

        Raises
        ------
        InputError
            If a recording is in two parts or in none, or the parts do not go together.
        """
        found = [name for part in parts for name in part.ids]
        if len(set(found)) < len(found):
            raise InputError("a recording is scored in two folds")
        first = parts[0]
        for part in parts[1:]:
            first.vocabulary.ensure_same_pitches(
                part.vocabulary, "one fold", "another has", "they cannot be joined"
            )
        names = [name for name in first.parts if all(name in part.parts for part in parts)]
        sure = [part.note_calibration for part in parts if part.note_calibration is not None]
        whole = cls(
            ids=tuple(found),
            conditions=tuple(name for part in parts for name in part.conditions),
            vocabulary=first.vocabulary,
            parts={
                name: FrameStatistics.stack([part.parts[name] for part in parts]) for name in names
            },
            notes=NoteStatistics.stack([part.notes for part in parts]),
            other={
                name: RecordingStatistics.stack([part.other[name] for part in parts])
                for name in first.other
                if all(name in part.other for part in parts)
            },
            cost=_mean_cost([part.cost for part in parts]),
            note_calibration=(
                NoteCalibrationStatistics.stack(sure) if len(sure) == len(parts) else None
            ),
        )
        return whole.in_order(ids)

    def bearing(self, part: str) -> NDArray[np.bool_]:
        """Tell which recordings have anything of a part, a name of ``parts``, ``"notes"`` or
        ``"other"``.
        """
        if part == "notes":
            return (self.notes.reference > 0) | (self.notes.estimated > 0)
        if part == "other":
            return np.ones(len(self), dtype=bool)
        return self.parts[part].frames > 0

    def scores_of_others(self, which: NDArray[np.bool_], weights: Floats) -> dict[str, Floats]:
        """Scores of some recordings by the metrics of other packages, for each row of weights."""
        chosen = {name: own.select(which) for name, own in self.other.items()}
        return scores_of_others(chosen, weights)

    def in_order(self, ids: Sequence[str]) -> Scored:
        """The same recordings in the order of these ids.

        Raises
        ------
        InputError
            If an id is not among them; :func:`bayes_a2m.comparison.compare.compare` says it better.
        """
        place = {name: i for i, name in enumerate(self.ids)}
        unknown = [name for name in ids if name not in place]
        if unknown:
            raise InputError(f"no counts of the recordings {', '.join(unknown[:5])}")
        order = [place[name] for name in ids]
        return Scored(
            ids=tuple(ids),
            conditions=tuple(self.conditions[i] for i in order),
            vocabulary=self.vocabulary,
            parts={name: one.select(order) for name, one in self.parts.items()},
            notes=self.notes.select(order),
            other={name: own.select(order) for name, own in self.other.items()},
            cost=self.cost,
            note_calibration=(
                None if self.note_calibration is None else self.note_calibration.select(order)
            ),
        )

    def save(self, path: str | Path) -> None:
        """Write an ``.npz`` file, atomically; no pickle is in it.

        Raises
        ------
        InputError
            If it cannot be written there.
        """
        cost = [np.nan if one is None else float(one) for one in vars(self.cost).values()]
        arrays: dict[str, NDArray[Any]] = {
            "format": np.array(f"{BEGINS}{FORMAT}"),
            "ids": np.array(self.ids, dtype=np.str_),
            "conditions": np.array(self.conditions, dtype=np.str_),
            "pitches": np.array(self.vocabulary.pitches, dtype=np.int64),
            "sounding_offset": np.array(self.vocabulary.sounding_offset, dtype=np.int64),
            "middle_c": np.array(self.vocabulary.middle_c),
            "cost": np.array(cost, dtype=np.float64),
            **_flat("notes", self.notes),
        }
        if self.note_calibration is not None:
            arrays |= _flat(SURE, self.note_calibration)
        for name, counts in self.parts.items():
            arrays |= _flat(name, counts)
        arrays |= {f"{OTHER}{name}": own.sums for name, own in self.other.items()}
        with atomic_path(Path(path)) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | Path) -> Scored:
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If the file is missing, broken, or something else.
        """
        arrays = _arrays(Path(path))
        with reading(Path(path), "counts of a model", "make them again"):
            other = {k.removeprefix(OTHER): v for k, v in arrays.items() if k.startswith(OTHER)}
            named = [key for key in arrays if "." in key and not key.startswith(OTHER)]
            names = list(dict.fromkeys(key.split(".")[0] for key in named))
            return cls(
                ids=tuple(arrays["ids"].tolist()),
                conditions=tuple(arrays["conditions"].tolist()),
                vocabulary=Vocabulary(
                    tuple(arrays["pitches"].tolist()),
                    int(arrays["sounding_offset"]),
                    str(arrays["middle_c"]),
                ),
                parts={
                    n: _whole(FrameStatistics, n, arrays) for n in names if n not in ("notes", SURE)
                },
                notes=_whole(NoteStatistics, "notes", arrays),
                other={name: RecordingStatistics(sums) for name, sums in other.items()},
                cost=_cost(arrays["cost"].tolist()),
                note_calibration=(
                    _whole(NoteCalibrationStatistics, SURE, arrays) if SURE in names else None
                ),
            )


def scores_of(counts: FrameStatistics, weights: Floats) -> dict[str, Floats]:
    """Compute all scores of every row of weights; without histograms, those that need none."""
    if counts.right.shape[1] == 0:
        return counts.quick_metrics_of(weights)
    return counts.metrics_of(weights)


def _mean_cost(costs: Sequence[Cost]) -> Cost:
    """The mean cost of one model of several; None where one of them does not know it."""
    values = zip(*(vars(cost).values() for cost in costs), strict=True)
    means = [None if None in column else float(np.mean(column)) for column in values]
    return _cost([np.nan if mean is None else mean for mean in means])


def _flat(prefix: str, counts: SufficientStatistics) -> dict[str, NDArray[Any]]:
    names = counts.stored_names()
    return {f"{prefix}.{stored}": getattr(counts, name) for name, stored in names.items()}


def _whole(kind: type[Counts], prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Counts:
    """Counts from the arrays of a file; every one must hold the file's recordings."""
    found = {n: arrays[f"{prefix}.{stored}"] for n, stored in kind.stored_names().items()}
    recordings = arrays["ids"].shape[0]
    for name, array in found.items():
        if array.ndim < 1 or array.shape[0] != recordings:
            raise ValueError(f"{prefix}.{name} is not of {recordings} recordings")
    return kind(**found)


def _cost(values: Sequence[float]) -> Cost:
    seconds, memory, parameters, training = (None if np.isnan(v) else v for v in values)
    return Cost(seconds, memory, None if parameters is None else int(parameters), training)


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a file that begins as ours do."""
    alien = InputError(f"{path}: not the counts of a model, as Scored.save writes them")
    arrays = read_arrays(path, "counts of a model")
    written = str(arrays.get("format"))
    if not written.startswith(BEGINS):
        raise alien
    check_version(written.removeprefix(BEGINS), FORMAT, str(path))
    return arrays
