"""Leave-one-out cross-validation over recordings, without a fit for each."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayes_a2m.diagnostics.arviz_compat import ess, psis_loo
from bayes_a2m.diagnostics.labels import Labels, fitting
from bayes_a2m.errors import InputError
from bayes_a2m.prediction.posterior import FramePosterior

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LeaveOneOut:
    """Expected log predictive density of recordings, each predicted from all others.

    Attributes
    ----------
    elpd, error
        Expected log predictive density summed over recordings, and its standard error; nats.
    p_loo
        Effective number of parameters.
    by_recording
        Terms of ``elpd``, nats, ``(recording,)``.
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
        """Whether the k-hat of no recording is above the limit."""
        return bool((self.k <= self.limit).all())

    @property
    def sentence(self) -> str:
        """Result in a sentence."""
        bad = int((~(self.k <= self.limit)).sum())
        advice = "" if self.reliable else ": leave those out by a fit of their own"
        return (
            f"elpd {self.elpd:.1f} ± {self.error:.1f} nats, p_loo {self.p_loo:.1f}; k-hat above "
            f"{self.limit:.2f} for {bad} of {self.k.size} recordings{advice}"
        )


def leave_one_recording_out(log_likelihood: ArrayLike) -> LeaveOneOut:
    """Estimate LOO over recordings by Pareto-smoothed importance sampling, by ArviZ.

    Vehtari, Gelman and Gabry 2017 (https://arxiv.org/abs/1507.04544), equation 10. The relative
    efficiency is the mean ESS of the likelihoods over the number of draws.

    Parameters
    ----------
    log_likelihood
        Log-likelihood of every recording **that the posterior was fitted on**, shape ``(chain,
        draw, recording)``, with the power the posterior itself gave it: see
        :func:`recording_log_likelihood`.

    Raises
    ------
    InputError
        If the shape is another, a value is not finite, or there are fewer than 8 draws a chain.
    """
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
    # the ESS of a quantity is that of any multiple: the largest is taken off before exp
    likelihood = np.exp(array - array.max(axis=(0, 1)))
    varying = likelihood[..., np.ptp(likelihood, axis=(0, 1)) > 0]
    effective = ess(varying, "mean").mean() if varying.size else chains * draws
    loo = psis_loo(array, min(1.0, effective / (chains * draws)))
    return LeaveOneOut(loo.elpd, loo.error, loo.p_loo, loo.by_observation, loo.k, loo.limit)


def recording_log_likelihood(
    post: FramePosterior, labels: Labels, *, tempering: float = 1.0
) -> Floats:
    """Compute the log-likelihood of every recording's labels under every draw.

    Frames 6 ms apart are no independent observations, so posteriors count a frame as
    ``tempering`` of one. LOO divides a recording's factor out of the posterior, so it must be
    the factor that the posterior has: give the posterior's own ``tempering``.

    Parameters
    ----------
    post
        Predictions of the recordings, with draws.
    labels
        Class of every frame, one array a recording.
    tempering
        Number of independent frames that a frame counts as.

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
    fitted = fitting(post, labels)
    sums = [
        post.log_probs[:, :, i, np.arange(truth.size), truth].sum(axis=-1, dtype=np.float64)
        for i, truth in enumerate(fitted)
    ]
    return tempering * np.stack(sums, axis=-1)
