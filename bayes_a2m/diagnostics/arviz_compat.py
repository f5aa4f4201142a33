"""ArviZ, before and after its version 1, behind one set of functions.

Version 1 (Python 3.12 and later) takes dictionaries of groups where 0.x takes keywords, returns
xarray's ``DataTree`` where 0.x returns ``InferenceData``, and has moved Pareto smoothing into
``arviz_stats``. Nothing else of this package calls ArviZ for a statistic.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

Floats = NDArray[np.float64]

LEAST_DRAWS = 25
"""Draws of which a fifth is a tail of five, the least that a Pareto distribution is fitted to."""


@dataclass(frozen=True)
class PsisLoo:
    """Result of ArviZ's ``loo``, under one set of names.

    Attributes
    ----------
    elpd, error, p_loo
        Expected log predictive density, its standard error, and the effective number of
        parameters.
    by_observation, k
        Terms of ``elpd`` and Pareto k-hat, ``(observation,)``.
    limit
        k-hat above which a term is not to be trusted, for so many draws.
    """

    elpd: float
    error: float
    p_loo: float
    by_observation: Floats
    k: Floats
    limit: float


def rhat(values: Floats) -> Floats:
    """Rank-normalised split R-hat of every quantity of ``(chain, draw, quantity)``."""
    return _of_each("rhat", values, method="rank")


def ess(values: Floats, method: Literal["bulk", "tail", "mean"]) -> Floats:
    """Effective sample size of every quantity of ``(chain, draw, quantity)``.

    The tail's are of the 5 % and 95 % quantiles; version 1 would take other ones of itself.
    """
    settings = {"prob": (0.05, 0.95)} if method == "tail" else {}
    return _of_each("ess", values, method=method, **settings)


def psis_k(log_ratios: Floats) -> float:
    """Pareto k-hat of log importance ratios ``(draw,)``, up to a constant."""
    arviz = _arviz()
    if _before_1(arviz):
        _, shape = arviz.psislw(log_ratios.copy())  # smooths in place
    else:
        from arviz_stats.base import array_stats

        # it takes what it weighs by the inverse of: log-likelihoods, where 0.x takes ratios
        _, shape = array_stats.psislw(-log_ratios)
    return float(shape)


def psis_loo(log_likelihood: Floats, relative_efficiency: float) -> PsisLoo:
    """Leave-one-out by Pareto-smoothed importance sampling.

    Parameters
    ----------
    log_likelihood
        ``(chain, draw, observation)``.
    relative_efficiency
        Effective over actual draws, at most 1.
    """
    arviz = _arviz()
    if not _before_1(arviz) and log_likelihood[..., 0].size < LEAST_DRAWS:
        return _importance_loo(log_likelihood)
    groups = {"log_likelihood": {"observations": log_likelihood}}
    if _before_1(arviz):
        data = arviz.from_dict(**groups)
    else:
        # version 1 looks for the draws in a posterior also where it needs none of it
        data = arviz.from_dict({"posterior": {"unused": log_likelihood[..., 0]}, **groups})
    with warnings.catch_warnings():
        # the caller says which observations weigh too much; a single one is its own sum
        warnings.simplefilter("ignore", UserWarning)
        estimate = arviz.loo(data, pointwise=True, reff=relative_efficiency)
    old = _before_1(arviz)
    return PsisLoo(
        float(estimate.elpd_loo if old else estimate.elpd),
        float(estimate.se),
        float(estimate.p_loo if old else estimate.p),
        np.asarray(estimate.loo_i if old else estimate.elpd_i, dtype=np.float64),
        np.asarray(estimate.pareto_k, dtype=np.float64),
        float(estimate.good_k),
    )


def _importance_loo(log_likelihood: Floats) -> PsisLoo:
    """Leave-one-out by the raw weights, as 0.x does where draws are too few to smooth them.

    Version 1 refuses them. k is infinite: no term is to be trusted.
    """
    draws = log_likelihood.reshape(-1, log_likelihood.shape[-1])
    count, observations = draws.shape
    terms = np.log(count) - logsumexp(-draws, axis=0)
    predictive = logsumexp(draws, axis=0) - np.log(count)
    return PsisLoo(
        float(terms.sum()),
        float(np.sqrt(observations * terms.var())),
        float((predictive - terms).sum()),
        terms,
        np.full(observations, np.inf),
        min(1 - 1 / np.log10(count), 0.7),
    )


def _of_each(name: str, values: Floats, **settings: Any) -> Floats:
    arviz = _arviz()
    data = arviz.convert_to_dataset({"x": values})
    return np.asarray(getattr(arviz, name)(data, **settings)["x"], dtype=np.float64)


def _arviz() -> Any:
    """ArviZ; loading it takes seconds, and many of its functions carry no types."""
    import arviz

    return arviz


def _before_1(arviz: Any) -> bool:
    """Whether this is ArviZ 0.x; version 1 still answers to some of its names, with a warning."""
    return int(arviz.__version__.partition(".")[0]) < 1
