"""One set of functions over ArviZ 0.x and 1: the installed one is asked, the other played."""

from __future__ import annotations

import importlib.metadata
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bayes_a2m.diagnostics import arviz_compat

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")  # 0.x announces version 1


@pytest.fixture
def values() -> np.ndarray:
    """Three quantities that wander: 4 chains of 200 draws."""
    generator = np.random.default_rng(3)
    wandering = np.cumsum(generator.standard_normal((4, 200, 3)), axis=1)
    return 0.1 * wandering + generator.standard_normal((4, 200, 3))


def test_rhat_and_ess_are_the_same_in_every_version(values: np.ndarray) -> None:
    """ArviZ 0.23.4 and 1.3.0 gave these, the latter's tails of its own quantiles otherwise."""
    assert arviz_compat.rhat(values) == pytest.approx([1.29707, 1.10428, 1.13702], abs=1e-5)
    for method, known in (
        ("bulk", [10.53199, 27.37212, 19.70041]),
        ("tail", [26.26541, 50.03561, 47.96246]),
        ("mean", [10.24885, 27.15074, 19.85266]),
    ):
        assert arviz_compat.ess(values, method) == pytest.approx(known, abs=1e-5)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [0.2, 0.5, 0.8])
def test_k_is_that_of_the_heavy_tail_not_of_the_other(shape: float) -> None:
    uniform = np.random.default_rng(0).random(20000)
    ratios = -shape * np.log(uniform)  # a Pareto distribution's logarithm
    before = ratios.copy()
    assert arviz_compat.psis_k(ratios) == pytest.approx(shape, abs=0.1)
    np.testing.assert_array_equal(ratios, before)


def test_loo_of_a_conjugate_normal() -> None:
    """Observations of N(mu, 1), mu flat: m others predict N(their mean, 1 + 1/m)."""
    generator = np.random.default_rng(1)
    y = generator.standard_normal(20)
    mu = y.mean() + generator.standard_normal((4, 2000, 1)) / np.sqrt(y.size)
    found = arviz_compat.psis_loo(-0.5 * (y - mu) ** 2 - 0.5 * np.log(2 * np.pi), 1.0)
    others = (y.sum() - y) / (y.size - 1)
    variance = 1 + 1 / (y.size - 1)
    exact = -0.5 * (y - others) ** 2 / variance - 0.5 * np.log(2 * np.pi * variance)
    np.testing.assert_allclose(found.by_observation, exact, atol=0.02)
    assert found.elpd == pytest.approx(exact.sum(), abs=0.1)
    variance = 1 + 1 / y.size
    fitted = -0.5 * (y - y.mean()) ** 2 / variance - 0.5 * np.log(2 * np.pi * variance)
    assert found.p_loo == pytest.approx((fitted - exact).sum(), abs=0.05)
    assert found.k.shape == (20,)
    assert (found.k < found.limit).all()


@pytest.mark.filterwarnings("ignore:invalid value")
def test_loo_of_few_draws_is_the_same_in_every_version() -> None:
    """Too few to smooth: 0.x goes on with raw weights, which is done by hand for version 1."""
    likelihood = np.random.default_rng(0).standard_normal((2, 5, 6))
    found, by_hand = (
        arviz_compat.psis_loo(likelihood, 1.0),
        arviz_compat._importance_loo(likelihood),
    )
    np.testing.assert_allclose(found.by_observation, by_hand.by_observation)
    assert not np.isfinite(found.k).any()
    for name in ("elpd", "error", "p_loo", "limit"):
        assert getattr(found, name) == pytest.approx(getattr(by_hand, name))


class OtherArviz(ModuleType):
    """Says which version it is, and keeps what it is asked."""

    def __init__(self, version: str) -> None:
        super().__init__("arviz")
        self.__version__ = version
        self.asked: dict[str, Any] = {}

    def from_dict(self, *groups: Any, **named: Any) -> Any:
        self.asked["from_dict"] = groups, named
        return "the data"

    def loo(self, data: Any, *, pointwise: bool, reff: float) -> Any:
        assert (data, pointwise, reff) == ("the data", True, 0.5)
        if self.__version__.startswith("0"):
            names = {"elpd_loo": -1.0, "p_loo": 2.0, "loo_i": [-1.0]}
        else:
            names = {"elpd": -1.0, "p": 2.0, "elpd_i": [-1.0]}
        return SimpleNamespace(**names, se=0.1, pareto_k=[0.2], good_k=0.7)

    def psislw(self, ratios: Any) -> Any:
        assert self.__version__.startswith("0"), "version 1 has it no more"
        self.asked["psislw"] = ratios
        return None, np.asarray(0.3)


@pytest.fixture(params=["0.22.0", "1.1.0"])
def other(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> OtherArviz:
    module = OtherArviz(request.param)

    def psislw(values: Any) -> Any:
        assert request.param.startswith("1"), "0.x has no arviz_stats"
        module.asked["psislw"] = -values
        return None, np.asarray(0.3)

    base = ModuleType("arviz_stats.base")
    base.array_stats = SimpleNamespace(psislw=psislw)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "arviz", module)
    monkeypatch.setitem(sys.modules, "arviz_stats", ModuleType("arviz_stats"))
    monkeypatch.setitem(sys.modules, "arviz_stats.base", base)
    return module


def test_each_version_is_asked_in_its_own_way(other: OtherArviz) -> None:
    likelihood = np.zeros((2, 20, 1))
    found = arviz_compat.psis_loo(likelihood, 0.5)
    assert (found.elpd, found.error, found.p_loo, found.limit) == (-1.0, 0.1, 2.0, 0.7)
    assert (found.by_observation.tolist(), found.k.tolist()) == ([-1.0], [0.2])
    positional, named = other.asked["from_dict"]
    groups = named if other.__version__.startswith("0") else positional[0]
    assert groups["log_likelihood"]["observations"] is likelihood
    assert arviz_compat.psis_k(np.array([1.0, 2.0])) == 0.3
    assert other.asked["psislw"].tolist() == [1.0, 2.0]


def test_the_installed_version_is_one_that_setup_allows() -> None:
    major = int(importlib.metadata.version("arviz").partition(".")[0])
    assert major == 0 or sys.version_info >= (3, 12)
