"""Alarms that ring for sick posteriors, stay silent for healthy ones, and agree with ArviZ."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m import diagnostics
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.errors import InputError
from bayes_a2m.music import Vocabulary
from bayes_a2m.prediction.posterior import FramePosterior
from bayes_a2m.prediction.summary import PosteriorSummary

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")  # ArviZ: its next version

TWO = Vocabulary((60,))


def of_logits(logits: np.ndarray, lengths: list[int] | None = None) -> FramePosterior:
    """Log-odds of C4 against silence, ``(chain, draw, recording, frame)``."""
    log_probs = np.stack([-np.logaddexp(0, logits), -np.logaddexp(0, -logits)], axis=-1)
    recordings, frames = logits.shape[2:]
    ids = tuple(str(i) for i in range(recordings))
    return FramePosterior(log_probs, np.array(lengths or [frames] * recordings), ids, TWO)


def drawn(spread: float, draws: int = 30, seed: int = 0) -> FramePosterior:
    """Frames whose log-odds are N(0, 4), and differ by ``spread`` from draw to draw."""
    generator = np.random.default_rng(seed)
    centre = 2 * generator.standard_normal((1, 1, 4, 50))
    return of_logits(
        centre + spread * generator.standard_normal((1, draws, 4, 50)), [50, 20, 9, 50]
    )


# --- R-hat and ESS ---


def test_it_is_what_arviz_says() -> None:
    import arviz

    values = np.random.default_rng(0).standard_normal((4, 100, 5)).cumsum(axis=1)
    got = diagnostics.rhat_ess(values)
    for i in range(5):
        assert got.rhat[i] == pytest.approx(arviz.rhat(values[..., i], method="rank"))
        assert got.bulk[i] == pytest.approx(arviz.ess(values[..., i], method="bulk"))
        tail = arviz.ess(values[..., i], method="tail", prob=(0.05, 0.95))
        assert got.tail[i] == pytest.approx(tail)
    assert got.worst_rhat == got.rhat.max()
    assert (got.chains, got.draws, got.constant) == (4, 100, 0)


def test_independent_chains_have_mixed() -> None:
    values = np.random.default_rng(1).standard_normal((4, 500, 10))
    got = diagnostics.rhat_ess(values)
    assert got.worst_rhat < 1.01
    assert got.least_bulk > 1200
    assert got.mixed
    assert "4 x 500 draws" in got.sentence


def test_chains_that_stand_apart_have_not() -> None:
    values = np.random.default_rng(2).standard_normal((4, 200, 3))
    values[0, :, 1] += 2
    got = diagnostics.rhat_ess(values)
    assert got.rhat[1] > 1.1
    assert max(got.rhat[0], got.rhat[2]) < 1.05
    assert not got.mixed


def test_a_single_chain_that_drifts_has_not_mixed() -> None:
    generator = np.random.default_rng(3)
    still = generator.standard_normal((1, 400, 1))
    drift = still + np.linspace(0, 4, 400)[None, :, None]
    assert diagnostics.rhat_ess(still).worst_rhat < 1.02
    assert diagnostics.rhat_ess(drift).worst_rhat > 1.1


def test_an_autoregression_has_the_ess_that_theory_gives() -> None:
    rho = 0.9
    generator = np.random.default_rng(4)
    values = np.zeros((4, 5000, 1))
    noise = generator.standard_normal(values.shape)
    values[:, 0] = noise[:, 0] / np.sqrt(1 - rho**2)
    for t in range(1, 5000):
        values[:, t] = rho * values[:, t - 1] + noise[:, t]
    # n (1 - rho) / (1 + rho)
    assert diagnostics.rhat_ess(values).bulk[0] == pytest.approx(20000 * 0.1 / 1.9, rel=0.2)


def test_what_never_varies_is_left_out() -> None:
    values = np.zeros((2, 20, 3))
    values[..., 1] = np.random.default_rng(0).standard_normal((2, 20))
    got = diagnostics.rhat_ess(values)
    assert (got.rhat.size, got.constant) == (1, 2)
    none = diagnostics.rhat_ess(np.zeros((2, 20, 3)))
    assert np.isnan(none.worst_rhat)
    assert not none.mixed
    assert "no quantity varies" in none.sentence


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((2, 20)), "chain, draw, quantity"),
        (np.full((2, 20, 1), np.nan), "finite"),
        (np.zeros((2, 7, 1)), "at least 8 draws"),
    ],
)
def test_other_values_are_refused(values: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        diagnostics.rhat_ess(values)


def test_function_values_come_from_real_frames() -> None:
    logits = np.arange(12.0).reshape(1, 1, 2, 6) / 10
    post = of_logits(logits, [3, 2])  # real: 0, 0.1, 0.2 and 0.6, 0.7
    got = diagnostics.function_values(post, frames=3)
    expected = 1 / (1 + np.exp(-np.array([0.0, 0.2, 0.7])))
    np.testing.assert_allclose(got, expected[None, None], rtol=1e-5)
    assert diagnostics.function_values(post, frames=50).shape == (1, 1, 5)
    many = diagnostics.function_values(drawn(0.5, draws=1000))
    assert diagnostics.rhat_ess(many).worst_rhat < 1.03


# --- leave one recording out ---


def normal_mean(n: int = 30, draws: int = 1000, outlier: float = 0.0):
    """Posterior of a normal mean, sd 1, flat prior; log-likelihoods and data."""
    generator = np.random.default_rng(5)
    y = generator.standard_normal(n)
    y[0] += outlier
    mu = y.mean() + generator.standard_normal((4, draws)) / np.sqrt(n)
    return -0.5 * (y - mu[..., None]) ** 2 - 0.5 * np.log(2 * np.pi), y


def test_loo_is_the_exact_one_of_a_normal_mean() -> None:
    log_likelihood, y = normal_mean()
    n = y.size
    rest = (y.sum() - y) / (n - 1)
    variance = 1 + 1 / (n - 1)
    exact = -0.5 * (y - rest) ** 2 / variance - 0.5 * np.log(2 * np.pi * variance)
    got = diagnostics.leave_one_recording_out(log_likelihood)
    np.testing.assert_allclose(got.by_recording, exact, atol=0.02)
    assert got.elpd == pytest.approx(exact.sum(), abs=0.1)
    assert got.error == pytest.approx(np.sqrt(n * exact.var()), rel=0.02)
    assert got.p_loo == pytest.approx(1, abs=0.35)  # one parameter
    assert got.reliable
    assert "k-hat above 0.70 for 0 of 30" in got.sentence


def test_a_recording_that_decides_alone_is_named() -> None:
    log_likelihood, _ = normal_mean(outlier=40.0)
    got = diagnostics.leave_one_recording_out(log_likelihood)
    assert got.k[0] > 0.7
    assert not got.reliable
    assert "for 1 of 30 recordings: leave those out" in got.sentence


def test_recordings_count_what_the_posterior_gave_them() -> None:
    post = drawn(0.5, draws=10)
    generator = np.random.default_rng(0)
    labels = [generator.integers(0, 2, n) for n in post.lengths]
    whole = diagnostics.recording_log_likelihood(post, labels)
    assert whole.shape == (1, 10, 4)
    by_hand = sum(post.log_probs[0, 3, 2, t, labels[2][t]] for t in range(9))
    assert whole[0, 3, 2] == pytest.approx(by_hand, rel=1e-5)
    half = diagnostics.recording_log_likelihood(post, labels, tempering=0.5)
    np.testing.assert_allclose(half, whole / 2)
    assert diagnostics.leave_one_recording_out(half).by_recording.shape == (4,)
    with pytest.raises(InputError, match="tempering must be positive"):
        diagnostics.recording_log_likelihood(post, labels, tempering=0)
    with pytest.raises(InputError, match="do not fit recordings"):
        diagnostics.recording_log_likelihood(post, labels[:3])
    with pytest.raises(InputError, match="must be classes, 0 to 1"):
        diagnostics.recording_log_likelihood(post, [one + 1 for one in labels])


@pytest.mark.parametrize("shape", [(4, 100), (4, 100, 0), (4, 7, 3)])
def test_other_likelihoods_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError):
        diagnostics.leave_one_recording_out(np.zeros(shape))


# --- collapse ---


@pytest.mark.parametrize("make", [lambda p: p, PosteriorSummary.of_posterior])
def test_a_collapsed_posterior_rings_and_a_healthy_one_does_not(make) -> None:
    sick, well = make(drawn(0.01)), make(drawn(0.5))
    assert "collapsed to a point: of the uncertainty of its 30 draws" in diagnostics.collapsed(sick)
    assert diagnostics.collapsed(well) is None
    assert diagnostics.collapsed(make(drawn(0.01, draws=1))) is None  # a point by its nature


def test_shares_are_as_by_hand() -> None:
    # log-odds that are plus or minus ln 3: draws 0.75 and 0.25, mean 0.5
    post = of_logits(np.log(3) * np.array([1.0, -1.0]).reshape(1, 2, 1, 1))
    got = diagnostics.collapse_of(post)
    assert got.variance == pytest.approx(0.0625 / 0.25, rel=1e-5)
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert got.information == pytest.approx(1 - entropy / np.log(2), rel=1e-4)
    assert got.different == 2


def test_padding_does_not_hide_a_collapse() -> None:
    logits = np.ones((1, 10, 2, 40))
    logits[:, :, 1, 5:] = np.random.default_rng(0).standard_normal((1, 10, 35))
    assert "all 10 draws are one" in diagnostics.collapsed(of_logits(logits, [40, 5]))
    assert diagnostics.collapsed(of_logits(logits)) is None


def test_draws_that_repeat_each_other_ring() -> None:
    few = np.random.default_rng(0).standard_normal((1, 3, 2, 40))
    repeated = np.tile(few, (1, 10, 1, 1))
    assert "only 3 of this posterior's 30 draws differ" in diagnostics.collapsed(
        of_logits(repeated)
    )
    same = of_logits(np.tile(few[:, :1], (1, 10, 1, 1)))
    assert "all 10 draws are one" in diagnostics.collapsed(same)
    assert "collapsed" in diagnostics.collapsed(PosteriorSummary.of_posterior(same))


# --- posterior predictive checks ---


def singing(paths: list[list[int]]) -> FramePosterior:
    """One recording; every draw is sure of its path."""
    return of_logits(np.where(np.array(paths) == 1, 4.0, -4.0)[None, :, None])


def test_checks_are_as_by_hand() -> None:
    post = singing([[0, 1, 1, 0, 1, 0, 0, 0], [0, 1, 1, 1, 1, 0, 0, 0], [0, 1, 1, 0, 0, 0, 0, 0]])
    labels = [np.array([0, 1, 1, 1, 1, 0, 0, 0])]
    checks = {one.name: one for one in diagnostics.predictive_checks(post, labels)}
    frame = post.grid.hop_seconds
    assert checks["silence"].observed == pytest.approx(0.5)
    assert checks["notes"].observed == 1
    assert checks["length"].observed == pytest.approx(4 * frame)
    assert checks["silence"].median == pytest.approx(5 / 8)
    assert checks["notes"].median == 1
    assert checks["length"].median == pytest.approx(2 * frame)
    # silence of draws: 5/8, 4/8, 6/8: one at or below 0.5, three at or above
    assert checks["silence"].tail == pytest.approx(2 * 2 / 4)
    assert checks["length"].high > checks["length"].low


def test_a_posterior_that_hears_too_much_is_told_from_one_that_is_right() -> None:
    generator = np.random.default_rng(0)
    truth = np.repeat(generator.integers(0, 2, 40), 10)
    edges = [np.roll(truth, int(generator.integers(-3, 4))) for _ in range(99)]
    chopped = [np.where(np.arange(400) % 7 == d % 7, 1 - e, e) for d, e in enumerate(edges)]
    right = diagnostics.predictive_checks(singing([e.tolist() for e in edges]), [truth])
    wrong = diagnostics.predictive_checks(singing([c.tolist() for c in chopped]), [truth])
    assert min(one.tail for one in right) > 0.1
    notes = next(one for one in wrong if one.name == "notes")
    assert notes.tail == pytest.approx(2 / 100)
    assert notes.low > notes.observed
    # Viterbi does not chop
    decoder = Decoder.from_labels([truth], 2)
    decoded = diagnostics.predictive_checks(
        singing([c.tolist() for c in chopped]), [truth], decoder
    )
    assert next(one for one in decoded if one.name == "notes").median <= notes.median / 2


def test_without_notes_there_is_a_length_of_nothing() -> None:
    post = singing([[0, 0, 0], [0, 0, 0]])
    silence, notes, length = diagnostics.predictive_checks(post, [np.zeros(3, dtype=np.int64)])
    assert (silence.observed, notes.observed, length.observed) == (1, 0, 0)
    assert silence.tail == notes.tail == length.tail == 1


# --- the ELBO ---


def test_a_trace_that_is_flat_has_settled_and_one_that_rises_has_not() -> None:
    steps = np.arange(200)
    noise = 0.005 * np.random.default_rng(0).standard_normal(200)
    settled = diagnostics.elbo_trace_check(list(-1 - np.exp(-steps / 15) + noise))
    rising = diagnostics.elbo_trace_check(list(-2 + steps / 200))
    assert settled.settled
    assert "it has settled" in settled.sentence
    assert not rising.settled
    # from -1.25 to -1.005, mean -1.1275
    assert rising.change == pytest.approx(0.245 / 1.1275, rel=1e-6)
    assert "train longer" in rising.sentence


def test_a_trace_that_breaks_or_is_short_has_not_settled() -> None:
    broken = diagnostics.elbo_trace_check([-1.0] * 30 + [float("nan")] + [-1.0] * 30)
    assert (broken.settled, broken.finite) == (False, False)
    assert "first at step 31" in broken.sentence
    short = diagnostics.elbo_trace_check([-1.0] * 15)
    assert (short.settled, short.finite) == (False, True)
    assert "too few" in short.sentence
    assert not diagnostics.elbo_trace_check([]).settled


def test_the_tail_of_importance_ratios_by_known_shapes() -> None:
    """Ratios that are Pareto have its shape; those of a Gaussian to itself have no tail."""
    generator = np.random.default_rng(0)
    for shape in (0.3, 0.9):
        # Pareto of index 1 / shape
        ratios = -shape * np.log(generator.uniform(size=20000))
        assert diagnostics.pareto_k(ratios) == pytest.approx(shape, abs=0.12)
    # of a Gaussian to a narrower one that approximates it: sigma 0.5 has k = 1 - 0.5**2
    draws = 0.5 * generator.standard_normal(20000)
    assert diagnostics.pareto_k(-0.5 * draws**2 + 0.5 * (draws / 0.5) ** 2) > 0.6
    with pytest.raises(InputError, match="25 or more"):
        diagnostics.pareto_k(np.zeros(3))
