from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import torch
from torch import Tensor, nn

from bayes_a2m.errors import InputError
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.networks.perturbation import flipout, local, perturbable, weight_groups

SAMPLES = 4000


class Layers(nn.Module):
    """One layer of either kind, each with its own way through it."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(5, 3)
        self.convolution = nn.Conv2d(2, 3, (3, 3), padding="same")

    def forward(self, x: Tensor) -> Tensor:
        layer = self.linear if x.ndim == 3 else self.convolution
        answer: Tensor = layer(x)
        return answer


def layer_and_input(kind: str, seed: int = 0) -> tuple[Layers, str, Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Layers()
        shape = (2, 4, 5) if kind == "linear" else (2, 2, 4, 3)
        return network, f"{kind}.weight", torch.randn(shape)


def outputs(
    kind: str, estimator: str, scale: Tensor, samples: int
) -> tuple[Tensor, Layers, str, Tensor]:
    """Many noisy answers, ``(sample, ...)``."""
    network, name, x = layer_and_input(kind)
    weight = dict(network.named_parameters())[name]
    generator = torch.Generator().manual_seed(1)
    answers = []
    with torch.no_grad():
        for _ in range(samples):
            delta = scale * torch.randn(weight.shape, generator=generator)
            if estimator == "plain":
                answers.append(torch.func.functional_call(network, {name: weight + delta}, (x,)))
                continue
            noise = (
                flipout(network, {name: delta}, generator)
                if estimator == "flipout"
                else local(network, {name: scale.expand(weight.shape)}, generator)
            )
            with noise:
                answers.append(network(x))
    return torch.stack(answers), network, name, x


@pytest.mark.parametrize("kind", ["linear", "convolution"])
@pytest.mark.parametrize("estimator", ["plain", "flipout", "local"])
def test_every_estimator_has_the_layers_mean_and_variance(kind: str, estimator: str) -> None:
    scale = torch.tensor(0.3)
    answers, network, name, x = outputs(kind, estimator, scale, SAMPLES)
    with torch.no_grad():
        mean = network(x)
        ones = torch.full_like(dict(network.named_parameters())[name], 0.3**2)
        if kind == "linear":
            variance = nn.functional.linear(x.square(), ones)
        else:
            variance = nn.functional.conv2d(x.square(), ones, padding="same")
    error = variance.sqrt() / SAMPLES**0.5
    assert ((answers.mean(0) - mean).abs() < 5 * error).all()
    # the relative error of a variance of n normal values is sqrt(2 / n)
    torch.testing.assert_close(
        answers.var(0) / variance, torch.ones_like(variance), atol=0.15, rtol=0
    )


def test_flipout_gives_examples_errors_of_their_own_and_frames_the_same() -> None:
    generator = torch.Generator().manual_seed(0)
    network, name, _ = layer_and_input("linear")
    x = torch.ones(64, 2, 5)
    delta = torch.randn((3, 5), generator=generator)
    with flipout(network, {name: delta}, generator):
        answer = network(x)
    first, second = answer[:, 0], answer[:, 1]
    assert torch.equal(first, second)
    assert len(first.unique(dim=0)) > 8


def gradients(estimator: str, trials: int) -> Tensor:
    """Gradients of a batch's mean squared output with respect to the weights' means."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Layers()
        x = torch.randn(32, 1, 5)
    weight = network.linear.weight
    generator = torch.Generator().manual_seed(2)
    collected = []
    for _ in range(trials):
        delta = 0.5 * torch.randn(weight.shape, generator=generator)
        network.zero_grad()
        if estimator == "plain":
            answer = torch.func.functional_call(network, {"linear.weight": weight + delta}, (x,))
        else:
            noise = (
                flipout(network, {"linear.weight": delta}, generator)
                if estimator == "flipout"
                else local(network, {"linear.weight": torch.full((3, 5), 0.5)}, generator)
            )
            with noise:
                answer = network(x)
        answer.square().mean().backward()
        assert weight.grad is not None
        collected.append(weight.grad.clone())
    return torch.stack(collected)


def test_all_have_one_gradient_on_average_and_two_have_it_with_less_noise() -> None:
    trials = 1500
    plain, flipped, reparametrised = (gradients(e, trials) for e in ("plain", "flipout", "local"))
    spread = plain.std(0) / trials**0.5
    for other in (flipped, reparametrised):
        assert ((other.mean(0) - plain.mean(0)).abs() < 5 * spread).all()
        # 32 examples: the noise is averaged over them
        assert other.var(0).mean() < 0.4 * plain.var(0).mean()


@pytest.mark.parametrize("context", [flipout, local])
def test_the_hooks_are_gone_afterwards(
    context: Callable[..., AbstractContextManager[None]],
) -> None:
    network, name, x = layer_and_input("linear")
    before = network(x)
    generator = torch.Generator().manual_seed(0)
    with context(network, {name: torch.ones(3, 5)}, generator):
        assert not torch.equal(network(x), before)
    assert torch.equal(network(x), before)
    with pytest.raises(ZeroDivisionError), context(network, {name: torch.ones(3, 5)}, generator):
        raise ZeroDivisionError
    assert torch.equal(network(x), before)


def test_groups_are_weights_and_whole_modules() -> None:
    network = CRNN(84, channels=(2, 2, 2), projection=4, hidden=3, features=4)
    groups = weight_groups(network, ("head",))
    named = dict(network.named_parameters())
    *single, head = groups
    assert head.name == "head"
    assert head.joint
    assert list(head.shapes) == ["head.output.weight", "head.output.bias"]
    assert head.size == 4 * 4 + 4
    assert all(named[g.name].ndim > 1 and not g.joint for g in single)
    missing = {n for n in named if named[n].ndim > 1} - {g.name for g in single}
    assert missing == {"head.output.weight"}
    parted = head.parted(head.joined(named))
    assert all(torch.equal(parted[n], named[n]) for n in head.shapes)
    assert head.fan_in().tolist() == [4.0] * 16 + [1.0] * 4
    kernel = next(g for g in single if g.name == "blocks.1.convolution.weight")
    assert kernel.fan_in()[0] == 2 * 3 * 5


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"'hed'; modules: .*head"):
        weight_groups(CRNN(), ("hed",))


def test_layers_that_can_be_perturbed_have_a_weight_of_that_name() -> None:
    network = CRNN()
    names = set(dict(network.named_parameters()))
    found = set(perturbable(network))
    assert found < names
    assert {"projection.weight", "head.output.weight", "blocks.0.convolution.weight"} <= found
    assert not any("recurrence" in name for name in found)
