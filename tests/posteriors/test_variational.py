from pathlib import Path

import numpy as np
import pytest
import torch

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.models import load_model
from bayes_a2m.posteriors.network_posterior import FitContext
from bayes_a2m.posteriors.point import Point
from bayes_a2m.posteriors.training_data import TrainingData
from bayes_a2m.posteriors.variational import Variational
from tests import tiny
from tests.posteriors.contract import PosteriorContract

SHORT = ("posterior.epochs=2", "posterior.warmup=1")


def fitted(data: Dataset, start: Point, *options: str) -> Variational:
    experiment = load_experiment("variational", (*tiny.SMALL, *SHORT, *options))
    fit, tune = data.split("train").with_tuning_part(0.2)
    return Variational.of_experiment(experiment).fit(fit, tune, start=start)


@pytest.fixture(scope="module")
def model(tiny_data: Dataset, tiny_point: Point) -> Variational:
    return fitted(tiny_data, tiny_point)


class TestVariational(PosteriorContract):
    covers = "variational"

    def test_the_start_keeps_its_weights(
        self, model: Variational, tiny_data: Dataset, tiny_point: Point
    ) -> None:
        before = {k: v.clone() for k, v in tiny_point.network.state_dict().items()}
        again = fitted(tiny_data, tiny_point)
        for name, value in tiny_point.network.state_dict().items():
            assert torch.equal(value, before[name])
        # and a fit depends on nothing but the seed
        for name, value in again.weights().items():
            assert torch.equal(value, model.weights()[name])

    def test_the_trace_and_the_log_go_on(self, model: Variational, tiny_point: Point) -> None:
        assert model.elbo_trace.shape == (2,)
        assert np.isfinite(model.elbo_trace).all()
        assert model.elbo_trace[1] > model.elbo_trace[0]
        rows = model.record.log.splitlines()
        assert rows[: len(tiny_point.record.log.splitlines())] == (
            tiny_point.record.log.splitlines()
        )
        assert [row.split(",")[0] for row in rows[-2:]] == ["24", "25"]
        # the loss is the bound, turned, where the KL counts in full
        assert float(rows[-1].split(",")[1]) == pytest.approx(-model.elbo_trace[1], rel=1e-3)

    def test_the_bound_is_kept(self, model: Variational, tmp_path: Path) -> None:
        model.save(tmp_path / "model")
        loaded = load_model(tmp_path / "model")
        assert isinstance(loaded, Variational)
        np.testing.assert_array_equal(loaded.elbo_trace, model.elbo_trace)

    def test_draws_differ_and_one_alone_is_one_of_many(
        self, model: Variational, tiny_data: Dataset
    ) -> None:
        recording = tiny_data.split("validation")[0]
        many = model.predict([recording], 6)
        assert many.log_probs.shape[:2] == (1, 6)
        assert many.mutual_information().max() > 0
        few = model.predict([recording], 2)
        np.testing.assert_array_equal(few.log_probs[:, :2], many.log_probs[:, :2])

    def test_deviations_of_draws_are_the_scales(self, model: Variational) -> None:
        name = "projection.weight"
        draws = torch.stack([model.draw_weights(0, d)[name] for d in range(50)])
        mean = model.network.get_parameter(name).detach()
        scale = model.state_dict()[f"scale.{name}"].reshape(mean.shape)
        standard = (draws - mean) / scale
        # 50 draws of some thousand weights; four standard errors
        assert abs(float(standard.mean())) < 4 / standard.numel() ** 0.5
        assert float(standard.square().mean()) == pytest.approx(
            1, abs=4 * (2 / standard.numel()) ** 0.5
        )


@pytest.fixture(scope="module")
def resting(tiny_data: Dataset, tiny_point: Point) -> TrainingData:
    fit, tune = tiny_data.split("train").with_tuning_part(0.2)
    normalizer = tiny_point.frontend.normalizer
    return TrainingData.of(fit, tune, tiny_point.experiment, normalizer)


def learned(training_data: TrainingData, start: Point, *options: str) -> Variational:
    plan = load_experiment("variational", (*tiny.SMALL, "posterior.epochs=1", *options))
    model = Variational.of_experiment(plan)
    model.fit_examples(training_data, FitContext(), start)
    return model


@pytest.mark.parametrize("kind", ["low_rank", "full"])
def test_draws_of_a_joint_layer_have_its_covariance(
    kind: str, resting: TrainingData, tiny_point: Point
) -> None:
    model = learned(resting, tiny_point, f"posterior.last_layers={kind}", "posterior.rank=2")
    own = model.state_dict()
    generator = torch.Generator().manual_seed(0)
    size = own["scale.head"].numel()
    if kind == "low_rank":
        factor = torch.randn((size, 2), generator=generator)
        inner = torch.eye(size) + factor @ factor.T
    else:
        factor = torch.eye(size) + 0.3 * torch.randn((size, size), generator=generator).tril(-1)
        inner = factor @ factor.T
    scale = torch.rand(size, generator=generator) + 0.1
    model.load_state_dict({**own, "scale.head": scale, "factor.head": factor})
    (group,) = (g for g in model.groups() if g.joint)
    count = 3000
    draws = torch.stack([group.joined(model.draw_weights(0, d)) for d in range(count)]).double()
    mean = group.joined(dict(model.network.named_parameters())).detach()
    expected = (scale[:, None] * inner * scale).double()
    deviation = expected.diagonal().sqrt()
    assert ((draws.mean(0) - mean).abs() < 5 * deviation / count**0.5).all()
    error = (torch.cov(draws.T) - expected) / torch.outer(deviation, deviation)
    # an entry's standard error is at most sqrt(2 / n)
    assert error.abs().max() < 5 * (2 / count) ** 0.5


@pytest.mark.parametrize("estimator", ["flipout", "local"])
def test_other_estimators_fit_as_well(
    estimator: str, resting: TrainingData, tiny_point: Point
) -> None:
    model = learned(resting, tiny_point, f"posterior.estimator={estimator}")
    assert np.isfinite(model.elbo_trace).all()
    for name, value in model.draw_weights(0, 0).items():
        assert torch.isfinite(value).all(), name


def test_pyro_keeps_nothing(resting: TrainingData, tiny_point: Point) -> None:
    import pyro

    pyro.param("somebody_elses", torch.ones(1))
    try:
        before = pyro.settings.get()
        learned(resting, tiny_point)
        assert list(pyro.get_param_store().keys()) == ["somebody_elses"]
        assert pyro.settings.get() == before
    finally:
        del pyro.get_param_store()["somebody_elses"]


def test_a_killed_fit_goes_on(
    resting: TrainingData, tiny_point: Point, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bayes_a2m.training.variational import VariationalTraining

    plan = load_experiment("variational", (*tiny.SMALL, "posterior.epochs=3"))
    whole = Variational.of_experiment(plan)
    whole.fit_examples(resting, FitContext(), tiny_point)
    step = VariationalTraining.training_step

    def killed(self: VariationalTraining, *given: object) -> torch.Tensor:
        if self.current_epoch == 2:
            raise KeyboardInterrupt
        return step(self, *given)

    monkeypatch.setattr(VariationalTraining, "training_step", killed)
    broken = Variational.of_experiment(plan)
    with pytest.raises(KeyboardInterrupt):
        broken.fit_examples(resting, FitContext(tmp_path), tiny_point)
    monkeypatch.undo()
    resumed = Variational.of_experiment(plan)
    resumed.fit_examples(resting, FitContext(tmp_path, resume=True), tiny_point)
    np.testing.assert_allclose(resumed.elbo_trace, whole.elbo_trace, rtol=1e-6)
    for name, value in whole.weights().items():
        torch.testing.assert_close(resumed.weights()[name], value)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("joint=[trunk]", "posterior.joint.*'trunk'"),
        ("rank=11", "posterior.rank"),
        ("prior_scale=0", "posterior.prior_scale"),
        ("prior_scal=1", "prior_scale"),
    ],
)
def test_wrong_settings_are_named(
    option: str, message: str, resting: TrainingData, tiny_point: Point
) -> None:
    with pytest.raises(InputError, match=message):
        learned(resting, tiny_point, f"posterior.{option}")


def test_a_full_covariance_of_a_large_layer_is_refused(
    resting: TrainingData, tiny_point: Point
) -> None:
    with pytest.raises(InputError, match="at most 2000; use low_rank"):
        learned(
            resting,
            tiny_point,
            "posterior.last_layers=full",
            "posterior.joint=[recurrence, head]",
        )
