"""Is this posterior what it claims to be: have its chains mixed, is it more than a point?

Weights of networks cannot be compared chain by chain: units can be permuted, and flat
directions wander. What can be compared are functions of the weights, the probabilities of some
frames; so R-hat and ESS are taken of those. All functions here are pure: arrays or posteriors
in, numbers and a sentence out.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.music.notes import from_labels
from bayes_a2m.prediction import FramePosterior, FramePredictive

if TYPE_CHECKING:
    from bayes_a2m.decoding.decoder import Decoder
    from bayes_a2m.music import Note

Floats = NDArray[np.float64]
Labels = Sequence[NDArray[np.int64]]

RHAT_LIMIT = 1.01
"""Above it chains have not mixed (Vehtari et al. 2021, section 4)."""

ESS_LIMIT = 100
"""Effective draws a chain below which R-hat and quantiles are not to be trusted (the same)."""

COLLAPSE = 1e-3
"""A posterior whose doubt in the model is less than this share of all doubt is a point."""

SETTLED = 0.01
"""Relative change over the last quarter of a trace below which it has settled."""


# --- R-hat and ESS ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Mixing:
    """R-hat and effective sample sizes of some functions of the weights.

    Attributes
    ----------
    rhat, bulk, tail
        Of every quantity that varies, shape ``(quantity,)``: rank-normalised split R-hat, and
        effective draws for the centre and for the 5 % and 95 % quantiles.
    chains, draws
        How many chains, of how many draws each.
    constant
        Quantities that were the same in all draws; they are left out.
    """

    rhat: Floats = field(repr=False)
    bulk: Floats = field(repr=False)
    tail: Floats = field(repr=False)
    chains: int
    draws: int
    constant: int = 0

    @property
    def worst_rhat(self) -> float:
        """The largest; nan where no quantity varies."""
        return float(self.rhat.max()) if self.rhat.size else float("nan")

    @property
    def least_bulk(self) -> float:
        """The smallest bulk ESS; nan where no quantity varies."""
        return float(self.bulk.min()) if self.bulk.size else float("nan")

    @property
    def least_tail(self) -> float:
        """The smallest tail ESS; nan where no quantity varies."""
        return float(self.tail.min()) if self.tail.size else float("nan")

    @property
    def mixed(self) -> bool:
        """Whether every R-hat is at most 1.01 and every ESS at least 100 a chain."""
        least = min(self.least_bulk, self.least_tail)
        return self.worst_rhat <= RHAT_LIMIT and least >= ESS_LIMIT * self.chains

    @property
    def sentence(self) -> str:
        """What a person should know."""
        if not self.rhat.size:
            return "no quantity varies between draws: there is nothing to mix"
        above = (self.rhat > RHAT_LIMIT).mean()
        return (
            f"{self.chains} x {self.draws} draws: R-hat at most {self.worst_rhat:.3f} "
            f"({above:.0%} of {self.rhat.size} quantities above {RHAT_LIMIT}), bulk ESS at least "
            f"{self.least_bulk:.0f}, tail ESS at least {self.least_tail:.0f}"
        )


def rhat_ess(values: ArrayLike) -> Mixing:
    """Rank-normalised split R-hat, bulk and tail ESS, by ArviZ.

    Vehtari et al. 2021, "Rank-normalization, folding, and localization: an improved R-hat"
    (https://arxiv.org/abs/1903.08008), equations 4, 14 and section 4.3. Ranks make it the same
    for a probability and for its logit. The worst of many quantities is high by chance alone where
    chains have few draws (50 quantities of 30 independent draws: 1.5), so draw hundreds for this.

    Parameters
    ----------
    values
        Functions of the weights, shape ``(chain, draw, quantity)``; a single chain is compared
        with itself, by its quarters (ArviZ wants two chains, and splits each).

    Raises
    ------
    InputError
        If the shape is another, a value is not finite, or a chain has fewer than 8 draws.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 3:
        raise InputError(f"values must be (chain, draw, quantity), not of shape {array.shape}")
    if not np.isfinite(array).all():
        raise InputError("values must be finite")
    chains, draws, quantities = array.shape
    if draws < 8:
        raise InputError(f"R-hat needs at least 8 draws a chain, not {draws}: ask for more draws")
    varies = np.ptp(array, axis=(0, 1)) > 0
    kept = array[..., varies]
    if not kept.shape[2]:
        none = np.zeros(0)
        return Mixing(none, none, none, chains, draws, quantities)
    halves = kept
    if chains == 1:
        half = draws // 2
        halves = np.stack([kept[0, :half], kept[0, -half:]])
    return Mixing(
        _arviz("rhat", halves, method="rank"),
        _arviz("ess", kept, method="bulk"),
        _arviz("ess", kept, method="tail"),
        chains,
        draws,
        int(quantities - kept.shape[2]),
    )


def _arviz(name: str, values: Floats, **settings: Any) -> Floats:
    """ArviZ's diagnosis of every quantity of ``(chain, draw, quantity)``."""
    import arviz

    library: Any = arviz  # some of its functions carry no types
    data = library.convert_to_dataset({"x": values})
    found: Floats = np.asarray(getattr(library, name)(data, **settings)["x"], dtype=np.float64)
    return found


def function_values(post: FramePosterior, frames: int = 50) -> Floats:
    """Probabilities of every sounding class at evenly spaced real frames.

    Silence is left out: the others and that the sum is one give it.

    Parameters
    ----------
    post
        With the draws whose mixing is asked for.
    frames
        How many, over all recordings together; fewer where there are not as many.

    Returns
    -------
    ndarray, shape (chain, draw, frame * pitch)
    """
    recordings, places = np.nonzero(post.inside())
    chosen = np.linspace(0, recordings.size - 1, min(frames, recordings.size)).round().astype(int)
    log_probs = post.log_probs[:, :, recordings[chosen], places[chosen], 1:]
    return np.exp(log_probs.astype(np.float64)).reshape(*log_probs.shape[:2], -1)


# --- leave one recording out ------------------------------------------------------------------


@dataclass(frozen=True)
class LeaveOneOut:
    """How well recordings are foretold from all others, without a fit for each.

    Attributes
    ----------
    elpd, error
        Expected log predictive density summed over recordings, and its standard error; nats.
    p_loo
        Effective number of parameters.
    by_recording
        Terms of ``elpd``, ``(recording,)``.
    k
        Pareto k-hat of every recording, ``(recording,)``.
    limit
        k-hat above which a recording's term is not to be trusted, for so many draws.
    """

    elpd: float
    error: float
    p_loo: float
    by_recording: Floats = field(repr=False)
    k: Floats = field(repr=False)
    limit: float

    @property
    def reliable(self) -> bool:
        """Whether no recording weighs too much."""
        return bool((self.k <= self.limit).all())

    @property
    def sentence(self) -> str:
        """What a person should know."""
        bad = int((~(self.k <= self.limit)).sum())
        advice = "" if self.reliable else ": leave those out by a fit of their own"
        return (
            f"elpd {self.elpd:.1f} ± {self.error:.1f} nats, p_loo {self.p_loo:.1f}; k-hat above "
            f"{self.limit:.2f} for {bad} of {self.k.size} recordings{advice}"
        )


def leave_one_recording_out(log_likelihood: ArrayLike) -> LeaveOneOut:
    """Pareto-smoothed importance sampling LOO over recordings, by ArviZ.

    Vehtari, Gelman and Gabry 2017 (https://arxiv.org/abs/1507.04544), equation 10. The relative
    efficiency is the mean ESS of the likelihoods over the number of draws.

    Parameters
    ----------
    log_likelihood
        Of every recording **that the posterior was fitted on**, ``(chain, draw, recording)``,
        with the power the posterior itself gave it: see :func:`recording_log_likelihood`.

    Raises
    ------
    InputError
        If the shape is another, a value is not finite, or there are fewer than 8 draws a chain.
    """
    import arviz

    array = np.asarray(log_likelihood, dtype=np.float64)
    if array.ndim != 3 or not array.shape[2]:
        raise InputError(
            f"log_likelihood must be (chain, draw, recording), not of shape {array.shape}"
        )
    if not np.isfinite(array).all():
        raise InputError("log_likelihood must be finite")
    chains, draws, _ = array.shape
    if draws < 8:
        raise InputError(f"LOO needs at least 8 draws a chain, not {draws}: ask for more draws")
    likelihood = np.exp(array - array.max(axis=(0, 1)))
    varying = likelihood[..., np.ptp(likelihood, axis=(0, 1)) > 0]
    effective = _arviz("ess", varying, method="mean").mean() if varying.size else chains * draws
    library: Any = arviz  # some of its functions carry no types
    data = library.from_dict(log_likelihood={"recordings": array})
    with warnings.catch_warnings():
        # the sentence says which recordings weigh too much; one recording is its own sum
        warnings.simplefilter("ignore", UserWarning)
        found = library.loo(data, pointwise=True, reff=min(1.0, effective / (chains * draws)))
    return LeaveOneOut(
        float(found.elpd_loo),
        float(found.se),
        float(found.p_loo),
        np.asarray(found.loo_i, dtype=np.float64),
        np.asarray(found.pareto_k, dtype=np.float64),
        float(found.good_k),
    )


def recording_log_likelihood(
    post: FramePosterior, labels: Labels, *, tempering: float = 1.0
) -> Floats:
    """Log-likelihood of every recording's labels under every draw.

    Frames 6 ms apart are no independent observations, so posteriors count a frame as
    ``tempering`` of one. LOO divides a recording's factor out of the posterior, so it must be
    the factor that the posterior has: give the posterior's own ``tempering``.

    Parameters
    ----------
    post
        Draws for the recordings.
    labels
        Class of every frame, one array a recording.
    tempering
        What a frame counts.

    Returns
    -------
    ndarray, shape (chain, draw, recording)

    Raises
    ------
    InputError
        If labels and recordings do not go together, or the tempering is not positive.
    """
    if not tempering > 0:
        raise InputError(f"tempering must be positive, not {tempering}")
    fitted = _fitting(post, labels)
    sums = [
        post.log_probs[:, :, i, np.arange(one.size), one].sum(axis=-1, dtype=np.float64)
        for i, one in enumerate(fitted)
    ]
    return tempering * np.stack(sums, axis=-1)


def _fitting(post: FramePredictive, labels: Labels) -> list[NDArray[np.int64]]:
    """Labels as arrays, checked."""
    arrays = [np.asarray(one, dtype=np.int64) for one in labels]
    if [a.size for a in arrays] != post.lengths.tolist():
        raise InputError(
            f"labels of {[a.size for a in arrays]} frames do not fit recordings of "
            f"{post.lengths.tolist()}: give one label a frame, one array a recording"
        )
    if any(a.min() < 0 or a.max() >= len(post.vocabulary) for a in arrays):
        raise InputError(f"labels must be classes, 0 to {len(post.vocabulary) - 1}")
    return arrays


# --- importance sampling ----------------------------------------------------------------------


def pareto_k(log_ratios: ArrayLike) -> float:
    """k-hat of an approximation: how heavy the tail of its importance ratios is, by ArviZ.

    Yao et al. 2018, "Yes, but did it work?" (https://arxiv.org/abs/1802.02538), section 2: below
    0.7 the approximation can be mended by importance sampling; above it is off. In hundreds of
    dimensions a good Gaussian may be above, too: the ratio multiplies small errors of all.

    Parameters
    ----------
    log_ratios
        Log of the exact over the approximate density at draws of the latter, up to a constant,
        ``(draw,)``; such as :meth:`bayes_a2m.posteriors.laplace.Laplace.log_ratios` gives.

    Raises
    ------
    InputError
        If there are fewer than 25 draws, or one is not finite.
    """
    ratios = np.asarray(log_ratios, dtype=np.float64)
    if ratios.ndim != 1 or ratios.size < 25 or not np.isfinite(ratios).all():
        raise InputError("k-hat needs 25 or more finite log-ratios, one a draw")
    import arviz

    _, shape = arviz.psislw(ratios.copy())  # type: ignore[no-untyped-call, unused-ignore]
    return float(shape)


# --- collapse ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Collapse:
    """How much of the doubt is doubt in the model.

    Attributes
    ----------
    draws
        How many there are.
    different
        How many of them differ from each other; None where the draws are not kept.
    information
        Mutual information over entropy, both summed over real frames.
    variance
        Variance over draws over ``p (1 - p)``, both summed over real frames and classes.
    """

    draws: int
    different: int | None
    information: float
    variance: float

    @property
    def sentence(self) -> str | None:
        """The alarm, or None. A single draw is a point by its nature and gives none."""
        if self.draws < 2:
            return None
        look = "look at step size, temperature, prior and whether draws change the network at all"
        if self.different == 1:
            return (
                f"this posterior has collapsed to a point: all {self.draws} draws are one; {look}"
            )
        if self.information < COLLAPSE and self.variance < COLLAPSE:
            return (
                f"this posterior has collapsed to a point: of the doubt of its {self.draws} draws "
                f"a share of {self.information:.1g} in nats and {self.variance:.1g} in variance is "
                f"doubt in the model (alarm below {COLLAPSE:g}); {look}"
            )
        if self.different is not None and 2 * self.different < self.draws:
            return (
                f"only {self.different} of this posterior's {self.draws} draws differ: most of "
                f"them repeat another; {look}"
            )
        return None


def collapse_of(post: FramePredictive) -> Collapse:
    """Measure it; see :func:`collapsed`."""
    inside = post.inside()
    different = None
    if isinstance(post, FramePosterior):
        # every fourth frame will do to tell two draws apart
        some = post.log_probs[:, :, inside][:, :, ::4].reshape(post.draws, -1)
        different = len({row.tobytes() for row in some})
    entropy = post.entropy()[inside].sum(dtype=np.float64)
    information = post.mutual_information()[inside].sum(dtype=np.float64)
    total = post.total_variance()[inside].sum(dtype=np.float64)
    variance = post.variance()[inside].sum(dtype=np.float64)
    return Collapse(
        post.draws,
        different,
        float(information / max(entropy, 1e-30)),
        float(variance / max(total, 1e-30)),
    )


def collapsed(post: FramePredictive) -> str | None:
    """A sentence where a posterior of several draws has collapsed to a point, else None.

    The alarm: all draws are the same; or mutual information and variance over draws are both
    below :data:`COLLAPSE` of the entropy and of ``p (1 - p)``; or less than half of the draws
    differ.
    """
    return collapse_of(post).sentence


# --- posterior predictive checks --------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """A statistic of the reference among the same of every draw.

    Attributes
    ----------
    name
        ``silence`` (share of time), ``notes`` (number), ``length`` (mean, seconds).
    observed
        Of the reference.
    low, median, high
        Quantiles over draws: 2.5 %, 50 %, 97.5 %.
    tail
        Two-sided tail probability of the observed by its rank among D draws; the least it can
        be is ``2 / (D + 1)``.
    """

    name: str
    observed: float
    low: float
    median: float
    high: float
    tail: float


def predictive_checks(
    post: FramePosterior, labels: Labels, decoder: Decoder | None = None
) -> tuple[Check, ...]:
    """Is what every draw transcribes like the reference: its silence, its notes?

    Gelman, Meng and Stern 1996, "Posterior predictive assessment of model fitness via realized
    discrepancies", section 2, with one coherent transcription a draw instead of labels drawn
    frame by frame, which no voice would sing.
    Its doubt is that of the model alone: a small tail says that the model errs in one way,
    whatever the draw.

    Parameters
    ----------
    post
        Draws for recordings with references.
    labels
        Class of every frame, one array a recording.
    decoder
        Turns a draw into notes (``model.decoder``); the likeliest class of every frame where
        None.

    Raises
    ------
    InputError
        If labels and recordings do not go together.
    """
    arrays = _fitting(post, labels)
    seconds = post.grid.seconds(float(post.lengths.sum()))
    reference = [note for one in arrays for note in from_labels(one, post.grid, post.vocabulary)]
    observed = _statistics(reference, seconds)
    chains, draws = post.log_probs.shape[:2]
    drawn = [
        _statistics(_notes(post, chain, draw, decoder), seconds)
        for chain in range(chains)
        for draw in range(draws)
    ]
    checks = []
    for name, value in observed.items():
        values = np.array([one[name] for one in drawn])
        below, above = (values <= value).sum(), (values >= value).sum()
        tail = min(1.0, 2 * (1 + min(below, above)) / (1 + values.size))
        low, median, high = np.quantile(values, [0.025, 0.5, 0.975])
        checks.append(Check(name, value, float(low), float(median), float(high), float(tail)))
    return tuple(checks)


def _notes(post: FramePosterior, chain: int, draw: int, decoder: Decoder | None) -> list[Note]:
    """Notes of all recordings by one draw."""
    log_probs = post.log_probs[chain : chain + 1, draw : draw + 1]
    if decoder is not None:
        return [
            n for item in decoder.decode(replace(post, log_probs=log_probs)) for n in item.notes
        ]
    paths = [log_probs[0, 0, i, :n].argmax(axis=-1) for i, n in enumerate(post.lengths)]
    return [note for path in paths for note in from_labels(path, post.grid, post.vocabulary)]


def _statistics(notes: Sequence[Note], seconds: float) -> dict[str, float]:
    sounding = sum(note.duration for note in notes)
    return {
        "silence": round(1 - sounding / seconds, 9),  # so that equal shares are equal
        "notes": float(len(notes)),
        "length": round(sounding / max(1, len(notes)), 9),
    }


# --- variational inference --------------------------------------------------------------------


@dataclass(frozen=True)
class TraceCheck:
    """Whether a trace of the ELBO (or of a loss) has settled.

    Attributes
    ----------
    settled
        Finite throughout, long enough to tell, and flat in its last quarter.
    change
        Of the line fitted to the last quarter, from end to end, over the size of its mean;
        nan where it cannot be told.
    finite
        Whether every value is a number.
    sentence
        What a person should know.
    """

    settled: bool
    change: float
    finite: bool
    sentence: str


def elbo_trace_check(trace: Sequence[float]) -> TraceCheck:
    """Did the evidence lower bound converge?

    A line through the last quarter of the values; settled where it rises or falls by at most
    :data:`SETTLED` of their mean. A line is less moved by noise than the last value is.

    Parameters
    ----------
    trace
        One value an epoch or a step.
    """
    values = np.asarray(trace, dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        words = f"the ELBO is not finite, first at step {wrong[0] + 1}: lower the learning rate"
        return TraceCheck(False, float("nan"), False, words)
    quarter = values[-(values.size // 4) :]
    if values.size < 16:
        words = f"{values.size} values of the ELBO are too few to tell; at least 16 are wanted"
        return TraceCheck(False, float("nan"), True, words)
    slope = np.polyfit(np.arange(quarter.size), quarter, 1)[0]
    size = max(abs(float(quarter.mean())), 1e-12)
    change = float(slope * (quarter.size - 1) / size)
    settled = abs(change) <= SETTLED
    words = f"the ELBO changed by {change:+.2%} in the last {quarter.size} of {values.size} steps"
    words += ": it has settled" if settled else ": train longer"
    return TraceCheck(settled, change, True, words)
