"""Laplace's approximation on the last layer is a Gaussian as wide as the likelihood is flat.

MacKay 1992, "The evidence framework applied to classification networks"
(https://doi.org/10.1162/neco.1992.4.5.720); Kristiadi, Hein and Hennig 2020
(https://arxiv.org/abs/2002.10118) on why the last layer suffices; Daxberger et al. 2021, "Laplace
redux" (https://arxiv.org/abs/2106.14806), section 2. Around the trained weights m,

    q(w) = N(m, (e F + p I)^-1),   F = sum over frames of J^T (diag(pi) - pi pi^T) J,

where F is the Fisher information, which is the Hessian of a softmax over affine scores, and J the
Jacobian of the scores. A frame counts as e observations, for its neighbours say the same thing. The
prior's precision p is by default the one that maximises the evidence, the marginal likelihood:

    log p(labels | p) = log p(labels, m | p) + (P / 2) log(2 pi) - log det(e F + p I) / 2.

One draw is a vector of the head's weights, ``m + L z`` with ``L L^T`` the covariance and z standard
normal; the trunk is the same in all draws.
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
"""How many rows' derivatives are held in memory at a time."""

REFITS = 4
"""How many times the mode and the prior precision are sought in turn: each moves the other."""

Covariance = Literal["full", "kronecker"]


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian over the head's weights.

    Attributes
    ----------
    mean
        The mode, shape ``(parameter,)``.
    factor
        A factor of the covariance, ``factor @ factor.T``, shape ``(parameter, parameter)``.
    prior_precision
        The precision of the prior, a Gaussian around zero.
    log_evidence
        The approximate log marginal likelihood, in nats.
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
        The last layer; its weights are the mode, unless ``refit``.
    covariance
        ``"full"``, or ``"kronecker"``: a product of one over a layer's inputs and one over its
        outputs (Ritter, Botev and Barber 2018, "A scalable Laplace approximation for neural
        networks", section 3), for heads too large for the former.
    prior_precision
        The precision of the prior; None takes the one of greatest marginal likelihood.
    refit
        Whether the mode of the tempered joint density is sought anew, in turn with the precision.

    Returns
    -------
    Gaussian
        The approximate posterior over the head's weights.

    Raises
    ------
    InputError
        If a Kronecker covariance is asked for, and the head is not made of affine maps of the
        trunk's features.
    """
    mode = layer.weights
    values, vectors = _fisher(layer, mode, covariance)
    precision = prior_precision or _most_probable(mode, values)
    for _ in range(REFITS if refit else 0):
        mode = _mode(layer, mode, precision)
        values, vectors = _fisher(layer, mode, covariance)
        precision = prior_precision or _most_probable(mode, values)
    # (V diag(values) V^T + p I)^-1 = B B^T with B = V / sqrt(values + p): a factor that needs no
    # decomposition beyond the one that the precision was chosen with
    return Gaussian(
        mode,
        vectors / torch.sqrt(values + precision),
        precision,
        _log_evidence(layer, mode, values, precision),
    )


def fisher(layer: LastLayer, weights: Tensor) -> Tensor:
    """Fisher information of all rows, each counted ``row_weight``-fold, ``(parameter, parameter)``.

    The expectation over classes is exact, under the model's own probabilities.
    """
    total = torch.zeros(len(weights), len(weights), dtype=torch.float64)
    for rows in layer.features.split(CHUNK):
        root = _weighted_gradients(layer, weights, rows).flatten(0, 1)
        total += root.T @ root
    return layer.row_weight * total


def _weighted_gradients(layer: LastLayer, weights: Tensor, rows: Tensor) -> Tensor:
    """Gradients of every log-probability times the root of the probability, ``(row, K, P)``.

    Their outer products, summed over classes, are the Fisher information of a row: the expectation
    over classes of the outer product of the score.
    """

    def of_row(vector: Tensor, row: Tensor) -> Tensor:
        return layer.log_probs(vector, row[None])[0]

    jacobian = torch.func.vmap(torch.func.jacrev(of_row), (None, 0))(weights, rows)
    roots = torch.exp(0.5 * layer.log_probs(weights, rows).detach())
    gradients: Tensor = jacobian * roots[..., None]
    return gradients


def _fisher(layer: LastLayer, mode: Tensor, covariance: Covariance) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors of the Fisher information."""
    if covariance == "full":
        values, vectors = torch.linalg.eigh(fisher(layer, mode))
        # rounding makes some of the zero eigenvalues negative
        return values.clamp_min(0), vectors
    return _kronecker(layer, mode)


def _kronecker(layer: LastLayer, mode: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors with every affine map's block a Kronecker product.

    For a map ``y = W x`` (x with a one appended, for the bias) the gradient by W of a row is
    ``g x^T``, g being the gradient by y; so the block of W is ``sum x x^T (x) g g^T``, of which
    Martens and Grosse 2015 (https://arxiv.org/abs/1503.05671, section 3) make
    ``mean(x x^T) (x) sum(g g^T)``: as if inputs and output gradients were independent. Blocks
    between maps are left at zero.
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
        # the bias is added to the output, so its gradient is the gradient by the output: no other
        # derivative is needed
        output_factor = torch.zeros(outputs, outputs, dtype=torch.float64)
        for chunk in layer.features.split(CHUNK):
            gradients = _weighted_gradients(layer, mode, chunk)[..., bias : bias + outputs]
            output_factor += gradients.flatten(0, 1).T @ gradients.flatten(0, 1)
        with_one = torch.cat([features, torch.ones(rows, 1, dtype=torch.float64)], dim=1)
        # only the small factors are decomposed: a Kronecker product's eigenvalues and eigenvectors
        # are the products of its factors'. So the prior's precision adds to the eigenvalues of the
        # whole block exactly, and is not split between the factors, as damping would have it
        a, u = torch.linalg.eigh(with_one.T @ with_one / rows)
        g, v = torch.linalg.eigh(layer.row_weight * output_factor)
        # where (output, input) of the map, its bias as one more input, stands in the vector
        positions = torch.empty(outputs, inputs, dtype=torch.long)
        positions[:, :-1] = weight + torch.arange(outputs * (inputs - 1)).reshape(outputs, -1)
        positions[:, -1] = bias + torch.arange(outputs)
        block = torch.einsum("oj,ik->oijk", v, u).reshape(outputs * inputs, -1)
        count = outputs * inputs
        vectors[positions.flatten(), column : column + count] = block
        values[column : column + count] = torch.outer(g, a).flatten()
        column += count
    return values.clamp_min(0), vectors


def _log_evidence(layer: LastLayer, mode: Tensor, values: Tensor, precision: float) -> float:
    """Log marginal likelihood: the joint density at the mode times the Gaussian's volume around it.

    MacKay 1992, equation 2.9; the determinant is the product of eigenvalues.
    """
    width = 0.5 * len(mode) * math.log(2 * math.pi) - 0.5 * torch.log(values + precision).sum()
    with torch.no_grad():
        return float(layer.log_joint(mode, precision) + width)


def _most_probable(mode: Tensor, values: Tensor) -> float:
    """The prior precision of greatest marginal likelihood at a given mode.

    The likelihood at the mode does not depend on the precision p, so twice the log evidence is,
    up to a constant, ``P log p - p |m|^2 - sum log(eigenvalue + p)``.
    """
    from scipy.optimize import minimize_scalar

    square = float((mode**2).sum())

    def loss(log_precision: float) -> float:
        precision = math.exp(log_precision)
        gain = len(mode) * log_precision - precision * square
        return float(torch.log(values + precision).sum()) - gain

    # a bounded search over log p always ends, also where the data say little of p. MacKay's fixed
    # point, p = (sum of eigenvalue / (eigenvalue + p)) / |m|^2, has the same solution, but need not
    # converge
    optimum = minimize_scalar(loss, bounds=(math.log(1e-6), math.log(1e6)), method="bounded")
    return math.exp(optimum.x)


def _mode(layer: LastLayer, start: Tensor, precision: float) -> Tensor:
    """The weights of greatest joint density, by L-BFGS, ``(parameter,)``."""
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
        """Settings of the approximation."""

        covariance: Covariance = "kronecker"
        tempering: float = Field(0.02, gt=0, description="what a frame counts")
        prior_precision: float | None = Field(None, gt=0, description="None: by the evidence")
        refit: bool = False

    @classmethod
    def own_passes(cls, options: Any) -> float:
        """Half a pass: the trunk runs once, without gradients."""
        return 0.5

    def __init__(self, network: Network, **settings: Any) -> None:
        super().__init__(network, **settings)
        self.gaussian: Gaussian | None = None

    def fit_posterior(self, training_data: TrainingData, context: FitContext) -> TrainingRecord:
        """Compute the trunk's features once, then the Gaussian over the head's weights.

        Raises
        ------
        InputError
            If a Kronecker covariance does not suit the head.
        """
        options = self.options
        started = time.perf_counter()
        self.gaussian = approximate(
            LastLayer.of(self.network, training_data, tempering=options.tempering),
            covariance=options.covariance,
            prior_precision=options.prior_precision,
            refit=options.refit,
        )
        return TrainingRecord(seconds=time.perf_counter() - started)

    @property
    def approximation(self) -> Gaussian:
        """The Gaussian over the head's weights.

        Raises
        ------
        InputError
            If the model is not fitted.
        """
        if self.gaussian is None:
            raise InputError(NOT_FITTED)
        return self.gaussian

    @property
    def chains(self) -> int:
        """Draws are independent, so there is one chain."""
        return 1

    def draw_weights(self, chain: int, draw: int) -> dict[str, Tensor]:
        """The head's weights of one draw, by their names in the network."""
        generator = torch.Generator().manual_seed(self.draw_seed(draw))
        named = unflatten(self.network.head, self.approximation.draw(generator).float())
        return {PREFIX + name: tensor for name, tensor in named.items()}

    def state_dict(self) -> dict[str, Tensor]:
        """The Gaussian's mean and factor, the prior precision and the log evidence."""
        gaussian = self.approximation
        return {
            "mean": gaussian.mean,
            "factor": gaussian.factor,
            "prior_precision": torch.tensor(gaussian.prior_precision, dtype=torch.float64),
            "log_evidence": torch.tensor(gaussian.log_evidence, dtype=torch.float64),
        }

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back the Gaussian.

        Raises
        ------
        KeyError, RuntimeError
            If a tensor is missing, or does not fit the head.
        """
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

        The ratios are known up to a constant. :func:`bayes_a2m.diagnostics.pareto_k` reads them to
        tell how far the approximation's tails can be trusted (Yao et al. 2018,
        https://arxiv.org/abs/1802.02538).

        Parameters
        ----------
        training_data
            The recordings that the model was fitted on.
        draws
            How many draws of the Gaussian to take.

        Raises
        ------
        InputError
            If the model is not fitted.
        """
        gaussian = self.approximation
        layer = LastLayer.of(self.network, training_data, tempering=self.options.tempering)
        # a draw's number that no prediction asks for, so that these draws are none of its own
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
