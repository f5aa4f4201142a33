"""Arguments of figures: axes, predictions, labels; mistakes get a line with the mend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from bayes_a2m.errors import InputError, suggest

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from bayes_a2m.evaluation.note_results import NoteResults
    from bayes_a2m.metrics.inputs import Ints
    from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
    from bayes_a2m.music import FrameGrid, Note, Vocabulary
    from bayes_a2m.prediction.posterior import FramePredictive

Labels: TypeAlias = "Sequence[ArrayLike] | ArrayLike"
"""Class of every frame: an array ``(frames,)`` a recording; or one array, of one recording."""


def axes_or_new(ax: Axes | None, width: float, height: float) -> Axes:
    """The axes to draw on; new ones of a figure that is laid out when it is drawn."""
    from matplotlib.axes import Axes

    if ax is None:
        from bayes_a2m.reporting import style

        figure = style.new_figure(width, height)
        figure.set_layout_engine("constrained")
        return figure.add_subplot()
    if not isinstance(ax, Axes):
        raise InputError(
            f"ax is {_kind(ax)}, not matplotlib axes: pass one of those that plt.subplots() gives"
        )
    return ax


def _kind(given: object) -> str:
    name = type(given).__name__
    return "None" if given is None else f"{'an' if name[:1] in 'AEIOaeio' else 'a'} {name}"


def not_this(given: object, where: str, wanted: str) -> InputError:
    """The line for an argument of another kind, with what would make the right one of it."""
    hint = ""
    if hasattr(given, "predict"):
        hint = "; call predict(data) of the model first"
    elif hasattr(given, "recordings"):
        hint = "; a data set has no probabilities: pass model.predict(data)"
    elif isinstance(given, list | tuple) or hasattr(given, "__array__"):
        hint = "; wrap probabilities of another model in FramePosterior.from_probs([...])"
    elif isinstance(given, str | Path):
        hint = "; a path is not read here: load a model and predict"
    return InputError(f"{where} takes {wanted}, not {_kind(given)}{hint}")


def labelled(post: object, labels: Labels | None, where: str) -> tuple[FramePredictive, list[Ints]]:
    """Predictions and their labels, checked."""
    import numpy as np

    from bayes_a2m.evaluation.evaluation import Evaluation
    from bayes_a2m.prediction.posterior import FramePredictive

    if isinstance(post, Evaluation):
        raise InputError(
            f"{where} needs every frame, which an Evaluation does not keep: pass the "
            "FramePosterior and its labels"
        )
    if not isinstance(post, FramePredictive):
        raise not_this(post, where, "a FramePosterior and labels")
    if labels is None:
        raise InputError(f"{where} needs labels beside predictions: pass data.labels_on(post.grid)")
    if hasattr(labels, "labels_on"):
        raise InputError(f"{where} takes labels, not a data set: pass data.labels_on(post.grid)")
    given = [labels] if isinstance(labels, np.ndarray) and labels.ndim == 1 else list(labels)  # type: ignore[arg-type]
    if len(given) != len(post):
        raise InputError(
            f"{where}: labels of {len(given)} recordings for {len(post)} predicted ones; pass an "
            "array (frames,) for every recording of the posterior"
        )
    truth = []
    for name, length, own in zip(post.ids, post.lengths, given, strict=True):
        array = np.asarray(own)
        if array.dtype.kind not in "iu" or array.ndim != 1:
            raise InputError(
                f"{where}: the labels of {name} are {array.dtype} of shape {array.shape}; pass "
                "class numbers (frames,), 0 for silence, as data.labels_on(post.grid) gives"
            )
        if array.shape[0] != length:
            raise InputError(
                f"{where}: {array.shape[0]} labels for the {length} frames of {name}; are they on "
                "the grid of the posterior? pass data.labels_on(post.grid)"
            )
        truth.append(array.astype(np.int64))
    return post, truth


def counts_and_names(
    post: object, labels: Labels | None, where: str
) -> tuple[FrameStatistics, tuple[str, ...]]:
    """The statistics of every recording, and the names of the classes."""
    from bayes_a2m.evaluation.evaluation import Evaluation
    from bayes_a2m.reporting.figures import counts_of

    if isinstance(post, Evaluation):
        if labels is not None:
            raise InputError(f"{where}: an Evaluation has its labels already; leave them out")
        return post.frames, post.vocabulary.names
    predicted, truth = labelled(post, labels, where)
    return counts_of(predicted, truth), predicted.vocabulary.names


def note_results_of(post: object) -> NoteResults:
    """The scores of the probabilities of notes of an evaluation."""
    import numpy as np

    from bayes_a2m.evaluation.evaluation import Evaluation
    from bayes_a2m.evaluation.note_results import note_results
    from bayes_a2m.resampling.bootstrap import resample_weights

    if not isinstance(post, Evaluation):
        raise not_this(post, "plot.reliability of notes", "an Evaluation")
    if post.sure is None:
        raise InputError(
            "plot.reliability of notes: this Evaluation knows no probabilities of notes; evaluate "
            "a model that has a note model"
        )
    weights = resample_weights(len(post.ids), 1000, np.random.default_rng(0))
    return note_results(post.sure, weights)


def class_number(name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise InputError(
            f"there is no class {name!r}{suggest(name, names)}; there are: {', '.join(names)}"
        )
    return list(names).index(name)


def recording_number(post: FramePredictive, recording: int | str) -> int:
    """The number of a recording."""
    if isinstance(recording, str):
        if recording not in post.ids:
            raise InputError(f"there is no recording {recording!r}{suggest(recording, post.ids)}")
        return post.ids.index(recording)
    if not 0 <= recording < len(post):
        raise InputError(f"there is no recording {recording}: there are 0 to {len(post) - 1}")
    return recording


def reference_notes(
    labels: Any, grid: FrameGrid, vocabulary: Vocabulary, recording: int, recordings: int
) -> tuple[Note, ...]:
    """The reference notes: those given, or the runs of labels that are no silence."""
    import numpy as np

    from bayes_a2m.music import Note
    from bayes_a2m.music.notes import from_labels

    if labels is None:
        return ()
    if hasattr(labels, "labels_on"):
        raise InputError("plot.roll takes labels, not a data set: pass data.labels_on(post.grid)")
    given = list(labels)
    if all(isinstance(one, Note) for one in given):
        return tuple(given)
    if np.ndim(given[0]) == 0:
        own = np.asarray(given)
    elif len(given) == recordings:
        own = np.asarray(given[recording])
    else:
        raise InputError(
            f"plot.roll: labels of {len(given)} recordings for {recordings}; pass those of every "
            "recording, or those of the one that is drawn"
        )
    if own.dtype.kind not in "iu" or own.ndim != 1:
        raise InputError("plot.roll: labels are class numbers (frames,), 0 for silence, or notes")
    if own.size and not 0 <= own.min() <= own.max() < len(vocabulary):
        raise InputError(f"plot.roll: labels are 0 to {len(vocabulary) - 1}, not {own.max()}")
    return tuple(from_labels(own, grid, vocabulary))
