"""CREPE's layers against those of the package that its weights come from."""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from bayes_a2m.baselines.crepe import BINS, CREPE, HOP, WINDOW
from bayes_a2m.errors import InputError
from tests.baselines.small import harmonics


@pytest.fixture
def model() -> CREPE:
    try:
        return CREPE()
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture
def theirs(model: CREPE, monkeypatch: pytest.MonkeyPatch) -> torch.nn.Module:
    """The package's own network; the rest of it, which asks for torchaudio, is left out."""
    package = find_spec("torchcrepe")
    assert package is not None
    assert package.origin is not None
    stand_in = ModuleType("torchcrepe")
    stand_in.PITCH_BINS = 360  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchcrepe", stand_in)
    spec = spec_from_file_location("crepe_layers", Path(package.origin).with_name("model.py"))
    assert spec is not None
    assert spec.loader is not None
    layers = module_from_spec(spec)
    spec.loader.exec_module(layers)
    network: torch.nn.Module = layers.Crepe("tiny")
    network.load_state_dict(model.backend)
    return network.eval()


def test_it_answers_as_the_package_does(model: CREPE, theirs: torch.nn.Module) -> None:
    noise = 0.02 * np.random.default_rng(0).standard_normal(6400)
    samples = harmonics(220.0, 0.4, 16000) + noise + 0.1
    heard = model.track(samples)
    frames = torch.from_numpy(np.pad(samples, WINDOW // 2)).float().unfold(0, WINDOW, HOP)
    frames = frames - frames.mean(dim=1, keepdim=True)
    frames = frames / frames.std(dim=1, keepdim=True)
    with torch.inference_mode():
        wanted = theirs(frames).numpy()
    assert heard.strength.shape == wanted.shape == (41, 360)
    np.testing.assert_allclose(heard.strength, wanted, atol=1e-5)
    assert wanted.max() > 0.5


def test_bins_are_20_cents_apart_from_just_below_c1() -> None:
    np.testing.assert_allclose(1200 * np.diff(np.log2(BINS)), 20, atol=1e-9)
    # Kim et al. 2018, section 2.1: from C1 to B7, here with the package's own tuning
    assert BINS[0] == pytest.approx(31.70, abs=0.01)
    assert BINS[-1] == pytest.approx(2005.5, abs=0.5)


@pytest.mark.parametrize("hertz", [130.8128, 261.6256, 391.9954])
def test_the_strongest_bin_is_the_tones(model: CREPE, hertz: float) -> None:
    heard = model.track(harmonics(hertz, 0.5, 16000))
    found = BINS[heard.strength[10:-10].argmax(axis=1)]
    assert np.abs(1200 * np.log2(found / hertz)).max() < 30
    # loudness is taken out
    quiet = model.track(0.01 * harmonics(hertz, 0.5, 16000))
    np.testing.assert_allclose(quiet.strength[10:-10], heard.strength[10:-10], atol=1e-3)


def test_digital_silence_is_an_answer(model: CREPE) -> None:
    heard = model.track(np.zeros(1600))
    assert np.isfinite(heard.strength).all()
    assert heard.strength.max() < 0.2
