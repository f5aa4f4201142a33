"""Monte Carlo error: what is left to chance because draws are finite.

A predictive of m draws is a Monte Carlo mean, and scores of it err in two ways. They **vary**:
other draws would give another score, by about ``1 / sqrt(m)``; and they are **biased**: the
logarithm of a noisy mean is too low on average (Jensen), so the NLL falls as draws are added, by
about ``1 / m`` of it. Many frames average the first away, and never the second: so both are
measured, and both have to be small before draws are enough.

Draws are shared by all frames, so the error is that between draws, whatever the number of
frames. It says nothing of recordings: how a score would move on other recordings is the
bootstrap's to say (:mod:`bayes_a2m.resampling.bootstrap`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.diagnostics.arviz_compat import ess
from bayes_a2m.errors import InputError, suggest
from bayes_a2m.metrics import inputs, kernels
from bayes_a2m.metrics.inputs import Floats, Ints
from bayes_a2m.metrics.kernels import CLIP

if TYPE_CHECKING:
    from bayes_a2m.datasets.dataset import Dataset
    from bayes_a2m.datasets.recording import Recording
    from bayes_a2m.posteriors.posterior import Posterior
    from bayes_a2m.prediction.posterior import FramePosterior, FramePredictive
    from bayes_a2m.prediction.summary import PosteriorSummary

TOLERANCE = 0.001
"""Nats per frame: no difference between methods that is smaller is of use to anyone."""

COUNTS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 1000)
"""Numbers of draws at which a curve is evaluated where nothing else is said."""

SCORES = ("nll", "brier", "ece")
"""Scores a curve may show."""

Labels = Sequence[NDArray[np.int64]]


# --- one number of draws ----------------------------------------------------------------------


@dataclass(frozen=True)
class MonteCarloError:
    """Monte Carlo error of a prediction.

    Attributes
    ----------
    draws
        Number of draws m.
    probability, worst_probability
        Standard error of the predictive probability of the predicted class, in its root mean square
        and its 95 % quantile over real frames; nan for a single draw.
    nll
        NLL of the predictive in nats per frame; None without labels.
    nll_error
        Standard error of the NLL over draws, by the jackknife; nan for a single draw.
    nll_bias
        By how much the NLL of m draws is too high on average, by the jackknife.
    """

    draws: int
    probability: float
    worst_probability: float
    nll: float | None = None
    nll_error: float | None = None
    nll_bias: float | None = None


def monte_carlo_error(
    post: FramePosterior, labels: Labels | None = None, *, independent: bool = True
) -> MonteCarloError:
    """Estimate the error of the predictive mean, and of its NLL, that comes from finite draws.

    The estimate is the jackknife over draws (Efron and Stein 1981, "The jackknife estimate of
    variance", equation 1.3): with ``s_d`` the NLL without draw d, the error is ``sqrt((m - 1) / m *
    sum (s_d - mean)^2)`` and the bias ``(m - 1) (mean - s)``.

    Parameters
    ----------
    post
        Predictions; draws of all chains count alike.
    labels
        Class of every frame, one array a recording.
    independent
        Whether draws are independent, as those of dropout, variational and Laplace posteriors.
        Those of a chain (HMC, SG-MCMC) and of few members with several draws each are not: their
        errors are scaled by ``sqrt(m / ESS)``, ESS by ArviZ of the NLL linearised in the draws,
        and nan where a chain has fewer than the 4 draws that an ESS needs.

    Raises
    ------
    InputError
        If labels and recordings do not go together.
    """
    of_probability = _probability_error(post)
    if labels is None:
        return MonteCarloError(post.draws, *of_probability)
    chains = None if independent else post.log_probs.shape[0]
    of_nll = _nll_error(_truth(_flat_draws(post), _flat(post, labels)), chains)
    return MonteCarloError(post.draws, *of_probability, *of_nll)


def enough(error: MonteCarloError, tolerance: float = TOLERANCE, *, bias: bool = True) -> bool:
    """Whether the NLL errs by no more than ``tolerance`` nats per frame for want of draws.

    Parameters
    ----------
    error
        Error of the draws that there are, measured with labels.
    tolerance
        Largest standard error, and bias, in nats per frame.
    bias
        Whether the bias counts; without, the standard error alone decides, which many frames
        make small long before the NLL stops falling.

    Raises
    ------
    InputError
        If the error was measured without labels, or the tolerance is not positive.
    """
    if error.nll_error is None or error.nll_bias is None:
        raise InputError("without labels there is no NLL: give monte_carlo_error the labels")
    if not tolerance > 0:
        raise InputError(f"tolerance must be positive, not {tolerance}")
    errors = (error.nll_error, abs(error.nll_bias)) if bias else (error.nll_error,)
    return max(errors) <= tolerance


def _probability_error(post: FramePredictive) -> tuple[float, float]:
    """Root mean square and 95 % quantile of the error of the predicted class's probability."""
    if post.draws == 1:
        return float("nan"), float("nan")
    inside = post.inside()
    predicted = post.mean()[inside].argmax(axis=1)
    variance = post.variance()[inside][np.arange(predicted.size), predicted].astype(np.float64)
    error = np.sqrt(variance / (post.draws - 1))  # the variance divides by m, an estimate by m - 1
    return float(np.sqrt(np.square(error).mean())), float(np.quantile(error, 0.95))


def _flat_draws(post: FramePosterior) -> NDArray[np.float32]:
    """Probabilities of real frames, ``(draw, frame, class)``."""
    probs: NDArray[np.float32] = np.exp(post.log_probs[:, :, post.inside()])
    return probs.reshape(post.draws, -1, probs.shape[-1])


def _flat(post: FramePosterior, labels: Labels) -> Ints:
    """Labels of all frames, checked against the posterior."""
    return inputs.frames(post, [np.asarray(one) for one in labels])[1]


def _truth(probs: NDArray[np.float32], flat: Ints) -> Floats:
    """Every draw's probability of the truth, ``(draw, frame)`` from ``(draw, frame, class)``."""
    truth = np.take_along_axis(probs, flat[None, :, None], axis=2)[..., 0]
    return np.maximum(truth.astype(np.float64), CLIP)


def _jackknife(truth: Floats) -> tuple[float, float, float]:
    """NLL of the mean of ``(draw, frame)``, its standard error and its bias."""
    m = truth.shape[0]
    total = truth.sum(axis=0)
    value = float(-np.log(total / m).mean())
    if m == 1:
        return value, float("nan"), float("nan")
    # draw by draw: all at once would hold (draw, frame) twice more
    without = np.array([-np.log(np.maximum(total - p, CLIP) / (m - 1)).mean() for p in truth])
    error = float(np.sqrt((m - 1) * without.var()))
    return value, error, float((m - 1) * (without.mean() - value))


def _nll_error(truth: Floats, chains: int | None) -> tuple[float, float, float]:
    """:func:`_jackknife`, its error that of draws in so many chains; None: of independent ones."""
    value, error, bias = _jackknife(truth)
    if chains is not None and truth.shape[0] > 1:
        error *= float(np.sqrt(truth.shape[0] / _effective(truth, chains)))
    return value, error, bias


def _effective(truth: Floats, chains: int) -> float:
    """ESS of the NLL linearised in the draws: ``-mean over frames of p_d / p``."""
    series = -(truth / truth.mean(axis=0)).mean(axis=1).reshape(chains, -1)
    if series.shape[1] < 4:
        return float("nan")
    if not np.ptp(series):
        return float(truth.shape[0])
    return float(ess(series[..., None], "mean")[0])


# --- scores by the number of draws -----------------------------------------------------------


@dataclass(frozen=True)
class DrawsCurve:
    """Score as a function of the number of draws.

    Attributes
    ----------
    score
        ``nll``, ``brier`` or ``ece``.
    draws
        Numbers of draws, ascending, ``(count,)``.
    value
        Mean score of that many draws, ``(count,)``.
    error
        Monte Carlo standard error of the score of that many fresh draws, ``(count,)``.
    repeats
        Number of choices of draws that mean and error come from.
    """

    score: str
    draws: NDArray[np.int64]
    value: Floats = field(repr=False)
    error: Floats = field(repr=False)
    repeats: int

    def enough(self, tolerance: float = TOLERANCE) -> int | None:
        """Find the fewest draws whose error is within tolerance, and whose excess is, too.

        The excess is that over the score of all draws. The result is None where no number of
        draws will do.
        """
        excess = np.abs(self.value - self.value[-1])
        good = np.flatnonzero((self.error <= tolerance) & (excess <= tolerance))
        return int(self.draws[good[0]]) if good.size else None


def draws_curve(
    post: FramePosterior,
    labels: Labels,
    counts: Sequence[int] | None = None,
    repeats: int = 20,
    generator: np.random.Generator | None = None,
    *,
    score: str = "nll",
) -> DrawsCurve:
    """Score m draws chosen at random without replacement, for several m.

    Each repeat is one random order of all draws, of which the first m are taken: so a choice is
    part of the next larger one. The spread over repeats is divided by ``sqrt(1 - m / M)``, since
    choices from M draws resemble each other more than fresh ones would; where all M are taken,
    the error is the jackknife's. Draws of a chain are treated as if they were independent.

    Parameters
    ----------
    post
        Predictions with M draws over all chains.
    labels
        Class of every frame, one array a recording.
    counts
        Numbers of draws, 1 to M; those of :data:`COUNTS` below M, and M, where left out.
    repeats
        Number of random orders, at least 2.
    generator
        Source of the orders; seed 0 where left out.
    score
        ``nll``, ``brier`` or ``ece``.

    Raises
    ------
    InputError
        If a count is not among 1 to M, there are fewer than 2 repeats, the score is unknown, or
        labels and recordings do not go together.
    """
    if score not in SCORES:
        raise InputError(
            f"unknown score {score!r}{suggest(score, SCORES)}; known: {', '.join(SCORES)}"
        )
    whole = post.draws
    wanted = sorted({int(m) for m in counts or (*(c for c in COUNTS if c < whole), whole)})
    if wanted[0] < 1 or wanted[-1] > whole:
        raise InputError(f"counts must lie in 1 to {whole} draws, not {wanted[0]}–{wanted[-1]}")
    if repeats < 2:
        raise InputError(f"an error needs at least 2 repeats, not {repeats}")
    generator = generator or np.random.default_rng(0)
    flat = _flat(post, labels)
    probs = _flat_draws(post)
    scores = np.empty((repeats, len(wanted)))
    for repeat in range(repeats):
        total = np.zeros(probs.shape[1:])
        for m, d in enumerate(generator.permutation(whole), start=1):
            total += probs[d]
            if m in wanted:
                scores[repeat, wanted.index(m)] = _score(score, total / m, flat)
    draws = np.array(wanted, dtype=np.int64)
    left = 1 - draws / whole
    spread = scores.std(axis=0, ddof=1)
    error = np.divide(spread, np.sqrt(left), out=np.zeros_like(spread), where=left > 0)
    if wanted[-1] == whole:
        error[-1] = _jackknife_error(score, probs, flat)
    return DrawsCurve(score, draws, scores.mean(axis=0), error, repeats)


def _score(name: str, probs: Floats, flat: Ints) -> float:
    """Score checked frames by one of :data:`SCORES`."""
    match name:
        case "nll":
            return float(kernels.nll_of(probs, flat).mean())
        case "brier":
            return float(kernels.brier_of(probs, flat).mean())
        case _:
            _, confidence, right = kernels.predicted_of(probs, flat)
            count, confidence_sum, hits = kernels.top_bins(np.clip(confidence, 0, 1), right)
            return float(kernels.ece_of_bins(confidence_sum, hits, count.sum()))


def _jackknife_error(name: str, probs: NDArray[np.float32], flat: Ints) -> float:
    """Standard error of a score over draws; nan for a single draw."""
    m = probs.shape[0]
    if m == 1:
        return float("nan")
    total = probs.sum(axis=0, dtype=np.float64)
    without = np.array([_score(name, np.maximum(total - p, 0) / (m - 1), flat) for p in probs])
    return float(np.sqrt((m - 1) * without.var()))


# --- drawing until it is enough ---------------------------------------------------------------


@dataclass(frozen=True)
class AdaptivePrediction:
    """Predictions with as many draws as were enough, or as there were.

    Attributes
    ----------
    posterior
        The predictions, summed up.
    steps
        Number of draws and error of every step, the last being that of ``posterior``.
    enough
        Whether the stop rule holds, or the posterior is a point and has no error.
    """

    posterior: PosteriorSummary
    steps: tuple[MonteCarloError, ...]
    enough: bool


def predict_until(
    model: Posterior,
    recordings: Dataset | Sequence[Recording],
    tolerance: float = TOLERANCE,
    start: int = 5,
    most: int = 200,
    *,
    bias: bool = True,
    independent: bool = True,
) -> AdaptivePrediction:
    """Predict with twice as many draws each time, until they are enough.

    Draw d is the same however many are asked for, so predictions are asked anew, and all steps
    together cost less than twice the last. Recordings are predicted a few at a time and only
    their sums are kept: for the draws themselves call ``model.predict`` with that number.

    Parameters
    ----------
    model
        Fitted.
    recordings
        With references; choose the number of draws on the tuning part.
    tolerance, bias
        As in :func:`enough`.
    independent
        As in :func:`monte_carlo_error`: False for HMC and SG-MCMC.
    start, most
        Draws of the first step, at least 2, and the most to ask for.

    Raises
    ------
    InputError
        If a recording has no reference, or start and most make no sense.
    """
    chosen = list(recordings)
    missing = [r.id for r in chosen if r.notes is None]
    if missing:
        raise InputError(
            f"{', '.join(missing[:3])}: no reference, so there is no NLL to watch; find the "
            "number of draws on recordings that have one, such as the tuning split"
        )
    if not 2 <= start <= most:
        raise InputError(f"draws must go from at least 2 up to most, not from {start} to {most}")
    steps: list[MonteCarloError] = []
    asked = start
    while True:
        posterior, error = _predicted(model, chosen, asked, independent)
        # a point has one draw, an ensemble as many as members, however many are asked for
        exhausted = bool(steps) and error.draws <= steps[-1].draws
        if not exhausted:
            steps.append(error)
        done = enough(error, tolerance, bias=bias)
        if done or exhausted or max(asked, error.draws) >= most:
            settled = done or (exhausted and error.draws == 1)
            return AdaptivePrediction(posterior, tuple(steps), settled)
        asked = min(2 * max(asked, error.draws), most)


def _predicted(
    model: Posterior, recordings: Sequence[Recording], draws: int, independent: bool
) -> tuple[PosteriorSummary, MonteCarloError]:
    """Predictions summed up, and their error, a few recordings in memory at a time."""
    from bayes_a2m.prediction.summary import PosteriorSummary

    parts, truths, chains = [], [], None
    for chunk, post in model.predict_chunks(recordings, draws):
        labels = [r.labels(post.grid, post.vocabulary) for r in chunk]
        parts.append(PosteriorSummary.of_posterior(post))
        truths.append(_truth(_flat_draws(post), _flat(post, labels)))
        chains = None if independent else post.log_probs.shape[0]
    summary = PosteriorSummary.concatenate(parts)
    of_nll = _nll_error(np.concatenate(truths, axis=1), chains)
    return summary, MonteCarloError(summary.draws, *_probability_error(summary), *of_nll)
