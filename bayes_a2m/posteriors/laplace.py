"""Laplace's approximation on the last layer: a Gaussian as wide as the likelihood is flat.

MacKay 1992, "The evidence framework applied to classification networks"; Kristiadi, Hein and
Hennig 2020 (arXiv 2002.10118) on why the last layer does; Daxberger et al. 2021, "Laplace
redux" (arXiv 2106.14806). Around the trained weights m,

    q(w) = N(m, (e F + p I)^-1),   F = sum over frames of J^T (diag(pi) - pi pi^T) J,

F being the Fisher information, which is the Hessian of a softmax over affine scores; e what a
frame counts (neighbours say the same thing), p the prior's precision, by default the one that
the data make most probable (MacKay's equation for the evidence).
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from bayes_a2m.config.settings import Settings
from bayes_a2m.errors import InputError
from bayes_a2m.networks.network import Network
from bayes_a2m.posteriors.last_layer import PREFIX, LastLayer, unflatten
from bayes_a2m.posteriors.network_posterior import FitContext, WeightPosterior
from bayes_a2m.posteriors.posterior import NOT_FITTED
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.training_data import TrainingData

CHUNK = 4096
"""Rows whose derivatives are held at a time."""

REFITS = 4
"""Turns between the mode and the prior precision, each of which moves the other."""

Covariance = Literal["full", "kronecker"]


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian over the head's weights.

    Attributes
    ----------
    mean
        Shape ``(parameter,)``.
    factor
        ``factor @ factor.T`` is the covariance, shape ``(parameter, parameter)``.
    prior_precision
        Of the prior around zero.
    log_evidence
        Approximate log marginal likelihood, nats.
    """

    mean: Tensor
    factor: Tensor
    prior_precision: float
    log_evidence: float

    def draw(self, generator: torch.Generator) -> Tensor:
        """One draw of the weights, ``(parameter,)``."""
        noise = torch.randn(len(self.mean), generator=generator, dtype=self.mean.dtype)
        return self.mean + self.factor @ noise


def approximate(
    layer: LastLayer,
    *,
    covariance: Covariance = "full",
    prior_precision: float | None = None,
    refit: bool = False,
) -> Gaussian:
    """Laplace's approximation of a last layer's posterior.

    Parameters
    ----------
    layer
        Its weights are the mode, unless it is looked for anew.
    covariance
        ``"full"``, or the product of one over what a layer reads and one over what it gives
        (Ritter, Botev and Barber 2018), for heads too large for the former.
    prior_precision
        None: where the marginal likelihood is greatest.
    refit
        Look for the mode of the tempered joint density.
    """
    mode = layer.weights
    values, vectors = _fisher(layer, mode, covariance)
    precision = prior_precision or _most_probable(mode, values)
    for _ in range(REFITS if refit else 0):
        mode = _mode(layer, mode, precision)
        values, vectors = _fisher(layer, mode, covariance)
        precision = prior_precision or _most_probable(mode, values)
    return Gaussian(
        mode,
        vectors / torch.sqrt(values + precision),
        precision,
        _log_evidence(layer, mode, values, precision),
    )


def fisher(layer: LastLayer, weights: Tensor) -> Tensor:
    """Fisher information of all rows as much as they count, ``(parameter, parameter)``."""
    total = torch.zeros(len(weights), len(weights), dtype=torch.float64)
    for rows in layer.features.split(CHUNK):
        root = _weighted_gradients(layer, weights, rows).flatten(0, 1)
        total += root.T @ root
    return layer.row_weight * total


def _weighted_gradients(layer: LastLayer, weights: Tensor, rows: Tensor) -> Tensor:
    """Gradients of every log-probability times the root of the probability, ``(row, K, P)``."""

    def one(vector: Tensor, row: Tensor) -> Tensor:
        return layer.log_probs(vector, row[None])[0]

    jacobian = torch.func.vmap(torch.func.jacrev(one), (None, 0))(weights, rows)
    roots = torch.exp(0.5 * layer.log_probs(weights, rows).detach())
    gradients: Tensor = jacobian * roots[..., None]
    return gradients


def _fisher(layer: LastLayer, mode: Tensor, covariance: Covariance) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors of the Fisher information."""
    if covariance == "full":
        values, vectors = torch.linalg.eigh(fisher(layer, mode))
        return values.clamp_min(0), vectors
    return _kronecker(layer, mode)


def _kronecker(layer: LastLayer, mode: Tensor) -> tuple[Tensor, Tensor]:
    """The same, every affine map's block taken for a product of two factors.

    The gradient with respect to a map's bias is the gradient with respect to what it gives.
    """
    names = list(dict(layer.head.named_parameters()))
    sizes = [p.numel() for p in layer.head.parameters()]
    starts = dict(zip(names, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
    values = torch.zeros(len(mode), dtype=torch.float64)
    vectors = torch.zeros(len(mode), len(mode), dtype=torch.float64)
    column = 0
    rows = len(layer.features)
    for name, module in layer.head.named_modules():
        if not isinstance(module, nn.Linear):
            continue
        features = layer.head.read_by(name, layer.features)
        if module.bias is None or module.in_features != features.shape[1]:
            raise InputError(
                f"laplace: a Kronecker covariance needs affine maps of the trunk's features; "
                f"{name} is none; set posterior.covariance=full"
            )
        weight, bias = (starts[f"{name}.{part}"] for part in ("weight", "bias"))
        outputs, inputs = module.out_features, module.in_features + 1
        gave = torch.zeros(outputs, outputs, dtype=torch.float64)
        for some in layer.features.split(CHUNK):
            gradients = _weighted_gradients(layer, mode, some)[..., bias : bias + outputs]
            gave += gradients.flatten(0, 1).T @ gradients.flatten(0, 1)
        read = torch.cat([features, torch.ones(rows, 1, dtype=torch.float64)], dim=1)
        a, u = torch.linalg.eigh(read.T @ read / rows)
        g, v = torch.linalg.eigh(layer.row_weight * gave)
        # where (output, input) of the map, its bias as one more input, stands in the vector
        place = torch.empty(outputs, inputs, dtype=torch.long)
        place[:, :-1] = weight + torch.arange(outputs * (inputs - 1)).reshape(outputs, -1)
        place[:, -1] = bias + torch.arange(outputs)
        block = torch.einsum("oj,ik->oijk", v, u).reshape(outputs * inputs, -1)
        count = outputs * inputs
        vectors[place.flatten(), column : column + count] = block
        values[column : column + count] = torch.outer(g, a).flatten()
        column += count
    return values.clamp_min(0), vectors


def _log_evidence(layer: LastLayer, mode: Tensor, values: Tensor, precision: float) -> float:
    """Of MacKay 1992, equation 2.9: the joint at the mode times the width around it."""
    width = 0.5 * len(mode) * math.log(2 * math.pi) - 0.5 * torch.log(values + precision).sum()
    with torch.no_grad():
        return float(layer.log_joint(mode, precision) + width)


def _most_probable(mode: Tensor, values: Tensor) -> float:
    """The prior precision of greatest evidence; its likelihood term does not depend on it."""
    from scipy.optimize import minimize_scalar

    square = float((mode**2).sum())

    def loss(log_precision: float) -> float:
        precision = math.exp(log_precision)
        gain = len(mode) * log_precision - precision * square
        return float(torch.log(values + precision).sum()) - gain

    found = minimize_scalar(loss, bounds=(math.log(1e-6), math.log(1e6)), method="bounded")
    return math.exp(found.x)


def _mode(layer: LastLayer, start: Tensor, precision: float) -> Tensor:
    """Where the joint density is greatest, by L-BFGS."""
    weights = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS(
        [weights], max_iter=200, line_search_fn="strong_wolfe", tolerance_grad=1e-6
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = -layer.log_joint(weights, precision)
        value.backward()
        return value

    optimizer.step(loss)
    return weights.detach()


class Laplace(WeightPosterior):
    """A trained network whose head's weights are drawn from Laplace's approximation.

    Examples
    --------
    >>> from bayes_a2m.networks.crnn import CRNN
    >>> Laplace(CRNN(), covariance="kronecker").options.covariance
    'kronecker'
    """

    name = "laplace"

    class Options(Settings):
        """Of the approximation."""

        covariance: Covariance = "kronecker"
        tempering: float = Field(0.02, gt=0, description="what a frame counts")
        prior_precision: float | None = Field(None, gt=0, description="None: by the evidence")
        refit: bool = False

    @classmethod
    def own_passes(cls, options: Any) -> float:
        """The trunk runs once, without gradients."""
        return 0.5

    def __init__(self, network: Network, **settings: Any) -> None:
        super().__init__(network, **settings)
        self.gaussian: Gaussian | None = None

    def fit_posterior(self, training_data: TrainingData, context: FitContext) -> TrainingRecord:
        """Features once, then second derivatives."""
        options = self.options
        clock = time.perf_counter()
        self.gaussian = approximate(
            LastLayer.of(self.network, training_data, tempering=options.tempering),
            covariance=options.covariance,
            prior_precision=options.prior_precision,
            refit=options.refit,
        )
        return TrainingRecord(seconds=time.perf_counter() - clock)

    @property
    def approximation(self) -> Gaussian:
        """The approximation.

        Raises
        ------
        InputError
            Before ``fit``.
        """
        if self.gaussian is None:
            raise InputError(NOT_FITTED)
        return self.gaussian

    @property
    def chains(self) -> int:
        """One."""
        return 1

    def draw_weights(self, chain: int, draw: int) -> dict[str, Tensor]:
        """The head's weights."""
        generator = torch.Generator().manual_seed(self.draw_seed(draw))
        named = unflatten(self.network.head, self.approximation.draw(generator).float())
        return {PREFIX + name: tensor for name, tensor in named.items()}

    def state_dict(self) -> dict[str, Tensor]:
        """The Gaussian."""
        gaussian = self.approximation
        return {
            "mean": gaussian.mean,
            "factor": gaussian.factor,
            "prior_precision": torch.tensor(gaussian.prior_precision, dtype=torch.float64),
            "log_evidence": torch.tensor(gaussian.log_evidence, dtype=torch.float64),
        }

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back the Gaussian."""
        gaussian = Gaussian(
            state["mean"],
            state["factor"],
            float(state["prior_precision"]),
            float(state["log_evidence"]),
        )
        unflatten(self.network.head, gaussian.mean)  # a RuntimeError where it does not fit
        self.gaussian = gaussian

    def log_ratios(self, training_data: TrainingData, draws: int = 1000) -> NDArray[np.float64]:
        """Log of the exact tempered joint over the Gaussian's density, ``(draw,)``.

        Up to a constant. What :func:`bayes_a2m.diagnostics.pareto_k` reads: how far
        the approximation's tails can be trusted (Yao et al. 2018, arXiv 1802.02538).
        """
        gaussian = self.approximation
        layer = LastLayer.of(self.network, training_data, tempering=self.options.tempering)
        generator = torch.Generator().manual_seed(self.draw_seed(-1 % 2**31))
        noise = torch.randn(
            draws, len(gaussian.mean), generator=generator, dtype=gaussian.mean.dtype
        )
        with torch.no_grad():
            joint = torch.stack(
                [
                    layer.log_joint(gaussian.mean + gaussian.factor @ z, gaussian.prior_precision)
                    for z in noise
                ]
            )
        ratios: NDArray[np.float64] = (joint + 0.5 * (noise**2).sum(1)).numpy()
        return ratios
