"""Label times as latent variables, against sums by hand and times that were put in."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from bayes_a2m.training import label_times
from bayes_a2m.training.label_times import LAG_REACH, SCATTER_REACH, LabelTimes, mixed

CLASSES = 3
LENGTHS = torch.tensor([9, 6])
LABELS = torch.tensor([[0, 0, 1, 1, 1, 2, 0, 0, 0], [2, 2, 0, 0, 1, 1, -1, -1, -1]])
CONDITIONS = ("a", "b")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> LabelTimes:
    """Times of two conditions within reach of few frames."""
    monkeypatch.setattr(label_times, "LAG_REACH", 2)
    monkeypatch.setattr(label_times, "SCATTER_REACH", 1)
    times = LabelTimes({"a": 3, "b": 1}).double()
    with torch.no_grad():
        times.lag.copy_(torch.tensor([0.04, -0.1]))
        times.lag_spread.copy_(torch.tensor([0.1, 0.5]))
        times.scatter.copy_(torch.tensor([-0.5, 0.2]))
    return times


def log_probs() -> Tensor:
    scores = torch.randn(2, 9, CLASSES, generator=torch.Generator().manual_seed(0))
    return scores.double().log_softmax(-1)


def normal(mean: float, log_width: float, reach: int) -> list[float]:
    weights = [
        math.exp(-0.5 * ((s - mean) / math.exp(log_width)) ** 2) for s in range(-reach, reach + 1)
    ]
    return [w / sum(weights) for w in weights]


def test_the_loss_sums_over_every_lag_and_scatter(short: LabelTimes) -> None:
    probs, total = log_probs().exp(), 0.0
    means = {"a": 10 * 0.07, "b": -10 * 0.07}  # around zero
    for item, condition in enumerate(CONDITIONS):
        length = int(LENGTHS[item])
        spread, scatter = ({"a": (0.1, -0.5), "b": (0.5, 0.2)})[condition]
        likelihood = 0.0
        for lag, of_lag in zip(range(-2, 3), normal(means[condition], spread, 2), strict=True):
            product = of_lag
            for t in range(length):
                heard = min(max(t - lag, 0), length - 1)
                product *= sum(
                    weight * float(probs[item, min(max(heard - s, 0), length - 1), LABELS[item, t]])
                    for s, weight in zip(range(-1, 2), normal(0, scatter, 1), strict=True)
                )
            likelihood += product
        total -= math.log(likelihood)
    found = float(short.loss(log_probs(), LABELS, LENGTHS, CONDITIONS).detach())
    assert found == pytest.approx(total / 15)


def test_gradients_are_those_of_differences(short: LabelTimes) -> None:
    names = ("lag", "lag_spread", "scatter")
    parameters = [getattr(short, name).detach().clone().requires_grad_() for name in names]

    def loss(scores: Tensor, *values: Tensor) -> Tensor:
        given = (scores.log_softmax(-1), LABELS, LENGTHS, CONDITIONS)
        answer: Tensor = torch.func.functional_call(
            _Loss(short), {f"times.{n}": v for n, v in zip(names, values, strict=True)}, given
        )
        return answer

    assert torch.autograd.gradcheck(loss, (log_probs().requires_grad_(), *parameters))


class _Loss(torch.nn.Module):
    def __init__(self, times: LabelTimes) -> None:
        super().__init__()
        self.times = times

    def forward(self, *given: object) -> Tensor:
        return self.times.loss(*given)  # type: ignore[arg-type]


def test_what_is_predicted_is_the_mean_over_conditions_lags_and_scatters(short: LabelTimes) -> None:
    kernel = np.zeros(7)
    for share, mean, spread, scatter in ((0.75, 0.7, 0.1, -0.5), (0.25, -0.7, 0.5, 0.2)):
        kernel += share * np.convolve(normal(mean, spread, 2), normal(0, scatter, 1))
    np.testing.assert_allclose(short.kernel().detach(), kernel, rtol=1e-6)
    found = short.predicted(log_probs(), LENGTHS).exp()
    for t in range(6):
        by_hand = sum(
            weight * log_probs().exp()[1, min(max(t - s, 0), 5)]
            for s, weight in zip(range(-3, 4), kernel, strict=True)
        )
        torch.testing.assert_close(found[1, t].detach(), by_hand)


def test_a_frame_is_taken_from_before() -> None:
    probs = torch.arange(5.0)[None, :, None]
    one_late = torch.tensor([[0.0, 0.0, 1.0]])
    assert mixed(probs, torch.tensor([5]), one_late, 1)[0, :, 0].tolist() == [0, 0, 1, 2, 3]


def test_times_that_were_put_in_are_found() -> None:
    """Two conditions 8 frames apart, whose recordings' lags spread by 4 and by 1 frames."""
    generator = np.random.default_rng(0)
    frames, each = 300, 40
    labels, probs, conditions = [], [], []
    for i in range(2 * each):
        condition = CONDITIONS[i % 2]
        truth = np.repeat(generator.integers(0, CLASSES, 2 + frames // 25), 25)[: frames + 50]
        lag = round(generator.normal(*{"a": (4.0, 4.0), "b": (-4.0, 1.0)}[condition]))
        scatter = np.round(generator.normal(0, 1.5, frames)).astype(int)
        labels.append(truth[25 + np.arange(frames) - lag - scatter])
        sure = np.full((frames, CLASSES), 0.001)
        sure[np.arange(frames), truth[25 : 25 + frames]] = 0.998
        probs.append(sure)
        conditions.append(condition)
    times = LabelTimes({"a": each, "b": each})
    optimizer = torch.optim.Adam(times.parameters(), lr=0.1)
    given = torch.tensor(np.log(probs), dtype=torch.float32), torch.tensor(np.array(labels))
    for _ in range(25):
        optimizer.zero_grad()
        loss = times.loss(*given, torch.full((2 * each,), frames), conditions)
        loss.backward()
        optimizer.step()
    found = times.times()
    assert found["a"].lag - found["b"].lag == pytest.approx(8, abs=1.5)
    assert found["a"].lag_spread == pytest.approx(4, rel=0.3)
    assert found["b"].lag_spread == pytest.approx(1, abs=0.4)
    assert found["a"].scatter == pytest.approx(1.5, rel=0.2)


def test_the_kernel_is_a_distribution() -> None:
    kernel = LabelTimes({"a": 1}).kernel().detach()
    assert len(kernel) == 2 * (LAG_REACH + SCATTER_REACH) + 1
    assert float(kernel.sum()) == pytest.approx(1, abs=1e-6)
