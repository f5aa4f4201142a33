"""What every network must do; a network's test inherits this and says how to make one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import deepcopy
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from bayes_a2m.networks.network import Network

EXACT: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}

# the same test runs in every subclass, which is what a contract is for
INHERITED = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
)


def randn(*shape: int, seed: int = 0) -> Tensor:
    """Numbers like normalised features."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def set_in_motion(network: Network, seed: int = 0) -> Network:
    """Give normalisation layers statistics and affine maps that are not those they start with."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            for values in (module.running_mean, module.bias):
                assert values is not None
                values.data.normal_(0, 0.3, generator=generator)
            for values in (module.running_var, module.weight):
                assert values is not None
                values.data.uniform_(0.5, 2.0, generator=generator)
    return network


def loss_of(network: Network, features: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
    """What training lowers: the head's loss, and that of the onsets where there is an output."""
    trunk = network.trunk(features, lengths)
    loss = network.head.loss(network.head(trunk, lengths), labels, lengths)
    if network.onset_head is not None:
        loss = loss + network.onset_head.loss(network.onset_head(trunk), labels, lengths)
    return loss


class NetworkContract(ABC):
    """Subclasses give :meth:`make`, and ``bins`` that suit it."""

    covers = ""
    """Names in the registry that a subclass stands for; test_registry.py asks for all."""

    bins = 48

    @abstractmethod
    def make(self, bins: int, classes: int) -> Network:
        """A network, smaller than in earnest."""

    def ready(self, bins: int | None = None, classes: int = 4, seed: int = 0) -> Network:
        """A network for use, whose layers all do something."""
        network = self.make(bins or self.bins, classes).fresh(
            bins=bins or self.bins, classes=classes, seed=seed
        )
        return set_in_motion(network).eval()

    @INHERITED
    @given(frames=st.integers(1, 700), batch=st.integers(1, 5), classes=st.integers(2, 13))
    def test_any_length_batch_and_classes(self, frames: int, batch: int, classes: int) -> None:
        network = self.ready(classes=classes)
        with torch.inference_mode():
            log_probs = network(randn(batch, frames, self.bins))
        assert log_probs.shape == (batch, frames, classes)
        assert torch.isfinite(log_probs).all()
        torch.testing.assert_close(log_probs.exp().sum(-1), torch.ones(batch, frames), **EXACT)

    @INHERITED
    @given(
        lengths=st.lists(st.integers(1, 60), min_size=2, max_size=5),
        rubbish=st.sampled_from([0.0, 5.0, -300.0]),
    )
    def test_padding_changes_nothing_in_use(self, lengths: list[int], rubbish: float) -> None:
        network = self.ready()
        alone = [randn(1, n, self.bins, seed=i) for i, n in enumerate(lengths)]
        padded = torch.full((len(lengths), max(lengths) + 3, self.bins), rubbish)
        for i, item in enumerate(alone):
            padded[i, : lengths[i]] = item
        with torch.inference_mode():
            together = network(padded, torch.tensor(lengths))
            for i, item in enumerate(alone):
                torch.testing.assert_close(together[i, : lengths[i]], network(item)[0], **EXACT)

    def test_padding_changes_nothing_in_training(self) -> None:
        """Loss, gradients and running statistics are the same, however far a batch is padded."""
        lengths = torch.tensor([40, 17, 5])
        labels = torch.randint(0, 4, (3, 40), generator=torch.Generator().manual_seed(1))

        def step(padding: int, rubbish: float) -> tuple[Tensor, Network]:
            network = self.ready().train()
            features = torch.full((3, 40 + padding, self.bins), rubbish)
            targets = torch.zeros(3, 40 + padding, dtype=torch.long)
            for i, n in enumerate(lengths.tolist()):
                features[i, :n] = randn(n, self.bins, seed=i)
                targets[i, :n] = labels[i, :n]
            loss = loss_of(network, features, targets, lengths)
            loss.backward()
            return loss, network

        loss, network = step(0, 0.0)
        for padding, rubbish in ((0, 7.0), (9, -4.0)):
            other, twin = step(padding, rubbish)
            torch.testing.assert_close(other, loss, **EXACT)
            for (name, a), b in zip(network.named_parameters(), twin.parameters(), strict=True):
                assert a.grad is not None
                assert b.grad is not None
                torch.testing.assert_close(b.grad, a.grad, **EXACT, msg=name)
            for (name, a), b in zip(network.named_buffers(), twin.buffers(), strict=True):
                torch.testing.assert_close(b, a, **EXACT, msg=name)

    def test_lengths_left_out_are_all_frames(self) -> None:
        network, features = self.ready(), randn(2, 20, self.bins)
        with torch.inference_mode():
            torch.testing.assert_close(
                network(features), network(features, torch.tensor([20, 20])), rtol=0, atol=0
            )

    def test_a_frame_is_heard(self) -> None:
        """Every frame of the input reaches the output near it."""
        network, features = self.ready(), randn(1, 30, self.bins)
        with torch.inference_mode():
            before = network(features)
            for frame in (0, 13, 29):
                changed = features.clone()
                changed[0, frame] += 5
                moved = (network(changed) - before)[0].abs().amax(-1)
                assert moved[max(0, frame - 4) : frame + 5].max() > 1e-5

    @pytest.mark.parametrize("training", [False, True])
    def test_deterministic(self, training: bool) -> None:
        network, features = self.ready().train(training), randn(2, 30, self.bins)
        state = torch.random.get_rng_state()
        assert torch.equal(network(features), network(features))
        assert torch.equal(torch.random.get_rng_state(), state)

    def test_gradients_reach_every_parameter(self) -> None:
        network, lengths = self.ready().train(), torch.tensor([60, 41, 33])
        labels = torch.randint(0, 4, (3, 60), generator=torch.Generator().manual_seed(0))
        loss_of(network, randn(3, 60, self.bins), labels, lengths).backward()
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name
            assert parameter.grad.abs().max() > 0, name

    def test_saved_weights_give_the_same_answers(self) -> None:
        one, features = self.ready(seed=1), randn(2, 30, self.bins)
        other = self.ready(seed=2)
        with torch.inference_mode():
            assert not torch.allclose(one(features), other(features))
            other.load_state_dict(deepcopy(one.state_dict()))
            assert torch.equal(one(features), other(features))

    def test_fresh_weights_come_from_the_seed_alone(self) -> None:
        template = self.make(self.bins, 4)

        def weights(seed: int) -> Tensor:
            network = template.fresh(bins=self.bins, classes=4, seed=seed)
            return torch.cat([p.detach().flatten() for p in network.parameters()])

        state = torch.random.get_rng_state()
        first = weights(3)
        assert torch.equal(torch.random.get_rng_state(), state)
        torch.rand(7)  # whatever was drawn before
        assert torch.equal(weights(3), first)
        assert not torch.equal(weights(4), first)

    def test_a_fresh_one_is_of_its_kind_and_settings(self) -> None:
        template = self.make(self.bins, 4)
        fresh = template.fresh(bins=self.bins + 12, classes=7, seed=0)
        assert type(fresh) is type(template)
        assert (fresh.bins, fresh.classes) == (self.bins + 12, 7)
        assert fresh.settings == template.settings
        same = template.fresh(bins=self.bins, classes=4, seed=0)
        shapes = [p.shape for p in template.parameters()]
        assert [p.shape for p in same.parameters()] == shapes

    def test_parameters_are_counted(self) -> None:
        network = self.make(self.bins, 4)
        assert network.parameter_count == sum(p.numel() for p in network.parameters())

    def test_functional_call_takes_other_weights(self) -> None:
        """Posteriors act on a network's weights from outside."""
        one, other = self.ready(seed=1), self.ready(seed=2)
        features = randn(1, 20, self.bins)
        with torch.inference_mode():
            answer = torch.func.functional_call(one, dict(other.state_dict()), (features,))
            # numbers at other addresses may be summed in another order
            torch.testing.assert_close(answer, other(features), rtol=1e-5, atol=1e-6)

    def test_stages_in_two_parts_are_the_whole(self) -> None:
        """What runs once for all draws is the first part of the same network."""
        network, lengths = self.ready(), torch.tensor([37, 18])
        features = randn(2, 37, self.bins)
        with torch.inference_mode():
            whole = network(features, lengths)
            for cut in range(len(network.layers) + 1):
                first = network(features, lengths, stop=cut)
                answer = network(first, lengths, start=cut, frames=37)
                assert torch.equal(answer, whole)

    def test_onsets_are_one_more_column(self) -> None:
        """Asked for, they follow the classes, whichever layer the pass starts at."""
        network, lengths = self.ready(), torch.tensor([37, 18])
        features = randn(2, 37, self.bins)
        with torch.inference_mode():
            plain, both = network(features, lengths), network(features, lengths, onsets=True)
            assert torch.equal(both[..., : network.classes], plain)
            if network.onset_head is None:
                assert both.shape == plain.shape
                return
            odds = network.onset_head(network.trunk(features, lengths))
            torch.testing.assert_close(both[..., -1], odds.sigmoid().log(), **EXACT)
            assert both.shape[-1] == network.classes + 1
            for cut in range(len(network.layers)):
                first = network(features, lengths, stop=cut)
                again = network(first, lengths, start=cut, frames=37, onsets=True)
                assert torch.equal(again, both)

    def test_every_parameter_belongs_to_one_stage(self) -> None:
        network = self.ready()
        for name, _ in (*network.named_parameters(), *network.named_buffers()):
            owners = [
                i
                for i, layer in enumerate(network.layers)
                if any(name.startswith(f"{module}.") for module in layer.modules)
            ]
            assert len(owners) == 1, name
            assert network.first_layer_with([name]) == owners[0]
        assert network.first_layer_with([]) == len(network.layers)

    def test_the_local_layers_give_steps(self) -> None:
        network = self.ready()
        with torch.inference_mode():
            steps = network(randn(2, 37, self.bins), stop=network.local_layers)
        assert steps.ndim == 3
        assert steps.shape[0] == 2
        assert steps.shape[1] <= 37
