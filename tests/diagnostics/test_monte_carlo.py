"""The Monte Carlo error covers as it should, and draws stop when it is small."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from bayes_a2m import calibration
from bayes_a2m.calibration import draws_curve, enough, monte_carlo_error, predict_until
from bayes_a2m.datasets import Dataset
from bayes_a2m.diagnostics.monte_carlo import DrawsCurve, MonteCarloError
from bayes_a2m.errors import InputError
from bayes_a2m.music import Vocabulary
from bayes_a2m.posteriors.point import Point
from bayes_a2m.prediction.posterior import FramePosterior

TWO = Vocabulary((60,))


def of_truth(p: np.ndarray) -> tuple[FramePosterior, list[np.ndarray]]:
    """A posterior whose draws give the truth, C4, these probabilities, ``(draw, frame)``."""
    log_probs = np.log(np.stack([1 - p, p], axis=-1))[None, :, None]
    post = FramePosterior(log_probs, np.array([p.shape[1]]), ("a",), TWO)
    return post, [np.ones(p.shape[1], dtype=np.int64)]


def draws_of(m: int, generator: np.random.Generator, frames: int = 40) -> np.ndarray:
    """Draws with a part shared by all frames and one of each frame: Beta-like, mean 0.75."""
    shared = generator.uniform(-0.1, 0.1, size=(m, 1))
    return 0.75 + shared + generator.uniform(-0.1, 0.1, size=(m, frames))


def test_two_draws_by_hand() -> None:
    post, labels = of_truth(np.array([[0.9], [0.3]]))
    got = monte_carlo_error(post, labels)
    assert got.draws == 2
    assert got.probability == pytest.approx(0.3, rel=1e-5)  # sd 0.4243 over the root of 2
    assert got.worst_probability == pytest.approx(0.3, rel=1e-5)
    assert got.nll == pytest.approx(-log(0.6), rel=1e-5)
    without = np.array([-log(0.3), -log(0.9)])
    assert got.nll_error == pytest.approx(np.sqrt(without.var()), rel=1e-5)
    assert got.nll_bias == pytest.approx(without.mean() + log(0.6), rel=1e-5)


def test_small_errors_are_those_of_the_delta_method() -> None:
    generator = np.random.default_rng(0)
    p = 0.7 + 0.02 * generator.standard_normal((200, 1)) * np.ones((1, 30))
    post, labels = of_truth(p)
    got = monte_carlo_error(post, labels)
    sd, mean = p[:, 0].std(ddof=1), p.mean()
    assert got.nll_error == pytest.approx(sd / np.sqrt(200) / mean, rel=0.01)
    assert got.nll_bias == pytest.approx(sd**2 / 200 / mean**2 / 2, rel=0.05)


def test_the_error_covers_at_the_nominal_rate_and_the_bias_is_that_of_few_draws() -> None:
    generator = np.random.default_rng(1)
    m, trials = 20, 400
    limit = -log(0.75)  # the NLL of endless draws
    covered, values, errors, biases = 0, [], [], []
    for _ in range(trials):
        got = monte_carlo_error(*of_truth(draws_of(m, generator)))
        assert got.nll is not None
        assert got.nll_error is not None
        assert got.nll_bias is not None
        # 2.09: Student's t with 19 degrees of freedom
        covered += abs(got.nll - got.nll_bias - limit) <= 2.09 * got.nll_error
        values.append(got.nll)
        errors.append(got.nll_error)
        biases.append(got.nll_bias)
    assert 0.92 <= covered / trials <= 0.98
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.1)
    # variance of a frame's probability: 2 * 0.2^2 / 12
    expected = (2 * 0.04 / 12) / m / 0.75**2 / 2
    assert np.mean(biases) == pytest.approx(expected, rel=0.1)
    noise = np.std(values) / np.sqrt(trials)
    assert np.mean(values) - limit == pytest.approx(expected, abs=3 * noise)


def test_frames_do_not_make_shared_draws_surer() -> None:
    generator = np.random.default_rng(2)
    few, many = (
        monte_carlo_error(*of_truth(draws_of(50, generator, frames=n))).nll_error
        for n in (100, 10_000)
    )
    assert few is not None
    assert many is not None
    assert many > 0.7 * few


@pytest.mark.filterwarnings("ignore::FutureWarning")  # ArviZ: its next version
def test_draws_of_a_chain_are_worth_less() -> None:
    generator = np.random.default_rng(3)
    rho, m = 0.8, 1000
    walk = np.zeros((m, 1))
    for t in range(1, m):
        walk[t] = rho * walk[t - 1] + generator.standard_normal()
    post, labels = of_truth(0.7 + 0.01 * walk * np.ones((1, 10)))
    alone = monte_carlo_error(post, labels)
    chain = monte_carlo_error(post, labels, independent=False)
    assert alone.nll_error is not None
    assert chain.nll_error is not None
    # the root of (1 + rho) / (1 - rho) = 3
    assert chain.nll_error / alone.nll_error == pytest.approx(3, rel=0.2)
    short = FramePosterior(post.log_probs[:, :3], post.lengths, post.ids, TWO)
    assert not enough(monte_carlo_error(short, labels, independent=False), 10)


def test_a_single_draw_has_no_error_and_no_end() -> None:
    got = monte_carlo_error(*of_truth(np.array([[0.5, 0.5]])))
    assert got.nll == pytest.approx(log(2))
    assert np.isnan([got.probability, got.nll_error, got.nll_bias]).all()
    assert not enough(got)


def test_padding_does_not_count() -> None:
    generator = np.random.default_rng(4)
    post, labels = of_truth(draws_of(10, generator, 30))
    padded = np.concatenate([post.log_probs, np.log(generator.dirichlet([1, 1], (1, 10, 1, 9)))], 3)
    longer = FramePosterior(padded, post.lengths, post.ids, TWO)
    assert monte_carlo_error(longer, labels) == monte_carlo_error(post, labels)
    same = draws_curve(longer, labels, [2, 5]), draws_curve(post, labels, [2, 5])
    np.testing.assert_array_equal(same[0].value, same[1].value)


def test_the_stop_rule() -> None:
    small = MonteCarloError(10, 0.1, 0.1, 0.3, nll_error=0.0009, nll_bias=0.0005)
    biased = MonteCarloError(10, 0.1, 0.1, 0.3, nll_error=0.0009, nll_bias=0.002)
    assert enough(small)
    assert not enough(small, 0.0008)
    assert not enough(biased)
    assert enough(biased, bias=False)
    with pytest.raises(InputError, match="give monte_carlo_error the labels"):
        enough(MonteCarloError(10, 0.1, 0.1))
    with pytest.raises(InputError, match="tolerance must be positive"):
        enough(small, 0)


# --- curves ---


def test_a_curve_ends_at_the_score_of_all_draws() -> None:
    generator = np.random.default_rng(5)
    post, labels = of_truth(draws_of(12, generator))
    for score in ("nll", "brier", "ece"):
        got = draws_curve(post, labels, [1, 3, 12], 10, np.random.default_rng(0), score=score)
        assert got.draws.tolist() == [1, 3, 12]
        assert got.value[-1] == pytest.approx(getattr(calibration, score)(post, labels), rel=1e-5)
    nll = draws_curve(post, labels, [1, 12], 10, np.random.default_rng(0))
    assert nll.error[-1] == pytest.approx(monte_carlo_error(post, labels).nll_error, rel=1e-4)
    assert draws_curve(post, labels).draws.tolist() == [1, 2, 3, 5, 7, 10, 12]


def test_one_draw_at_a_time_scores_as_single_draws_do() -> None:
    p = np.array([[0.9], [0.5], [0.2]])
    got = draws_curve(*of_truth(p), [1], 4000, np.random.default_rng(0))
    each = -np.log(p[:, 0])
    assert got.value[0] == pytest.approx(each.mean(), rel=0.02)
    # choosing one of three without replacement: over the root of 1 - 1/3
    assert got.error[0] == pytest.approx(each.std(ddof=0) / np.sqrt(2 / 3), rel=0.03)


def test_the_error_of_a_curve_is_that_of_fresh_draws() -> None:
    generator = np.random.default_rng(6)
    fresh = [
        calibration.nll(*of_truth(draws_of(20, generator))) for _ in range(300)
    ]  # 20 draws each
    errors = [
        draws_curve(*of_truth(draws_of(40, generator)), [20], 30, generator).error[0]
        for _ in range(20)
    ]
    assert np.mean(errors) == pytest.approx(np.std(fresh), rel=0.15)


def test_more_draws_are_better_and_come_from_the_generator_alone() -> None:
    # frames that err apart: the mean over them is hardly noisy, and all bias is seen
    post, labels = of_truth(np.random.default_rng(7).uniform(0.4, 1, size=(64, 200)))
    one, two, other = (
        draws_curve(post, labels, None, 20, np.random.default_rng(s)) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.value, two.value)
    assert (one.value[:-1] != other.value[:-1]).any()
    assert one.value[0] > one.value[3] > one.value[-1]
    assert one.error[0] > one.error[-2]


def test_enough_draws_are_the_fewest_that_err_little() -> None:
    got = DrawsCurve(
        "nll",
        np.array([1, 5, 10, 50, 100]),
        np.array([0.4, 0.302, 0.3008, 0.3001, 0.3]),
        np.array([0.1, 0.0005, 0.0009, 0.0005, 0.0004]),
        20,
    )
    assert got.enough(0.001) == 10
    assert got.enough(0.5) == 1
    assert got.enough(0.0001) is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"counts": [0, 2]}, "1 to 4 draws, not 0–2"),
        ({"counts": [5]}, "1 to 4 draws, not 5–5"),
        ({"repeats": 1}, "at least 2 repeats"),
        ({"score": "nil"}, "did you mean 'nll'"),
    ],
)
def test_other_curves_are_refused(settings, message: str) -> None:
    post, labels = of_truth(np.full((4, 3), 0.5))
    with pytest.raises(InputError, match=message):
        draws_curve(post, labels, **settings)
    with pytest.raises(InputError, match="labels of 2 recordings"):
        draws_curve(post, labels * 2)


# --- drawing until it is enough ---


class Noisy(Point):
    """A point network whose draws shift the log-odds of silence."""

    scale = 3.0

    def log_probs(self, features, draws: int = 1):
        import torch

        whole = self.network(features)
        shifts = [np.random.default_rng(self.draw_seed(d)).normal() for d in range(draws)]
        moved = [whole + torch.tensor([self.scale * s, 0, 0, 0]) for s in shifts]
        return torch.cat([m.log_softmax(-1).float() for m in moved])[None]


@pytest.fixture
def noisy(tiny_point: Point) -> Noisy:
    model = Noisy.__new__(Noisy)
    model.__dict__.update(tiny_point.__dict__)
    return model


def test_draws_are_taken_until_they_are_enough(noisy: Noisy, tiny_data: Dataset) -> None:
    data = tiny_data.split("validation")
    drawn = predict_until(noisy, data, tolerance=0.004, start=5, most=640)
    assert drawn.enough
    counts = [step.draws for step in drawn.steps]
    assert counts == [5 * 2**i for i in range(len(counts))]
    assert len(counts) > 1
    assert [enough(step, 0.004) for step in drawn.steps] == [False] * (len(counts) - 1) + [True]
    # the same as all draws at once
    post = noisy.predict(data, counts[-1])
    labels = data.labels_on(noisy.grid)
    whole = monte_carlo_error(post, labels)
    assert drawn.posterior.draws == counts[-1]
    for name in ("nll", "nll_error", "nll_bias", "probability", "worst_probability"):
        assert getattr(drawn.steps[-1], name) == pytest.approx(getattr(whole, name), rel=1e-3)
    inside = post.inside()
    np.testing.assert_allclose(drawn.posterior.mean()[inside], post.mean()[inside], atol=1e-5)
    assert drawn.posterior.ids == data.ids


def test_it_gives_up_at_most(noisy: Noisy, tiny_data: Dataset) -> None:
    drawn = predict_until(noisy, list(tiny_data.split("validation"))[:1], 1e-6, start=2, most=5)
    assert [step.draws for step in drawn.steps] == [2, 4, 5]
    assert not drawn.enough


def test_a_point_is_enough_by_its_nature(tiny_point: Point, tiny_data: Dataset) -> None:
    drawn = predict_until(tiny_point, tiny_data.split("validation"))
    assert [step.draws for step in drawn.steps] == [1]
    assert drawn.enough


def test_what_makes_no_sense_is_refused(tiny_point: Point, tiny_data: Dataset) -> None:
    from dataclasses import replace

    data = list(tiny_data.split("validation"))
    with pytest.raises(InputError, match="no reference, so there is no NLL to watch"):
        predict_until(tiny_point, [replace(data[0], notes=None)])
    for start, most in ((1, 10), (20, 10)):
        with pytest.raises(InputError, match="at least 2 up to most"):
            predict_until(tiny_point, data, start=start, most=most)
