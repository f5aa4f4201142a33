"""Selection of a recalibration by cross-validation, and its application to a posterior.

The methods (:mod:`bayes_a2m.calibration.methods`) have from no to twenty parameters, and a
tuning part has a few dozen recordings, which is a few dozen independent things to learn from,
however many frames. So the method is chosen by cross-validation over recordings within the
tuning part, by the NLL of the held-out frames, and by the one-standard-error rule (Breiman et al.,
"Classification and regression trees", 1984, section 3.4.3): a method must beat every simpler one
by more than the standard error of the difference, which is taken between recordings.

Draws are recalibrated after pooling: the mean q of the draws becomes q', the map of q. For the
posterior to stay whole, with a variance, a mutual information and their exact sums, its draws move
along: to those distributions closest to the old ones, in Kullback-Leibler divergence of the joint
distribution of draw and class, whose mean is q' (the I-projection of Csiszar, "I-divergence
geometry of probability distributions and minimization problems", 1975). They have the form
``p'_dk = a_d c_k p_dk``, and are found by scaling rows and columns in turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m import registry
from bayes_a2m.calibration.methods import Identity, Recalibration
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats, Ints
from bayes_a2m.metrics.kernels import nll_of
from bayes_a2m.prediction.posterior import SMALLEST, FramePosterior, FramePredictive
from bayes_a2m.prediction.summary import Moments, PosteriorSummary

FEWEST = 5
"""Recordings below which nothing is recalibrated: too few to choose by."""

_ROUNDS = 200
"""Scalings of rows and columns at most; a few suffice unless draws contradict each other."""


def candidates() -> tuple[str, ...]:
    """Names of the methods that cross-validation chooses from, the simplest first: those that ship.

    Another package's method is used where an experiment names it; that it is installed changes
    no number of anybody else's.

    >>> candidates()[:2]
    ('none', 'temperature')
    """
    return tuple(registry.SHIPPED["recalibrations"])


def recalibration_of(name: str) -> type[Recalibration]:
    """Look up the method of this name.

    Raises
    ------
    InputError
        If there is none.

    >>> recalibration_of("temperature").__name__
    'Temperature'
    """
    kind: type[Recalibration] = registry.get("recalibrations", name)
    return kind


def from_dict(values: dict[str, Any], source: str) -> Recalibration:
    """Restore a recalibration from what ``recalibration.json`` holds; other keys are ignored.

    Parameters
    ----------
    values
        Contents of the file.
    source
        Name of the file in errors.

    Raises
    ------
    InputError
        If the method is unknown, or a parameter is missing or of the wrong kind.

    >>> from_dict({"method": "temperature", "temperature": 2.0}, "recalibration.json")
    Temperature(temperature=2.0)
    """
    try:
        kind = recalibration_of(str(values["method"]))
        return kind.from_dict(values)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    except KeyError as error:
        raise InputError(f"{source}: lacks {error}") from error
    except (TypeError, ValueError) as error:
        raise InputError(f"{source}: {error}") from error


@dataclass(frozen=True)
class Choice:
    """A recalibration, and why it was chosen.

    Attributes
    ----------
    recalibration
        The recalibration, fitted on all recordings.
    nll
        Held-out NLL of every method, nats per frame; empty where there were too few recordings.
    difference, standard_error
        Difference of every method's NLL from that of "none", nats per frame, and its standard
        error between recordings.
    recordings
        Number of recordings it was chosen by.
    reason
        Why it was chosen, in a sentence.
    """

    recalibration: Recalibration = field(default_factory=Identity)
    nll: dict[str, float] = field(default_factory=dict)
    difference: dict[str, float] = field(default_factory=dict)
    standard_error: dict[str, float] = field(default_factory=dict)
    recordings: int = 0
    reason: str = "nothing to choose by"

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str) -> Choice:
        """Restore from what :meth:`to_dict` gave; how it was chosen may be missing.

        Raises
        ------
        InputError
            If :func:`from_dict` raises it, or ``chosen_by`` has unknown entries.
        """
        recalibration = from_dict(values, source)
        try:
            return cls(recalibration, **values.get("chosen_by", {}))
        except TypeError as error:
            raise InputError(f"{source}: chosen_by: {error}") from error

    def to_dict(self) -> dict[str, Any]:
        """Convert to what ``recalibration.json`` holds: the method, and how it was chosen."""
        chosen_by = {name: value for name, value in vars(self).items() if name != "recalibration"}
        return {**self.recalibration.to_dict(), "chosen_by": chosen_by}


def choose(
    posterior: FramePredictive,
    labels: Sequence[Ints],
    *,
    methods: Sequence[str] | None = None,
    folds: int = 5,
    groups: Sequence[str] | None = None,
    seed: int = 0,
    margin: float = 1.0,
    otherwise: Recalibration | None = None,
) -> Choice:
    """Choose a recalibration by cross-validation over recordings, and fit it on all of them.

    Parameters
    ----------
    posterior
        Predictions of recordings that the model was not fitted on.
    labels
        Class of every frame, an array a recording.
    methods
        Candidates, the simplest first; :func:`candidates` where they are left out.
    folds
        Number of parts that recordings are dealt into at random.
    groups
        A name for every recording, "" for none; those of one name (a take) stay together.
    seed
        Seed of the dealing.
    margin
        Standard errors by which a method has to beat each simpler one.
    otherwise
        The recalibration where there are too few recordings to choose by: one that is known from
        elsewhere; none where it is left out.

    Raises
    ------
    InputError
        If labels and recordings do not go together, a method is unknown, or there are no folds.
    """
    if len(labels) != len(posterior):
        raise InputError(f"labels of {len(labels)} recordings for {len(posterior)} predicted ones")
    if folds < 2:
        raise InputError(f"cross-validation needs 2 folds or more, not {folds}")
    kinds = {
        name: recalibration_of(name) for name in (candidates() if methods is None else methods)
    }
    if not kinds:
        known = ", ".join(registry.names("recalibrations"))
        raise InputError(f"no recalibration to choose from; known: {known}")
    kinds = _possible(kinds, labels, posterior.vocabulary.names)
    distributions = [np.asarray(posterior.of(i), dtype=np.float64) for i in range(len(posterior))]
    everything = np.concatenate(distributions), np.concatenate(list(labels))
    if len(kinds) == 1:
        only = next(iter(kinds.values())).fit(*everything)
        return Choice(
            only, recordings=len(distributions), reason=f"{only.name}: the only candidate"
        )
    names = _groups(posterior.ids, groups)
    parts = min(folds, len(set(names)))
    if len(set(names)) < FEWEST:
        reason = f"{len(set(names))} recordings or takes are too few to choose by ({FEWEST})"
        if otherwise is None:
            return Choice(recordings=len(distributions), reason=reason)
        kept = f"{reason}: {otherwise.name} of the model it started from is kept"
        return Choice(otherwise, recordings=len(distributions), reason=kept)
    fold_of = _dealt(names, parts, seed)
    sums = {name: _held_out(kind, distributions, labels, fold_of) for name, kind in kinds.items()}
    frames = np.array([truth.size for truth in labels], dtype=np.float64)
    reference = sums.get("none", next(iter(sums.values())))
    chosen, beaten = _simplest(sums, frames, margin)
    return Choice(
        kinds[chosen].fit(*everything),
        {name: float(nll.sum() / frames.sum()) for name, nll in sums.items()},
        {name: _difference(nll, reference, frames)[0] for name, nll in sums.items()},
        {name: _difference(nll, reference, frames)[1] for name, nll in sums.items()},
        len(distributions),
        f"{chosen}: {beaten}, by cross-validation over {len(distributions)} recordings",
    )


def _possible(
    kinds: Mapping[str, type[Recalibration]], labels: Sequence[Ints], names: Sequence[str]
) -> dict[str, type[Recalibration]]:
    """The methods that can be fitted: some learn that a class without frames cannot be."""
    missing = sorted(set(range(len(names))) - {int(k) for y in labels for k in np.unique(y)})
    left = {n: kind for n, kind in kinds.items() if not (missing and kind.needs_every_class)}
    if not left:
        raise InputError(
            f"recalibration {', '.join(kinds)}: the tuning recordings have no frame of "
            f"{names[missing[0]]}, and it would be ruled out; name another, or tune on more"
        )
    return left


def recalibrated(posterior: FramePosterior, recalibration: Recalibration) -> FramePosterior:
    """Recalibrate a posterior's mean, and move its draws as little as that takes.

    Parameters
    ----------
    posterior
        Predictions with any number of draws.
    recalibration
        A map fitted on pooled means.

    Returns
    -------
    FramePosterior
        The same draws, moved; their mean is the recalibrated one within 1e-5. The same object
        where there is nothing to recalibrate.

    Raises
    ------
    InputError
        If the recalibration is of another number of classes.

    >>> from bayes_a2m.calibration.methods import Temperature
    >>> from bayes_a2m.music import Vocabulary
    >>> post = FramePosterior.from_probs([[[0.9, 0.1]]], vocabulary=Vocabulary((60,)))
    >>> recalibrated(post, Temperature(2.0)).mean().round(3).tolist()
    [[[0.75, 0.25]]]
    """
    if isinstance(recalibration, Identity):
        return posterior
    wanted = recalibration.apply(posterior.mean())
    if posterior.draws == 1:
        moved = wanted[None, None]
    else:
        chains, draws, *shape = posterior.log_probs.shape
        distributions = np.exp(posterior.log_probs.astype(np.float64)).reshape(-1, *shape)
        moved = np.empty_like(distributions)
        for i in range(shape[0]):  # a recording at a time: what is settled is not scaled on
            moved[:, i] = moved_to(distributions[:, i], wanted[i])
        moved = moved.reshape(chains, draws, *shape)
    return replace(posterior, log_probs=np.log(np.maximum(moved, SMALLEST)).astype(np.float32))


def recalibrated_summary(
    summary: PosteriorSummary, recalibration: Recalibration
) -> PosteriorSummary:
    """Recalibrate a summary, whose draws were not kept, approximately.

    The mean is exact. Of each class's total variance ``p (1 - p)``, and of the entropy, the same
    shares are left to the draws as before.

    Parameters
    ----------
    summary
        Mean and variance over draws.
    recalibration
        A map fitted on pooled means.

    Raises
    ------
    InputError
        If the recalibration is of another number of classes.
    """
    if isinstance(recalibration, Identity):
        return summary
    old = summary.moments.probability
    new = recalibration.apply(old)
    before, after = old * (1 - old), new * (1 - new)
    scale = np.divide(after, before, out=np.zeros_like(after), where=before > 0)
    deviations = summary.moments.deviations * scale
    share = summary.moments.expected_entropy / np.maximum(_entropy(old), SMALLEST)
    expected = np.minimum(share, 1.0) * _entropy(new)
    return replace(summary, moments=Moments(summary.draws, new, deviations, expected))


def moved_to(distributions: Floats, wanted: Floats, *, tolerance: float = 1e-6) -> Floats:
    """Move draws of distributions, as little as possible, so that they have a given mean.

    Parameters
    ----------
    distributions
        Draws, shape ``(draw, frame, class)``.
    wanted
        The mean they are to have, shape ``(frame, class)``.
    tolerance
        Largest difference of a mean from what is wanted.

    Returns
    -------
    ndarray, shape (draw, frame, class)

    >>> moved = moved_to(np.array([[[0.9, 0.1]], [[0.5, 0.5]]]), np.array([[0.6, 0.4]]))
    >>> moved.mean(axis=0), moved.sum(axis=2)
    (array([[0.6, 0.4]]), array([[1.],
           [1.]]))
    """
    # iterative proportional fitting: the draws' mean is set, then the classes' sum, in turn
    wanted = np.maximum(wanted, SMALLEST)
    wanted = wanted / wanted.sum(axis=-1, keepdims=True)
    moved: Floats = np.maximum(distributions, SMALLEST)
    unsettled = np.arange(wanted.shape[0])
    for _ in range(_ROUNDS):
        part = moved[:, unsettled]
        part = part * (wanted[unsettled] / part.mean(axis=0))
        part /= part.sum(axis=-1, keepdims=True)
        moved[:, unsettled] = part
        off = np.abs(part.mean(axis=0) - wanted[unsettled]).max(axis=-1)
        unsettled = unsettled[off > tolerance]
        if not unsettled.size:
            break
    return moved


def _entropy(distributions: Floats) -> Floats:
    """Entropy over the last axis, nats."""
    entropy: Floats = -(distributions * np.log(np.maximum(distributions, SMALLEST))).sum(axis=-1)
    return entropy


def _groups(ids: Sequence[str], groups: Sequence[str] | None) -> list[str]:
    """Name of the group of every recording: its take, or else the recording itself."""
    if groups is None:
        return [f"id {name}" for name in ids]
    if len(groups) != len(ids):
        raise InputError(f"{len(groups)} groups for {len(ids)} recordings")
    return [f"take {g}" if g else f"id {name}" for name, g in zip(ids, groups, strict=True)]


def _dealt(names: Sequence[str], parts: int, seed: int) -> NDArray[np.int64]:
    """Part that every recording is dealt into, by its group, whatever the order of recordings."""
    known = sorted(set(names))
    order = np.random.default_rng(seed).permutation(len(known))
    part = {known[j]: i % parts for i, j in enumerate(order)}
    return np.array([part[name] for name in names], dtype=np.int64)


def _held_out(
    kind: type[Recalibration],
    distributions: Sequence[Floats],
    labels: Sequence[Ints],
    fold_of: NDArray[np.int64],
) -> Floats:
    """NLL of every recording, summed over its frames, by what was fitted on other parts."""
    sums = np.zeros(len(distributions))
    for part in np.unique(fold_of):
        rest = np.flatnonzero(fold_of != part).tolist()
        fitted = kind.fit(
            np.concatenate([distributions[i] for i in rest]),
            np.concatenate([labels[i] for i in rest]),
        )
        for i in np.flatnonzero(fold_of == part).tolist():
            sums[i] = nll_of(fitted.apply(distributions[i]), labels[i]).sum()
    return sums


def _difference(nll: Floats, reference: Floats, frames: Floats) -> tuple[float, float]:
    """Difference of the NLL in nats per frame, and its standard error between recordings.

    The variance of a ratio of sums over recordings (Cochran, "Sampling techniques", 1977, section
    6.4), since frames of one recording err together.
    """
    gaps = nll - reference
    mean = gaps.sum() / frames.sum()
    recordings = frames.size
    square = np.square(gaps - mean * frames).sum() * recordings / (recordings - 1)
    return float(mean), float(np.sqrt(square) / frames.sum())


def _simplest(sums: dict[str, Floats], frames: Floats, margin: float) -> tuple[str, str]:
    """Name of the method chosen by the one-standard-error rule, and the words for why."""
    names = list(sums)
    chosen = names[0]
    for name in names[1:]:
        gain, error = _difference(sums[name], sums[chosen], frames)
        if -gain > margin * error:
            chosen = name
    best = min(names, key=lambda name: float(sums[name].sum()))
    if best == chosen:
        return chosen, "the lowest held-out NLL"
    return chosen, f"no simpler and no surer gain; {best} is lower by less than a standard error"
