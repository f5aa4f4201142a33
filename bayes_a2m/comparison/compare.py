"""Paired comparison of two sides, each of one model or of several trained from different seeds.

The question is whether one side is better than the other, and how sure one can be.

The task: models of two sides (a one-stage and a two-stage design, say; or just two models) were
scored on the same recordings. Their scores differ. Would they still, on other recordings of the
kind and with other seeds?

Comparisons are **paired**: every model is scored on the same recordings, in the same resamples of
them, so what makes a recording easy or hard for both sides cancels. A side has one model or
several, trained from different seeds; its score is the mean of theirs. The difference
``d = mean_a m_a - mean_b m_b`` then varies for two reasons, and both count:

- **Recordings.** Those at hand are a sample, and frames of one recording err together. So whole
  recordings are drawn with replacement (a cluster bootstrap: Davison and Hinkley, "Bootstrap
  methods and their application", 1997, section 3.8), with the same weights for all models of both
  sides. ``V_recordings`` is the variance of ``d`` over resamples, times R / (R - 1), since a
  resample of R recordings has the spread of R, not of R - 1: of a mean it is then exactly the
  squared standard error. It has R - 1 degrees of freedom. Where recordings were cut from one
  take, takes can be drawn in their place (``takes``): recordings of a take err together, too.
- **Seeds.** Another seed gives another model: an effect that resampling recordings cannot see,
  and often as large. Where both sides have equally many models, they are **paired by seed**, in
  the order given, since a seed draws the same tuning part and start on either side:
  ``V_seeds = var(d_s) / S`` with S - 1 degrees of freedom. (Pairs that share nothing do no harm:
  of independent models this is right as well, with fewer degrees of freedom.) Otherwise it is
  ``var_A / S_A + var_B / S_B`` (Welch, "The generalization of 'Student's' problem when several
  different population variances are involved", Biometrika 34, 1947). A side with one model adds
  nothing: the claim is then about that model, and not about its design, and the sentence says so.

The interval is ``d ± t sqrt(V_recordings + V_seeds)``, where t has the degrees of freedom of a sum
of independent variances (Satterthwaite, "An approximate distribution of estimates of variance
components", Biometrics Bulletin 2, 1946): those of the smaller sample where its part is the larger
one. **Three seeds have two**, so where seeds decide, an interval of three a side is wide, as it
should be; it is cut where no difference can lie (two accuracies differ by 1 at most). The
probability that one side is better is that of the same distribution: the probability, given
these data and no opinion beforehand, that the difference lies on the good side of zero.

The two variances each hold the part that belongs to a recording *and* a seed (this seed does badly
on that recording), so their sum has it twice: intervals err to the wide side, by a factor of
sqrt(2) at most (Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007,
https://arxiv.org/abs/0712.1111, finds the same of a bootstrap of both). That part could be
estimated and taken off; then intervals of three seeds hold as few as 89 % in simulations.

As it is, simulated models whose difference is known are covered in 92 to 99 % of the repetitions
with three or five seeds a side, whichever part is the larger. With two it can be 87 %: a variance
from two is so uncertain that nothing mends it, so take three. With the seeds left out it was 40 to
72 %, and intervals from independent frames hold less still (``tests/comparison/test_compare.py``).

What to keep in mind:

- Every interval is for its own score. **Classes, conditions, places and stages are many**, and one
  interval in twenty excludes zero where nothing differs: such findings are hints to follow up.
- A calibration error is biased upwards, the more so the fewer the frames (see
  :mod:`bayes_a2m.resampling.bootstrap`); of two models on the same frames most of that cancels,
  not all.
- Conditions are compared within themselves: recordings of the condition are resampled.
- The recordings are the population: another singer or room is not covered by any interval here.

>>> from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
>>> from bayes_a2m.metrics.notes import NoteStatistics
>>> from bayes_a2m.music import Vocabulary
>>> def scored(*hits: int) -> Scored:  # of ten frames in each recording
...     probs = [[[0.8, 0.2]] * n + [[0.2, 0.8]] * (10 - n) for n in hits]
...     frames = FrameStatistics.stack([FrameStatistics.of(p, [0] * 10) for p in probs])
...     ids = tuple(map(str, range(len(hits))))
...     conditions, notes = ("",) * len(hits), NoteStatistics(*[np.zeros(len(hits))] * 5)
...     return Scored(ids, conditions, Vocabulary((60,)), {"all": frames}, notes)
>>> same = compare([scored(9, 8, 7)], [scored(9, 8, 7)])
>>> same.metrics["accuracy"]
Difference(one=0.8, other=0.8, difference=0.0, low=0.0, high=0.0, probability_better=0.5, ...)
>>> compare([scored(9, 8, 9, 9)], [scored(6, 6, 6, 7)]).conclusions.can[1]
'one has a higher accuracy than other, by 0.250 [0.156, 0.344] (probability above 0.99).'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.comparison.conclusions import Conclusions, conclusions
from bayes_a2m.comparison.difference import Difference, difference
from bayes_a2m.comparison.model_counts import Scored, scores_of
from bayes_a2m.errors import InputError
from bayes_a2m.files.record import Count, Record
from bayes_a2m.metrics import stages
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.metric import headline, metrics_of
from bayes_a2m.metrics.note_calibration import NoteCalibrationStatistics
from bayes_a2m.resampling.bootstrap import of_distinct_rows, resample_weights

RESAMPLES = 1000
"""How often recordings are resampled where nothing else is said."""

Differences = dict[str, Difference]
"""Differences by the names of their metrics; those that do not exist are left out."""

Statistic = Callable[[Scored, Floats], Mapping[str, Floats]]
"""Scores of a model in every row of weights: name to ``(S,)`` or ``(S, class)``."""


class Comparison(Record):
    """Two sides, score by score: the content of ``compare.json``.

    Attributes
    ----------
    format_version
        The version of this file; raised when a reader must change.
    names, models
        What the sides are called, and how many models each has.
    recordings
        How many recordings both were scored on.
    takes
        How many takes these are, where whole takes were resampled; None: recordings were.
    paired_seeds
        Whether models were paired by seed.
    metrics
        Differences over all frames, and of notes.
    per_class, per_condition
        Differences by class and by condition; conditions without a name are left out.
    near_boundary, away_from_boundary
        Differences over the frames within 50 ms of a change of label, and over the others.
    stages
        Differences of silence or sound, and of the pitch given sound.
    can, cannot, hints
        What can be concluded, what cannot, and what was looked for among much, in sentences.
    sentence
        All of it as one paragraph.
    """

    format_version: Literal[1] = 1
    names: tuple[str, str]
    models: tuple[Count, Count]
    recordings: Count
    takes: Count | None = None
    paired_seeds: bool
    metrics: Differences
    per_class: dict[str, Differences]
    per_condition: dict[str, Differences]
    near_boundary: Differences
    away_from_boundary: Differences
    stages: dict[str, Differences]
    can: tuple[str, ...] = ()
    cannot: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    sentence: str = ""

    @property
    def conclusions(self) -> Conclusions:
        """The sentences that say what can be concluded and what cannot."""
        places = {
            "near boundaries": self.near_boundary,
            "away from boundaries": self.away_from_boundary,
        }
        return conclusions(
            names=self.names,
            models=self.models,
            recordings=self.recordings,
            metrics=self.metrics,
            parts={
                **{f"for {name}": own for name, own in self.per_class.items()},
                **{f"in condition {name}": own for name, own in self.per_condition.items()},
                **places,
                **{f"in stage {name}": own for name, own in self.stages.items()},
            },
        )

    def concluded(self) -> Comparison:
        """The same with its sentences."""
        found = self.conclusions
        said = {"can": found.can, "cannot": found.cannot, "hints": found.hints}
        return self.model_copy(update={**said, "sentence": found.sentence})


def compare(
    one: Sequence[Scored],
    other: Sequence[Scored],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    names: tuple[str, str] = ("one", "other"),
    takes: Mapping[str, str] | None = None,
) -> Comparison:
    """Compare two sides: every score's difference, ``one`` less ``other``, with its interval.

    Parameters
    ----------
    one, other
        The models of either side, from one seed or several; in the same order of seeds where
        they are equally many. All were scored on the same recordings, in any order.
    resamples, seed
        How often recordings are resampled, and the seed of that.
    names
        What the sides are called.
    takes
        The take of every recording, by id; whole takes are then resampled. A recording that has
        none is a take of its own.

    Raises
    ------
    InputError
        If a side has no model, or models have other recordings, references or pitches.
    """
    a, b = _aligned(one, other, names)
    units = take_numbers(a[0].ids, takes)
    pair = _Pair(a, b, resamples, seed, units)
    everyone = np.ones(len(a[0]), dtype=bool)
    conditions = np.array(a[0].conditions)
    return Comparison(
        names=names,
        models=(len(a), len(b)),
        recordings=len(a[0]),
        takes=None if takes is None else len(np.unique(units)),
        paired_seeds=len(a) == len(b) >= 2,
        metrics=pair.whole(everyone),
        per_class=pair.by_class(),
        per_condition={
            name: pair.whole(conditions == name) for name in sorted(set(a[0].conditions) - {""})
        },
        near_boundary=pair.part("near"),
        away_from_boundary=pair.part("away"),
        stages={name: pair.part(name) for name in stages.NAMES if name in a[0].parts},
    ).concluded()


def take_numbers(ids: Sequence[str], takes: Mapping[str, str] | None) -> NDArray[np.int64]:
    """Number the takes of recordings in the order in which they come.

    Parameters
    ----------
    ids
        The recordings.
    takes
        The take of every recording, empty where it has none; None: each is one of its own.

    >>> take_numbers(["1", "2", "3", "4"], {"1": "a", "2": "", "3": "a", "4": "b"})
    array([0, 1, 0, 2])
    """
    known: dict[tuple[str, str], int] = {}
    named = [("take", takes[i]) if takes and takes.get(i) else ("id", i) for i in ids]
    return np.array([known.setdefault(name, len(known)) for name in named], dtype=np.int64)


def take_weights(
    units: NDArray[np.int64], resamples: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Draw resamples of takes: how often each recording is drawn, with all of its take.

    Parameters
    ----------
    units
        The number of every recording's take, ``(R,)``.
    resamples
        Number of resamples S.
    generator
        Source of the draws.

    Returns
    -------
    ndarray, shape (S, R)
    """
    present, place = np.unique(units, return_inverse=True)
    return resample_weights(len(present), resamples, generator)[:, place]


class _Pair:
    """Both sides and the resamples; every score of every model is worked out once."""

    def __init__(
        self,
        one: Sequence[Scored],
        other: Sequence[Scored],
        resamples: int,
        seed: int,
        units: NDArray[np.int64],
    ) -> None:
        self.one, self.other = one, other
        self.resamples, self.seed = resamples, seed
        self.units = units
        self.everyone = np.ones(len(units), dtype=bool)

    def _count(self, which: NDArray[np.bool_]) -> int:
        """Number of takes that some recordings are of."""
        return len(np.unique(self.units[which]))

    def whole(self, which: NDArray[np.bool_]) -> Differences:
        """Differences over all frames and notes of some recordings."""

        count = self._count(which)
        noted = np.any([m.bearing("notes") for m in (*self.one, *self.other)], axis=0)
        frames = self._named(lambda m, w: scores_of(m.parts["all"].select(which), w), which, count)
        bearing = self._count(noted & which)
        notes = self._named(lambda m, w: m.notes.select(which).metrics_of(w), which, bearing)
        sure: Differences = {}
        if all(m.note_calibration is not None for m in (*self.one, *self.other)):
            sure = self._named(lambda m, w: _sure(m, which).metrics_of(w), which, bearing)
        others = self._named(lambda m, w: m.scores_of_others(which, w), which, count)
        return {**frames, **notes, **sure, **others}

    def part(self, name: str) -> Differences:
        """Differences over some frames of all recordings; none where there are no such frames."""
        if name not in self.one[0].parts:
            return {}
        bearing = self._count(self.one[0].bearing(name))
        if not bearing:
            return {}
        return self._named(lambda m, w: scores_of(m.parts[name], w), self.everyone, bearing)

    def by_class(self) -> dict[str, Differences]:
        """Differences of every class, on which the recordings bear that have it."""
        first = self.one[0]
        one, other = self._values(lambda m, w: m.parts["all"].per_class_of(w), self.everyone)
        having = first.parts["all"].confusion.sum(axis=2) > 0
        return {
            label: {
                metric.name: difference(
                    [v[metric.name][:, k] for v in one],
                    [v[metric.name][:, k] for v in other],
                    recordings=self._count(having[:, k]),
                    better=metric.better,
                    largest=metric.largest_difference,
                )
                for metric in metrics_of("class")
            }
            for k, label in enumerate(first.vocabulary.names)
        }

    def _named(self, statistic: Statistic, which: NDArray[np.bool_], bearing: int) -> Differences:
        one, other = self._values(statistic, which)
        return {
            metric.name: difference(
                [v[metric.name] for v in one],
                [v[metric.name] for v in other],
                recordings=bearing,
                better=metric.better,
                largest=metric.largest_difference,
            )
            for metric in (*headline(), *metrics_of("note_calibration"))
            if all(metric.name in v for v in (*one, *other))
        }

    def _values(
        self, statistic: Statistic, which: NDArray[np.bool_]
    ) -> tuple[list[Mapping[str, Floats]], list[Mapping[str, Floats]]]:
        """Scores of every model of both sides: in row 0 of all ``which``, then of resamples."""
        generator = np.random.default_rng(self.seed)
        drawn = take_weights(self.units[which], self.resamples, generator)
        weights = np.concatenate([np.ones((1, int(which.sum()))), drawn])
        # a model that is on both sides is the same on both, to the last bit
        known = {
            id(m): of_distinct_rows(partial(statistic, m), weights)
            for m in (*self.one, *self.other)
        }
        return [known[id(m)] for m in self.one], [known[id(m)] for m in self.other]


def _sure(model: Scored, which: NDArray[np.bool_]) -> NoteCalibrationStatistics:
    """The statistics of the probabilities of notes of some recordings."""
    assert model.note_calibration is not None
    return model.note_calibration.select(which)


def _aligned(
    one: Sequence[Scored], other: Sequence[Scored], names: tuple[str, str]
) -> tuple[list[Scored], list[Scored]]:
    """Both sides with all recordings in the order of the first model's, checked."""
    for name, side in zip(names, (one, other), strict=True):
        if not side:
            raise InputError(f"{name}: there is no model to compare")
    known: dict[int, Scored] = {}
    for name, side in zip(names, (one, other), strict=True):
        for i, model in enumerate(side, start=1):
            who = f"{name} (model {i} of {len(side)})" if len(side) > 1 else name
            if id(model) not in known:
                known[id(model)] = _as_first(model, one[0], who, names[0])
    return [known[id(m)] for m in one], [known[id(m)] for m in other]


def _as_first(model: Scored, first: Scored, name: str, first_name: str) -> Scored:
    """A model with the recordings in the order of the first's.

    Raises
    ------
    InputError
        If it was scored on other recordings or other references, or has other pitches.
    """
    model.vocabulary.ensure_same_pitches(
        first.vocabulary, name, first_name, "they cannot be compared"
    )
    lacks, has = sorted(set(first.ids) - set(model.ids)), sorted(set(model.ids) - set(first.ids))
    if lacks or has:
        told = [f"lacks {_some(lacks)}"] * bool(lacks) + [f"has {_some(has)} besides"] * bool(has)
        raise InputError(
            f"{name} {' and '.join(told)}, compared with {first_name}: both sides need the same "
            "recordings"
        )
    if model.ids != first.ids:
        model = model.in_order(first.ids)
    if set(model.parts) != set(first.parts):
        raise InputError(
            f"{name} has counts of {', '.join(model.parts)}, {first_name} of "
            f"{', '.join(first.parts)}: score both in the same way"
        )
    differ = _other_references(model, first)
    if differ.any():
        ids = [name for name, bad in zip(first.ids, differ, strict=True) if bad]
        raise InputError(
            f"{name} was scored against other references than {first_name} ({_some(ids)}): both "
            "sides need the same"
        )
    return model


def _other_references(model: Scored, first: Scored) -> NDArray[np.bool_]:
    """Which recordings have other notes or, on the same frames, other labels."""
    own, theirs = model.parts["all"], first.parts["all"]
    same_grid = own.frames == theirs.frames
    labels = (own.confusion.sum(axis=2) != theirs.confusion.sum(axis=2)).any(axis=1)
    differ: NDArray[np.bool_] = (model.notes.reference != first.notes.reference) | (
        same_grid & labels
    )
    return differ


def _some(ids: Sequence[str], most: int = 3) -> str:
    """A few ids, and how many more there are."""
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return f"{'recording' if len(ids) == 1 else 'recordings'} {', '.join(ids[:most])}{more}"
