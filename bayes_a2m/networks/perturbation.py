"""Perturbation of weights: groups that vary together, and noise on the outputs of layers.

One weight sample a batch makes all examples share one error, so the gradient stays noisy
however large the batch. Both ways around it add noise to a layer's output, through a hook, and
leave the layer as it is:

- **Flipout** (Wen et al. 2018, arXiv 1803.04386, equation 4): one weight perturbation dW a
  batch, with random signs r, s for every example, ``y = W x + r * (dW (s * x))``. Exact for
  every example, also where its frames share the weights; needs weights that vary independently
  and symmetrically.
- **Local reparameterisation** (Kingma, Salimans and Welling 2015, arXiv 1506.02557, equation 6):
  the output's own distribution, ``y = W x + sqrt(scale² x²) * noise``, with noise anew for every
  frame and bin. Each value has the right distribution, but values of one sequence no longer share a
  weight sample, which for convolutions and for frames under a recurrence is an approximation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bayes_a2m.errors import InputError

TINY = 1e-20
"""Output variances below this give no noise, and no gradient of the root at zero."""


@dataclass(frozen=True)
class WeightGroup:
    """Group of parameters whose distribution is described together, as one vector.

    Attributes
    ----------
    name
        Name of the parameter, or of the module where it is all of a module's.
    shapes
        Shapes of the parameters, by name.
    joint
        Whether they may be correlated.
    """

    name: str
    shapes: dict[str, torch.Size]
    joint: bool = False

    @property
    def size(self) -> int:
        """Length of the vector."""
        return sum(shape.numel() for shape in self.shapes.values())

    def joined(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Join parameters into one vector, ``(size,)``."""
        return torch.cat([tensors[name].reshape(-1) for name in self.shapes])

    def parted(self, vector: Tensor) -> dict[str, Tensor]:
        """Split a vector ``(size,)`` into parameters, by name."""
        parts = torch.split(vector, [shape.numel() for shape in self.shapes.values()])
        return {n: p.reshape(s) for (n, s), p in zip(self.shapes.items(), parts, strict=True)}

    def fan_in(self) -> Tensor:
        """Number of inputs summed over by each parameter's unit, ``(size,)``; one for a bias."""
        return torch.cat(
            [torch.full((s.numel(),), float(s[1:].numel())) for s in self.shapes.values()]
        )


def weight_groups(network: nn.Module, joint: Sequence[str] = ()) -> list[WeightGroup]:
    """Group the parameters of a network: each weight matrix and kernel, whole modules in ``joint``.

    Biases and the scales and shifts of batch normalisation belong to no group, outside of
    ``joint``: they are few, and an error in one of them is an error of all frames at once.

    Parameters
    ----------
    network
        Network whose parameters are grouped.
    joint
        Names of modules whose parameters make one group each.

    Raises
    ------
    InputError
        If a module of ``joint`` is not in the network.
    """
    named = dict(network.named_parameters())
    groups = []
    taken: set[str] = set()
    for module in joint:
        names = [n for n in named if n.startswith(f"{module}.") and n not in taken]
        if not names:
            modules = [n for n, _ in network.named_children()]
            raise InputError(
                f"posterior.joint: no weights left in {module!r}; modules: {', '.join(modules)}"
            )
        taken.update(names)
        groups.append(WeightGroup(module, {n: named[n].shape for n in names}, joint=True))
    # a matrix or kernel is a group: nothing but the joint modules has weights that are correlated,
    # so its layer can be given noise without the others
    single = [n for n, p in named.items() if p.ndim > 1 and n not in taken]
    return [WeightGroup(n, {n: named[n].shape}) for n in single] + groups


def perturbable(network: nn.Module) -> dict[str, nn.Linear | nn.Conv2d]:
    """Find linear and convolutional layers, by the names of their weights."""
    return {
        f"{name}.weight": module
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d)
    }


@contextmanager
def flipout(
    network: nn.Module, deltas: Mapping[str, Tensor], generator: torch.Generator
) -> Iterator[None]:
    """Let layers' weights differ by ``± delta``, with signs of every example's own.

    Parameters
    ----------
    network
        Network whose layers see ``(batch, ..., feature)`` or ``(batch, channel, ...)``.
    deltas
        Differences of the weights, by the names :func:`perturbable` gives.
    generator
        Source of the signs.
    """

    def noise(layer: nn.Linear | nn.Conv2d, x: Tensor, delta: Tensor) -> Tensor:
        axis = 1 if isinstance(layer, nn.Conv2d) else x.ndim - 1
        outputs = delta.shape[0]
        # dW with random signs is distributed as dW: it is symmetric and its entries independent, so
        # r s^T * dW is another sample of it. Examples so have perturbations of their own, whose
        # errors average out over the batch, for the cost of one more pass through the layer
        answer = _apply(layer, x * _signs(x, axis, x.shape[axis], generator), delta)
        return answer * _signs(x, axis, outputs, generator)

    with _hooked(network, deltas, noise):
        yield


@contextmanager
def local(
    network: nn.Module, scales: Mapping[str, Tensor], generator: torch.Generator
) -> Iterator[None]:
    """Draw layers' outputs as weights with these standard deviations would make them.

    Parameters
    ----------
    network, generator
        Network, and source of the noise; see :func:`flipout`.
    scales
        Standard deviations of the weights, by the names :func:`perturbable` gives.
    """

    def noise(layer: nn.Linear | nn.Conv2d, x: Tensor, scale: Tensor) -> Tensor:
        # a sum of independent normals is normal: variances of the terms x w add up
        variance = _apply(layer, x.square(), scale.square()).clamp_min(TINY)
        normal = torch.randn(variance.shape, generator=generator).to(x)
        return variance.sqrt() * normal

    with _hooked(network, scales, noise):
        yield


def _apply(layer: nn.Linear | nn.Conv2d, x: Tensor, weight: Tensor) -> Tensor:
    """The layer with another weight and no bias."""
    if isinstance(layer, nn.Linear):
        return nn.functional.linear(x, weight)
    answer: Tensor = layer._conv_forward(x, weight, None)
    return answer


def _signs(x: Tensor, axis: int, size: int, generator: torch.Generator) -> Tensor:
    """A sign for every example and unit, which all its frames share."""
    shape = [1] * x.ndim
    shape[0], shape[axis] = x.shape[0], size
    return (2 * torch.randint(2, shape, generator=generator) - 1).to(x)


@contextmanager
def _hooked(
    network: nn.Module,
    tensors: Mapping[str, Tensor],
    noise: Callable[[nn.Linear | nn.Conv2d, Tensor, Tensor], Tensor],
) -> Iterator[None]:
    """Add ``noise(layer, input, tensor)`` to what the named layers give."""
    layers = perturbable(network)
    with ExitStack() as stack:
        for name, tensor in tensors.items():

            def hook(layer: Any, inputs: Any, output: Any, tensor: Tensor = tensor) -> Tensor:
                whole: Tensor = output + noise(layer, inputs[0], tensor)
                return whole

            handle = layers[name].register_forward_hook(hook)
            stack.callback(handle.remove)
        yield
