"""Fine-tuning against closed forms, and as any other posterior."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.models import load_model
from bayes_a2m.music import Vocabulary
from bayes_a2m.networks.equivariant import Equivariant
from bayes_a2m.posteriors.fine_tuned import FineTuned
from bayes_a2m.posteriors.point import Point
from bayes_a2m.posteriors.weight_prior import WeightPrior
from bayes_a2m.training.data import Batch
from bayes_a2m.training.fine_tuning import FLOOR, FineTuning, floored, log_evidence, most_probable
from bayes_a2m.training.fisher import diagonal_fisher
from bayes_a2m.training.module import NetworkTraining
from tests.posteriors.contract import PosteriorContract

WHOLE = Vocabulary(tuple(range(57, 71)))

SMALL = (
    "features.bins=84",
    "features.bins_per_octave=12",
    "training.learning_rate=0.01",
    "training.averaging=0.8",
    "training.batch=4",
    "training.augment.shift_bins=0",
    "training.augment.mask_bins=4",
)

NETWORK = (
    "network={name: equivariant, bins_per_octave: 12, lowest: 57, harmonics: [1, 2, 3], "
    "channels: 6, blocks: 2, width: 8, each: 4, pooled: 6, onsets: true}"
)


@pytest.fixture(scope="module")
def start(tiny_data: Dataset) -> Point:
    """A model of fourteen pitches, three of which it has heard, with what it knows of its weights.

    Its labels are an octave above what it is told to sound.
    """
    parts = replace(tiny_data, vocabulary=WHOLE).split("train").with_tuning_part(0.2)
    experiment = load_experiment("crnn", [NETWORK, *SMALL, "training.epochs=10"])
    model = Point.of_experiment(experiment).fit(*parts)
    inputs = [torch.from_numpy(model.normalizer(model.frontend.features(r))) for r in parts[0]]
    prior = WeightPrior.of(model.network, inputs, seed=0, pitch_weight=0.0)
    assert model.fitted is not None
    model.fitted = replace(model.fitted, prior=prior, seen=type(model.seen)())
    return model


def tuned(data: Dataset, start: Point, *settings: str) -> FineTuned:
    plan = load_experiment("fine_tuned", [*SMALL, "training.epochs=6", *settings])
    return FineTuned.of_experiment(plan).fit(
        *data.split("train").with_tuning_part(0.2), start=start
    )


@pytest.fixture(scope="module")
def fitted(tiny_data: Dataset, start: Point) -> FineTuned:
    return tuned(tiny_data, start, "posterior.prior_frames=null")


class TestFineTuned(PosteriorContract):
    covers = "fine_tuned"

    @pytest.fixture
    def model(self, fitted: FineTuned) -> FineTuned:
        return fitted


def test_it_has_the_pitches_of_the_folder_where_they_sound(
    fitted: FineTuned, start: Point, tiny_data: Dataset, tmp_path: Path
) -> None:
    settings = fitted.network.settings
    assert settings["pitches"] == [60, 64, 67]
    assert settings["span"] == [57, 70]
    assert fitted.network.parameter_count == start.network.parameter_count
    lower = replace(tiny_data, vocabulary=Vocabulary((72, 76, 79), sounding_offset=-12))
    network = fitted._network_for(start, lower.vocabulary)
    assert network.settings["pitches"] == [60, 64, 67]
    with pytest.raises(InputError, match=r"C3 .* is not among the pitches"):
        fitted._network_for(start, Vocabulary((48,)))


def test_what_was_chosen_is_told_and_kept(fitted: FineTuned, tmp_path: Path) -> None:
    first, second = fitted.remarks()
    assert "by the marginal likelihood" in first
    assert "too few" in second
    fitted.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.remarks() == fitted.remarks()


def test_the_penalty_is_the_density_of_the_prior(start: Point) -> None:
    """Every weight moved by 0.1: the loss grows by n / 2N times 0.01 times the information."""
    network = start.network.fresh(bins=84, classes=len(WHOLE), seed=2).eval()
    information = {n: torch.rand_like(p) for n, p in network.named_parameters()}
    settings = load_experiment("fine_tuned").training
    known = {"floor_db": -70.0, "seed": 0, "frames": 400}
    parts = network, start.normalizer, settings
    tuning = FineTuning(*parts, information=information, prior_frames=30.0, **known)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.1
    labels = torch.zeros(1, 8, dtype=torch.long)
    batch = Batch(torch.zeros(1, 8, 84), labels, torch.tensor([8]))
    generator = torch.Generator().manual_seed(0)
    plain = NetworkTraining(*parts, **known).objective(batch, generator)
    total = sum(float(values.sum()) for values in information.values())
    more = float((tuning.objective(batch, generator) - plain).detach())
    assert more == pytest.approx(30 / 800 * 0.01 * total, rel=1e-3)


def test_there_must_be_a_model_to_start_from(tiny_data: Dataset) -> None:
    parts = tiny_data.split("train").with_tuning_part(0.2)
    with pytest.raises(InputError, match="--from pretrained"):
        FineTuned.of_experiment(load_experiment("fine_tuned")).fit(*parts)


def test_a_prior_is_that_of_its_weights(start: Point, tmp_path: Path) -> None:
    assert start.fitted is not None
    prior = start.fitted.prior
    assert prior is not None
    prior.save(tmp_path / "prior.safetensors")
    again = WeightPrior.load(tmp_path / "prior.safetensors")
    assert (tmp_path / "prior.safetensors").stat().st_size < start.network.parameter_count + 8000
    for name, values in prior.information.items():
        known = values > 1e-7
        torch.testing.assert_close(again.information[name][known], values[known], rtol=0.1, atol=0)
    again.ensure_fits(start.network)
    other = start.network.fresh(bins=84, classes=len(WHOLE), seed=5)
    with pytest.raises(InputError, match="of other weights"):
        again.ensure_fits(other)


def test_fisher_is_the_expected_squared_gradient() -> None:
    """Of a network whose only weights are the head's, the sum over classes can be done by hand."""
    small = {"channels": 2, "blocks": 1, "width": 2, "each": 2, "pooled": 3, "harmonics": (1,)}
    network = Equivariant(24, 3, bins_per_octave=12, bottom=60, pitches=(62, 65), **small)
    network = network.fresh(bins=24, classes=3, seed=1).eval()
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(3, 12, 24, generator=generator)
    estimate = diagonal_fisher(network, (rows[i % 3] for i in range(300)), generator=generator)[
        "head.silence.weight"
    ]
    with torch.inference_mode():
        trunk = network.trunk(rows)
        p = network.head(trunk, torch.full((3,), 12)).exp()[..., :1]
        exact = (p * (1 - p) * network.head.read_by("silence", trunk).square()).mean((0, 1))
    torch.testing.assert_close(estimate[0], exact, rtol=0.3, atol=1e-6)


def test_the_most_probable_prior_is_the_closed_form_of_many_equal_weights() -> None:
    """P weights that the recordings do not see: n = P / (e D); and a maximum in any case."""
    prior, unseen = torch.full((50,), 0.02), torch.zeros(50)
    known = {"distance": 0.5, "frames": 1000, "counts": 0.1}
    found = most_probable(prior=prior, data=torch.full((50,), 1e-1), **known)
    best = log_evidence(found, prior=prior, data=torch.full((50,), 1e-1), **known)
    for factor in (0.8, 1.25):
        other = log_evidence(factor * found, prior=prior, data=torch.full((50,), 1e-1), **known)
        assert other < best
    # with f = g F the maximum solves P M / (n (n + M)) = e D, where M = N g
    m = 1000 * 5.0
    root = (-m + math.sqrt(m * m + 4 * 50 * m / (0.1 * 0.5))) / 2
    assert found == pytest.approx(root, rel=1e-3)
    assert math.isfinite(most_probable(prior=prior, data=unseen, **known))


def test_no_weight_is_left_free() -> None:
    raised = floored({"a": torch.zeros(2), "b": torch.tensor([1.0, 2.0, 3.0])})
    assert raised["a"].tolist() == pytest.approx([FLOOR, FLOOR])
    np.testing.assert_allclose(raised["b"], np.array([1, 2, 3]) + FLOOR)


def test_batch_normalisation_keeps_its_statistics(fitted: FineTuned, start: Point) -> None:
    mine, theirs = fitted.network.modules(), start.network.modules()
    for one, other in zip(mine, theirs, strict=True):
        if isinstance(one, nn.BatchNorm2d):
            assert isinstance(other, nn.BatchNorm2d)
            torch.testing.assert_close(one.running_mean, other.running_mean)
