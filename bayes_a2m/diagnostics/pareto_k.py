"""Pareto k-hat of an approximate posterior."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bayes_a2m.diagnostics.arviz_compat import psis_k
from bayes_a2m.errors import InputError


def pareto_k(log_ratios: ArrayLike) -> float:
    """Estimate k-hat, the heaviness of the tail of the importance ratios, by ArviZ.

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
    return psis_k(ratios)
