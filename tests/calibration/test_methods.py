"""Every method undoes what it can undo, and changes nothing else."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.isotonic import IsotonicRegression

from bayes_a2m.calibration import methods as methods
from bayes_a2m.calibration.selection import candidates, from_dict, recalibration_of
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.frames import nll
from tests.calibration.simulation import simulate

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def many():
    """Independent frames of known true distributions, and labels drawn from them."""
    generator = np.random.default_rng(0)
    logits = 2 * generator.standard_normal((40_000, 4))
    true = softmax(logits, axis=1)
    labels = (generator.random((40_000, 1)) > true.cumsum(1)).sum(1).clip(max=3)
    return logits, true, labels


def test_temperature_is_recovered(many):
    logits, true, labels = many
    stated = softmax(2.5 * logits, axis=1)
    found = methods.Temperature.fit(stated, labels)
    assert found.temperature == pytest.approx(2.5, rel=0.03)
    assert nll(found.apply(stated), labels) == pytest.approx(nll(true, labels), abs=1e-3)
    assert (found.apply(stated).argmax(1) == stated.argmax(1)).all()


def test_slopes_and_biases_are_recovered(many):
    logits, _, labels = many
    slopes, biases = np.array([0.5, 2.0, 1.0, 1.5]), np.array([0.4, -0.5, 0.0, 0.3])
    # the stated distributions whose scaling by these is the true distribution, up to normalisation
    stated = softmax((logits - biases) / slopes, axis=1)
    found = methods.VectorScaling.fit(stated, labels)
    assert nll(found.apply(stated), labels) <= nll(stated, labels) - 0.02
    # normalising the stated distribution shifts log p by the same for all classes, which slopes
    # scale
    exact = methods.Dirichlet.fit(stated, labels, held_back=0.0)
    assert nll(exact.apply(stated), labels) <= nll(found.apply(stated), labels) + 1e-4
    plain = methods.VectorScaling.fit(softmax(logits - biases, axis=1), labels)
    assert np.diff(plain.biases) == pytest.approx(np.diff(biases), abs=0.06)
    assert plain.slopes == pytest.approx(np.ones(4), abs=0.05)


def test_a_mixing_matrix_is_recovered(many):
    logits, true, labels = many
    matrix = np.eye(4) + 0.3 * np.roll(np.eye(4), 1, axis=1)
    stated = softmax(logits @ np.linalg.inv(matrix).T, axis=1)
    found = methods.Dirichlet.fit(stated, labels, held_back=0.0)
    assert nll(found.apply(stated), labels) == pytest.approx(nll(true, labels), abs=2e-3)
    held = methods.Dirichlet.fit(stated, labels, held_back=1e4)
    assert np.array(held.matrix) - np.diag(np.diag(held.matrix)) == pytest.approx(
        np.zeros((4, 4)), abs=1e-3
    )


def test_isotonic_is_scikit_learns_but_for_the_smoothing():
    drawn = simulate(30, 200, np.random.default_rng(1), classes=2, overconfidence=2.0)
    p, y = np.concatenate(drawn.probs), np.concatenate(drawn.labels)
    found = methods.Isotonic.fit(p, y)
    exact = IsotonicRegression(out_of_bounds="clip").fit(p[:, 1], y == 1).predict(p[:, 1])
    place = np.searchsorted(found.steps[1], p[:, 1], side="right") - 1
    said = np.array(found.levels[1])[place]
    assert np.abs(said - exact).max() < 0.1
    assert np.abs(said - exact).mean() < 0.005
    assert (np.diff(found.levels[1]) >= 0).all()
    assert min(found.levels[1]) > 0
    assert max(found.levels[1]) < 1


@pytest.mark.parametrize("name", candidates())
def test_laws_stay_laws_and_a_class_that_never_occurs_is_no_trouble(name):
    generator = np.random.default_rng(2)
    p = generator.dirichlet([0.3] * 4, size=300)
    p[:5] = [0, 0, 0, 1]  # as sure as can be
    fitted = recalibration_of(name).fit(p, generator.integers(0, 3, size=300))
    for shape in ((300, 4), (3, 100, 4)):
        distributions = fitted.apply(p.reshape(shape))
        assert distributions.shape == shape
        assert distributions.sum(axis=-1) == pytest.approx(np.ones(shape[:-1]))
        assert np.isfinite(distributions).all()
        assert (distributions >= 0).all()


@pytest.mark.parametrize("name", candidates())
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_round_trip_through_json(name, seed):
    generator = np.random.default_rng(seed)
    p = generator.dirichlet([0.5] * 3, size=80)
    fitted = recalibration_of(name).fit(p, generator.integers(0, 3, size=80))
    values = json.loads(json.dumps({**fitted.to_dict(), "chosen_by": {}}))
    assert from_dict(values, "recalibration.json") == fitted


@pytest.mark.parametrize("name", candidates()[1:-1])
def test_a_fit_is_a_minimum(name):
    # by nudging every parameter: the analytic gradient led to the right place
    drawn = simulate(20, 100, np.random.default_rng(3), overconfidence=1.7)
    p, y = np.concatenate(drawn.probs), np.concatenate(drawn.labels)
    kind = recalibration_of(name)
    values = kind.fit(p, y).to_dict()
    best = nll(kind.from_dict(values).apply(p), y)
    assert best < nll(p, y)
    for key in set(values) - {"method"}:
        flat = np.array(values[key], dtype=float)
        for i in range(flat.size):
            for step in (-0.02, 0.02):
                nudged = flat.copy().ravel()
                nudged[i] += step
                moved = {**values, key: nudged.reshape(flat.shape).tolist()}
                # what is held back may keep it off the minimum of the NLL alone by a little
                assert nll(kind.from_dict(moved).apply(p), y) > best - 2e-4


def test_a_tiny_step_does_not_lift_what_is_above_it():
    # three frames below all others, never right; ten thousand above, one in a hundred right
    p1 = np.concatenate([np.full(3, 0.001), np.full(10_000, 0.02), np.full(100, 0.9)])
    labels = np.concatenate([np.zeros(3), np.arange(10_000) % 100 == 0, np.ones(100)]).astype(int)
    fitted = methods.Isotonic.fit(np.stack([1 - p1, p1], axis=1), labels)
    assert fitted.apply([[0.98, 0.02]])[0, 1] == pytest.approx(0.01, abs=1e-3)


def test_temperature_is_bounded():
    right = np.array([[0.51, 0.49]] * 10)
    assert methods.Temperature.fit(right, np.zeros(10, int)).temperature == pytest.approx(0.05)
    wrong = np.array([[0.99, 0.01]] * 10)
    assert methods.Temperature.fit(wrong, np.ones(10, int)).temperature == pytest.approx(20)


@pytest.mark.parametrize("name", candidates())
def test_a_tuning_part_takes_a_moment(name):
    generator = np.random.default_rng(4)
    p = generator.dirichlet([0.3] * 4, size=20_000)
    start = time.process_time()
    recalibration_of(name).fit(p, p.argmax(1))
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"method": "temprature"}, "unknown recalibration 'temprature' .did you mean"),
        ({"method": "temperature"}, "lacks 'temperature'"),
        ({"method": "temperature", "temperature": -1}, "must be positive"),
        ({"method": "temperature", "temperature": "warm"}, "could not convert"),
        ({"method": "vector", "slopes": [1], "biases": [1, 2]}, "as many slopes as biases"),
        ({"method": "dirichlet", "matrix": [[1, 2]], "biases": [1, 2]}, "square matrix"),
        ({"method": "isotonic", "steps": [[0.0]], "levels": [[]]}, "a level for every step"),
        ({}, "lacks 'method'"),
    ],
)
def test_broken_files_are_named(values, message):
    with pytest.raises(InputError, match=message) as error:
        from_dict(values, "model/recalibration.json")
    assert str(error.value).startswith("model/recalibration.json: ")


def test_another_models_recalibration_is_refused():
    with pytest.raises(InputError, match="of 2 classes cannot be applied to 3"):
        methods.VectorScaling((1.0, 1.0), (0.0, 0.0)).apply(np.full((5, 3), 1 / 3))


@pytest.mark.parametrize("overconfidence", [0.5, 2.5])
@pytest.mark.parametrize("kind", [methods.VectorScaling, methods.Dirichlet])
def test_the_optimum_is_that_of_newtons_method(kind: type, overconfidence: float) -> None:
    drawn = simulate(20, 300, np.random.default_rng(4), overconfidence=overconfidence)
    p, y = np.concatenate(drawn.probs), np.concatenate(drawn.labels)
    log, truth, classes = torch.from_numpy(np.log(np.maximum(p, 1e-12))), torch.from_numpy(y), 4

    def objective(theta: torch.Tensor) -> torch.Tensor:
        biases = theta[-classes:]
        if kind is methods.VectorScaling:
            matrix, penalty = theta[:classes].diag(), 0.001 * biases.square().mean()
        else:
            matrix = theta[:-classes].reshape(classes, classes)
            across = matrix - matrix.diag().diag()
            penalty = 0.01 * (across.square().sum() / 12 + biases.square().mean())
        return torch.nn.functional.cross_entropy(log @ matrix.T + biases, truth) + penalty

    slopes = torch.ones(4) if kind is methods.VectorScaling else torch.eye(4).ravel()
    theta = torch.cat([slopes, torch.zeros(4)]).double()
    for _ in range(30):  # convex: Newton's steps, halved where they go too far
        gradient = torch.autograd.functional.jacobian(objective, theta)
        step = torch.linalg.solve(torch.autograd.functional.hessian(objective, theta), gradient)
        while objective(theta - step) > objective(theta) and step.abs().max() > 1e-12:
            step = step / 2
        theta = theta - step
    fitted = kind.fit(p, y)
    values = [torch.tensor(part).ravel() for part in vars(fitted).values()]
    found = torch.cat(values).double()
    assert float(objective(found) - objective(theta)) == pytest.approx(0, abs=1e-9)
    best = theta.numpy()
    if kind is methods.VectorScaling:
        exact = kind(tuple(best[:4]), tuple(best[4:]))
    else:
        exact = kind(tuple(map(tuple, best[:16].reshape(4, 4))), tuple(best[16:]))
    np.testing.assert_allclose(fitted.apply(p), exact.apply(p), atol=3e-6)


def test_the_temperature_is_that_of_a_fine_search() -> None:
    from scipy.optimize import minimize_scalar

    drawn = simulate(20, 300, np.random.default_rng(4), overconfidence=2.5)
    p, y = np.concatenate(drawn.probs), np.concatenate(drawn.labels)
    exact = minimize_scalar(
        lambda t: nll(methods.Temperature(t).apply(p), y), bounds=(1, 5), options={"xatol": 1e-9}
    )
    found = methods.Temperature.fit(p, y)
    assert found.temperature == pytest.approx(exact.x, abs=1e-5)
    assert nll(found.apply(p), y) == pytest.approx(exact.fun, abs=1e-10)


def test_temperatures_stop_at_their_bounds() -> None:
    right = np.tile([0.6, 0.4], (50, 1))
    low, high = methods.TEMPERATURES
    assert methods.Temperature.fit(right, np.zeros(50, int)).temperature == pytest.approx(low)
    assert methods.Temperature.fit(right, np.ones(50, int)).temperature == pytest.approx(high)
