"""Records of the scores: all that the program knows of each, in one line.

From the record come the name in JSON files, the order of their fields, the label of tables and
axes, which direction is better where two models are compared, and how large a difference can be.
The scores that ship are listed in :data:`SHIPPED`; a score that is not among them and not
registered is an error wherever it is asked for by name.

A score is computed from **sums over recordings**, so that a thousand resamples of recordings are a
matrix product (:mod:`bayes_a2m.metrics.sufficient_statistics`). The kernel of a record takes those
sums; which sums, its family says:

- ``frames``, ``calibration``: :class:`~bayes_a2m.metrics.sums.FrameSums` to ``(S,)``;
- ``class``, ``class_calibration``: the same to ``(S, class)``;
- ``notes``: :class:`~bayes_a2m.metrics.sums.NoteSums` to ``(S,)``;
- ``note_calibration``: none; :class:`~bayes_a2m.metrics.note_calibration.NoteCalibrationStatistics`
  gives these scores, and ``note_ece`` of the family before, by their names;
- ``recording``: sums that the score defines itself, for scores of other packages.

A score of another package brings two functions. ``statistics(posterior, labels)`` is called once
for each recording, with the :class:`~bayes_a2m.prediction.posterior.FramePosterior` of that
recording alone (all its draws, recalibrated) and the class of every frame ``(frames,)``; it gives a
vector ``(S,)`` of sums that may be added over recordings. The ``kernel`` makes the score from such
a vector, summed over recordings; nan where it is undefined. Registered
(:mod:`bayes_a2m.registry`), it stands in ``metrics.json``, comparisons and tables, with intervals
from resampling recordings.

>>> def changes(posterior, labels):
...     predicted = posterior.of(0).argmax(axis=1)
...     return [(predicted[1:] != predicted[:-1]).sum(), (labels[1:] != labels[:-1]).sum()]
>>> flicker = Metric(
...     "flicker", "changes per true change", lambda sums: sums[0] / sums[1], "lower", (0, inf),
...     family="recording", statistics=changes)
>>> flicker.largest_difference
inf
>>> metric_named("nll").label, metric_named("nll").better
('NLL', 'lower')
>>> metric_named("acuracy")
Traceback (most recent call last):
    ...
bayes_a2m.errors.InputError: no metric called 'acuracy' (did you mean 'accuracy'?); ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any, ClassVar, Literal, TypeAlias

from bayes_a2m.errors import InputError, suggest
from bayes_a2m.metrics import scores as s
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.registry import get, names

Better: TypeAlias = Literal["higher", "lower"]

Family: TypeAlias = Literal[
    "frames",
    "notes",
    "note_calibration",
    "class",
    "calibration",
    "class_calibration",
    "recording",
]

Kernel: TypeAlias = Callable[[Any], Any]
"""From sums to the score; the family of a metric says what sums."""

Statistics: TypeAlias = Callable[[Any, Any], Any]
"""From one recording's posterior and labels to a vector of sums."""


@dataclass(frozen=True)
class Metric:
    """One score.

    Attributes
    ----------
    name
        What files call it.
    label
        What tables, axes and sentences call it.
    kernel
        From sums to the score; None where its statistics give it by its name.
    better
        Which values are the better ones.
    range
        The smallest and the largest value there can be.
    unit
        "" where it has none.
    family
        What it is a score of, and what sums its kernel reads.
    histograms
        Whether it needs the histograms of confidence, which are not kept for subgroups.
    statistics
        Sums of one recording, for the family ``recording``.

    Raises
    ------
    InputError
        If a metric of the family ``recording`` has no statistics, or another has.
    """

    group: ClassVar[str] = "metrics"

    name: str
    label: str
    kernel: Kernel | None
    better: Better
    range: tuple[float, float] = (0.0, 1.0)
    unit: str = ""
    family: Family = "frames"
    histograms: bool = False
    statistics: Statistics | None = None

    def __post_init__(self) -> None:
        if (self.family == "recording") != (self.statistics is not None):
            raise InputError(
                f"metric {self.name}: 'statistics' go with family 'recording', and only with it"
            )

    @property
    def largest_difference(self) -> float:
        """Largest possible difference of two values."""
        return self.range[1] - self.range[0]

    @property
    def heading(self) -> str:
        """The label with the unit, where there is one."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


_notes = partial(Metric, family="notes")
_sure = partial(Metric, family="note_calibration")
_class = partial(Metric, family="class")
_calibration = partial(Metric, family="calibration")
_more = partial(Metric, family="class_calibration")

SHIPPED: tuple[Metric, ...] = (
    Metric("accuracy", "accuracy", s.accuracy, "higher"),
    Metric("macro_f1", "macro F1", s.macro_f1, "higher"),
    Metric("nll", "NLL", s.nll, "lower", (0, inf), "nats per frame"),
    Metric("brier", "Brier score", s.brier, "lower", (0, 2)),
    Metric("ece", "ECE", s.ece, "lower"),
    Metric("adaptive_ece", "adaptive ECE", s.adaptive_ece, "lower", histograms=True),
    Metric("classwise_ece", "classwise ECE", s.classwise_ece, "lower"),
    Metric("smooth_ece", "smooth ECE", s.smooth_ece, "lower", histograms=True),
    Metric("aurc", "AURC", s.aurc, "lower", histograms=True),
    Metric("error_auroc", "AUROC of errors", s.error_auroc, "higher", histograms=True),
    _notes("note_onset_f1_50ms", "note onset F1 within 50 ms", s.note_onset_f1_50ms, "higher"),
    _notes("note_onset_f1_100ms", "note onset F1 within 100 ms", s.note_onset_f1_100ms, "higher"),
    _notes("note_onset_offset_f1", "note onset and offset F1", s.note_onset_offset_f1, "higher"),
    _notes("note_ece", "ECE of notes", None, "lower"),
    _sure("note_ece_debiased", "ECE of notes, debiased", None, "lower", (-1, 1)),
    _sure("note_brier", "Brier score of notes", None, "lower", (0, inf)),
    _sure("note_auroc", "AUROC of right notes", None, "higher"),
    _class("precision", "precision", s.precision, "higher"),
    _class("recall", "recall", s.recall, "higher"),
    _class("false_positives", "false positives", s.false_positives, "lower", (0, inf), "frames"),
    _class("false_negatives", "false negatives", s.false_negatives, "lower", (0, inf), "frames"),
    _class("classwise_ece", "calibration error", s.class_ece, "lower"),
    _class("trust", "precision", s.precision, "higher"),
    _calibration("mce", "maximum calibration error", s.mce, "lower"),
    _calibration("top_label_ece", "top-label ECE", s.top_label_ece, "lower"),
    _calibration("ks", "KS error", s.ks, "lower", histograms=True),
    _calibration("kuiper", "Kuiper error", s.kuiper, "lower", histograms=True),
    _calibration("excess_aurc", "excess AURC", s.excess_aurc, "lower", histograms=True),
    _calibration("error_fpr95", "FPR95 of errors", s.error_fpr95, "lower", histograms=True),
    _calibration("brier_reliability", "Brier reliability", s.brier_reliability, "lower", (0, 2)),
    _calibration("brier_resolution", "Brier resolution", s.brier_resolution, "higher", (0, 2)),
    _calibration("brier_uncertainty", "Brier uncertainty", s.brier_uncertainty, "lower", (0, 2)),
    _more("trust_ece", "ECE where predicted", s.trust_ece, "lower"),
    _more("classwise_adaptive_ece", "adaptive ECE", s.class_adaptive, "lower", histograms=True),
    _more("classwise_ks", "KS error", s.class_ks, "lower", histograms=True),
    _more("classwise_kuiper", "Kuiper error", s.class_kuiper, "lower", histograms=True),
    _more("classwise_brier", "Brier score", s.class_brier, "lower"),
    _more("brier_reliability", "Brier reliability", s.class_brier_reliability, "lower"),
    _more("brier_resolution", "Brier resolution", s.class_brier_resolution, "higher"),
    _more("brier_uncertainty", "Brier uncertainty", s.class_brier_uncertainty, "lower"),
)  # fmt: skip
"""The scores that ship, in the order in which files list them."""


def metrics_of(*families: Family) -> tuple[Metric, ...]:
    """The metrics of some families, in order."""
    return tuple(metric for metric in SHIPPED if metric.family in families)


def evaluated(metrics: Iterable[Metric], sums: object) -> dict[str, Floats]:
    """Name to score of the metrics that are computed, from the sums of their family."""
    return {m.name: m.kernel(sums) for m in metrics if m.kernel is not None}


def registered() -> tuple[Metric, ...]:
    """The metrics that other packages brought, or that were registered in this process.

    Raises
    ------
    InputError
        If one has the name of a metric that ships.
    """
    found = tuple(get("metrics", name) for name in names("metrics"))
    for metric in found:
        if any(metric.name == known.name for known in SHIPPED):
            raise InputError(
                f"metric {metric.name!r} ships with bayes_a2m; give the registered one another name"
            )
    return found


def headline() -> tuple[Metric, ...]:
    """The scores of a model as a whole: of frames, of notes, and those of other packages."""
    return (*metrics_of("frames", "notes"), *registered())


def metric_named(name: str, *families: Family) -> Metric:
    """The metric of this name.

    Parameters
    ----------
    name
        What files call it.
    families
        Where to look, since a few names stand for a model and for a class; anywhere by default.

    Raises
    ------
    InputError
        If there is none.
    """
    known = [m for m in (*SHIPPED, *registered()) if not families or m.family in families]
    for metric in known:
        if metric.name == name:
            return metric
    near = suggest(name, [metric.name for metric in known])
    raise InputError(
        f"no metric called {name!r}{near}; a metric of another package must be registered first"
    )
