"""Figures on axes of your own: ``a2m.plot.reliability(post, labels, ax=ax)``.

Every function draws on ``ax`` (or on new axes of a figure of its own) and returns the axes; the
figures of the report are drawn by the same code. Labels are what ``data.labels_on(post.grid)``
gives: an array ``(frames,)`` a recording. Nothing is drawn through pyplot, so axes that come from
``plt.subplots()`` and those of a plain ``Figure`` serve alike; ``ax.figure`` shows itself in a
notebook, and ``ax.figure.savefig("figure.svg")`` writes it. Whole figures with their captions are
in :mod:`bayes_a2m.reporting.figures`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_a2m.errors import InputError, suggest
from bayes_a2m.plot.arguments import (
    Labels,
    axes_or_new,
    class_number,
    counts_and_names,
    labelled,
    not_this,
    note_results_of,
    recording_number,
    reference_notes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bayes_a2m.comparison.compare import Comparison
    from bayes_a2m.decoding.note_posterior import NotePosterior
    from bayes_a2m.diagnostics.monte_carlo import DrawsCurve
    from bayes_a2m.evaluation.evaluation import Evaluation
    from bayes_a2m.evaluation.note_results import NoteResults
    from bayes_a2m.music import Note
    from bayes_a2m.prediction.posterior import FramePosterior, FramePredictive

__all__ = ["boundaries", "comparison", "confusion", "draws", "ecdf", "reliability", "roll"]


def roll(
    post: FramePosterior | NotePosterior,
    labels: Labels | Sequence[Note] | None = None,
    ax: Axes | None = None,
    *,
    recording: int | str = 0,
) -> Axes:
    """Draw a piano roll: how likely every pitch, or every note, is, over the reference in amber.

    Parameters
    ----------
    post
        A ``FramePosterior``, whose probabilities are drawn as opacity; or a ``NotePosterior``
        (``model.notes(post)``), whose notes are, with whiskers for 90 % intervals of their onsets.
    labels
        The reference: labels of the frames, or the notes of the recording; none where None.
    ax
        Where to draw; new axes where None.
    recording
        The recording of a ``FramePosterior``: its number or its id.

    Raises
    ------
    InputError
        If it is no posterior, there is no such recording, or labels do not go with it.
    """
    from bayes_a2m.decoding.note_posterior import NotePosterior
    from bayes_a2m.prediction.posterior import FramePredictive
    from bayes_a2m.reporting.piano_roll import draw_roll, hypotheses_notes, pitches_of
    from bayes_a2m.reporting.roll import draw_probability_roll

    if isinstance(post, NotePosterior):
        notes = hypotheses_notes(post.hypotheses)
        reference = reference_notes(labels, post.grid, post.vocabulary, 0, 1)
        axes = axes_or_new(ax, 7.2, 1.9)
        pitches = pitches_of(post.vocabulary, post.notes, reference)
        draw_roll(axes, notes, pitches, post.vocabulary, reference=reference)
        axes.set_xlim(0, post.duration)
    elif isinstance(post, FramePredictive):
        index = recording_number(post, recording)
        reference = reference_notes(labels, post.grid, post.vocabulary, index, len(post))
        axes = axes_or_new(ax, 7.2, 1.9)
        draw_probability_roll(axes, post, index, reference)
        axes.set_xlim(0, post.grid.seconds(int(post.lengths[index])))
    else:
        raise not_this(post, "plot.roll", "a FramePosterior or a NotePosterior")
    axes.set_xlabel("time (s)", fontsize=8)
    return axes


def reliability(
    post: FramePredictive | Evaluation | NoteResults,
    labels: Labels | None = None,
    ax: Axes | None = None,
    *,
    of: str | None = None,
    kind: str = "rest",
) -> Axes:
    """Draw a reliability diagram: whether a confidence of 0.8 is right eight times in ten.

    Parameters
    ----------
    post
        Predictions with their labels; an ``Evaluation``, which has its own; or the scores of notes
        (``evaluation`` of a model with a note model, its ``metrics.json`` under ``notes``).
    labels
        Class of every frame, an array a recording; None for an ``Evaluation``.
    ax
        Where to draw; new axes where None.
    of
        The class, or ``"notes"``, of an ``Evaluation`` that knows the probabilities of notes; the
        predicted class, whichever it is, where None.
    kind
        Of a class: against the ``rest``, over all frames; or where it is ``called``.

    Raises
    ------
    InputError
        If labels are missing or do not go with the posterior, or there is no such class.
    """
    from bayes_a2m.diagnostics.reliability import (
        class_reliability,
        predicted_reliability,
        top_reliability,
    )
    from bayes_a2m.evaluation.note_results import NoteResults
    from bayes_a2m.reporting import style
    from bayes_a2m.reporting.note_reliability import draw_note_reliability
    from bayes_a2m.reporting.reliability import KINDS, SHARES, WORDS, draw_reliability

    if of == "notes":
        post = note_results_of(post)
    if isinstance(post, NoteResults):
        axes = axes_or_new(ax, 3.5, 3.2)
        draw_note_reliability(axes, post)
        axes.set_xlim(0, 1)
        style.dress(axes, x="predicted probability of a note")
        return axes
    counts, names = counts_and_names(post, labels, "plot.reliability")
    if kind not in KINDS:
        raise InputError(f"no reliability diagram called {kind!r}{suggest(kind, KINDS)}")
    words, share = "confidence: probability of the predicted class", "accuracy"
    diagram, colour = None, style.BLUE
    if of is None:
        diagram = top_reliability(counts)
    else:
        index = class_number(of, names)
        make = class_reliability if kind == "rest" else predicted_reliability
        diagram, words, share = make(counts, index), WORDS[kind], SHARES[kind]
        colour = style.class_colours(len(names))[index]
    axes = axes_or_new(ax, 3.5, 3.2)
    draw_reliability(axes, diagram, colour)
    axes.set_xlim(0, 1)
    style.dress(axes, x=words, y=share, title=of or "")
    return axes


def confusion(
    post: FramePredictive | Evaluation, labels: Labels | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the confusion matrix: rows are the true class, columns the predicted class.

    Parameters
    ----------
    post
        Predictions with their labels; or an ``Evaluation``, which has its own.
    labels
        Class of every frame, an array a recording; None for an ``Evaluation``.
    ax
        Where to draw; new axes where None.

    Raises
    ------
    InputError
        If labels are missing or do not go with the posterior.
    """
    from bayes_a2m.reporting.confusion import draw_confusion

    counts, names = counts_and_names(post, labels, "plot.confusion")
    axes = axes_or_new(ax, 3.5, 2.9)
    draw_confusion(axes, counts.confusion.sum(axis=0), names)
    return axes


def ecdf(
    post: FramePredictive,
    labels: Labels | None = None,
    ax: Axes | None = None,
    *,
    quantity: str = "confidence",
    by: str = "right",
    seed: int = 0,
) -> Axes:
    """Draw the distribution of a quantity in groups of frames, with bands by recording.

    Parameters
    ----------
    post
        Predictions.
    labels
        Class of every frame, an array a recording.
    ax
        Where to draw; new axes where None.
    quantity
        ``confidence``, ``variance``, ``class_variance``, ``entropy`` or ``mutual_information``.
    by
        ``right`` (right and wrong frames), ``class`` (true) or ``called`` (predicted class).
    seed
        The seed of the resampling of recordings.

    Raises
    ------
    InputError
        If labels are missing or do not go with the posterior, or a name is unknown.
    """
    import numpy as np

    from bayes_a2m.diagnostics.ecdf import ecdfs_of
    from bayes_a2m.reporting.ecdf import draw_ecdf

    predicted, truth = labelled(post, labels, "plot.ecdf")
    generator = np.random.default_rng(seed)
    curves = ecdfs_of(predicted, truth, quantity, by=by, generator=generator)
    axes = axes_or_new(ax, 3.5, 2.9)
    draw_ecdf(axes, curves, quantity=quantity, names=predicted.vocabulary.names)
    return axes


def boundaries(
    post: FramePredictive, labels: Labels | None = None, ax: Axes | None = None, *, seed: int = 0
) -> Axes:
    """Draw accuracy and mean confidence of frames by their distance from a note boundary.

    Parameters
    ----------
    post
        Predictions.
    labels
        Class of every frame, an array a recording.
    ax
        Where to draw; new axes where None.
    seed
        The seed of the resampling of recordings.

    Raises
    ------
    InputError
        If labels are missing or do not go with the posterior, or never change.
    """
    from bayes_a2m.reporting.boundaries import boundary_curve, draw_boundaries

    predicted, truth = labelled(post, labels, "plot.boundaries")
    curve = boundary_curve(predicted, truth, seed=seed)
    axes = axes_or_new(ax, 3.5, 2.7)
    draw_boundaries(axes, curve)
    return axes


def draws(
    post: FramePosterior | Mapping[str, FramePosterior] | Mapping[str, DrawsCurve],
    labels: Labels | None = None,
    ax: Axes | None = None,
    *,
    score: str = "nll",
) -> Axes:
    """Draw a score against the number of draws: whether they are enough.

    Parameters
    ----------
    post
        Predictions with at least two draws; several by the name of their method; or curves of
        ``a2m.calibration.draws_curve`` by that name, which need no labels.
    labels
        Class of every frame, an array a recording.
    ax
        Where to draw; new axes where None.
    score
        ``nll``, ``brier`` or ``ece``.

    Raises
    ------
    InputError
        If labels are missing or do not go with a posterior, or it has one draw only.
    """
    from bayes_a2m.diagnostics.monte_carlo import DrawsCurve, draws_curve
    from bayes_a2m.reporting.draws import draw_curves

    curves: dict[str, DrawsCurve] = {}
    for name, own in (post if isinstance(post, Mapping) else {"draws": post}).items():
        if isinstance(own, DrawsCurve):
            curves[name] = own
            continue
        predicted, truth = labelled(own, labels, "plot.draws")
        shape = getattr(predicted, "log_probs", None)
        if shape is None or shape.shape[0] * shape.shape[1] < 2:
            raise InputError(
                f"plot.draws: {name} has no draws to choose from; pass a posterior of several: "
                "DeepEnsemble, Laplace, MCDropout, ..."
            )
        curves[name] = draws_curve(predicted, truth, score=score)  # type: ignore[arg-type]
    if not curves:
        raise InputError("plot.draws: there is nothing to draw; pass a FramePosterior and labels")
    axes = axes_or_new(ax, 3.5, 2.7)
    draw_curves(axes, curves)
    return axes


def comparison(
    one: Comparison | Evaluation | str | Path,
    other: Evaluation | None = None,
    ax: Axes | None = None,
    *,
    metric: str = "nll",
    names: tuple[str, str] = ("one", "other"),
) -> Axes:
    """Draw the differences of two sides by subgroup, with 95 % intervals.

    Parameters
    ----------
    one
        A ``Comparison``, the path of its JSON file (``bayes-a2m compare --out``), or the
        ``Evaluation`` of one side.
    other
        The other side's, of the same recordings, where ``one`` is an ``Evaluation``.
    ax
        Where to draw; new axes where None.
    metric
        The name of the score.
    names
        What the sides are called, where evaluations are given.

    Raises
    ------
    InputError
        If it is nothing of these, or there is no such metric.
    """
    from bayes_a2m.comparison.compare import Comparison, compare
    from bayes_a2m.comparison.model_counts import Scored
    from bayes_a2m.evaluation.evaluation import Evaluation
    from bayes_a2m.reporting import style
    from bayes_a2m.reporting.comparison import draw_comparison, places_of

    if isinstance(one, str | Path):
        one = Comparison.read(Path(one))
    if isinstance(one, Evaluation):
        if not isinstance(other, Evaluation):
            raise not_this(other, "plot.comparison", "two Evaluations of the same recordings")
        one = compare([Scored.of(one)], [Scored.of(other)], names=names)
    if not isinstance(one, Comparison):
        raise not_this(one, "plot.comparison", "a Comparison, or two Evaluations")
    axes = axes_or_new(ax, 3.5, 0.95 + 0.2 * len(places_of(one)))
    draw_comparison(axes, one, metric)
    style.say(axes, " − ".join(style.label(name) for name in one.names))
    return axes
