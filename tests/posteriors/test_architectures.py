"""Posteriors are not tied to the CRNN: weights are drawn, and masks, on other networks, too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.models import load_model, make_posterior
from bayes_a2m.posteriors.variational import Variational
from tests import tiny

pytestmark = pytest.mark.long

# what is common to all networks of the tiny settings; the rest is the CRNN's
COMMON = tuple(s for s in tiny.SMALL if "projection" not in s and "hidden" not in s)
TRANSFORMER = ("network.width=16", "network.blocks=1", "network.heads=2", "network.inner=24")


def on(network: str, posterior: str, *settings: str, path: Path) -> Path:
    """An experiment file: a posterior on a small network."""
    file = path / f"{posterior}_{network}.yaml"
    file.write_text(f"base: {posterior}\nnetwork:\n  name: {network}\n", encoding="utf-8")
    return file


def test_variational_layers_on_the_transformer(tiny_data: Dataset, tmp_path: Path) -> None:
    """Weights of attention have scales of their own; predictions survive being saved."""
    file = on("transformer", "variational", path=tmp_path)
    settings = (*COMMON, *TRANSFORMER, "training.epochs=6", "posterior.epochs=2")
    experiment = load_experiment(file, settings)
    fit, tune = tiny_data.split("train").with_tuning_part(0.2)
    model = make_posterior(experiment).fit(fit, tune)
    assert isinstance(model, Variational)
    name = "context.0.attention.keys.weight"
    draws = torch.stack([model.draw_weights(0, d)[name] for d in range(40)])
    scale = model.state_dict()[f"scale.{name}"].reshape(draws[0].shape)
    standard = (draws - model.network.get_parameter(name).detach()) / scale
    # standard normal by construction: 40 draws of 256 weights, five standard errors
    assert abs(float(standard.mean())) < 5 / standard.numel() ** 0.5
    assert abs(float(standard.std()) - 1) < 5 / (2 * standard.numel()) ** 0.5
    recording = tiny_data.split("validation")[0]
    found = model.predict([recording], 4)
    assert found.log_probs.shape[:2] == (1, 4)
    assert found.mutual_information().max() > 0
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model").predict([recording], 4)
    np.testing.assert_array_equal(again.log_probs, found.log_probs)


@pytest.mark.parametrize("estimator", ["flipout", "local"])
def test_noise_on_layers_reaches_convolutions_over_steps(
    estimator: str, tiny_data: Dataset, tmp_path: Path
) -> None:
    file = on("tcn", "variational", path=tmp_path)
    settings = (*COMMON, "network.width=12", "network.blocks=2", "training.epochs=2")
    more = ("posterior.epochs=1", f"posterior.estimator={estimator}")
    fit, tune = tiny_data.split("train").with_tuning_part(0.2)
    model = make_posterior(load_experiment(file, (*settings, *more))).fit(fit, tune)
    assert isinstance(model, Variational)
    assert np.isfinite(model.elbo_trace).all()


@pytest.mark.parametrize(
    ("network", "settings"),
    [
        ("unet_bilstm", ("network.width=8", "network.levels=[8, 8]", "network.hidden=6")),
        ("harmonic_unet", ("network.levels=[4, 4, 4]", "network.bins_per_octave=12")),
        ("transformer", TRANSFORMER),
    ],
)
def test_masks_make_draws_on_every_network(
    network: str, settings: tuple[str, ...], tiny_data: Dataset, tmp_path: Path
) -> None:
    """One mask a sequence: a draw is the same whoever else is drawn, and draws differ."""
    rates = [f"network.dropout.{place}=0.3" for place in ("convolutions", "inputs", "context")]
    file = tmp_path / "masked.yaml"
    file.write_text(
        f"base: crnn\nnetwork:\n  name: {network}\nposterior:\n  name: mc_dropout\n",
        encoding="utf-8",
    )
    experiment = load_experiment(file, (*COMMON, *settings, *rates, "training.epochs=2"))
    fit, tune = tiny_data.split("train").with_tuning_part(0.2)
    model = make_posterior(experiment).fit(fit, tune)
    recording = tiny_data.split("validation")[0]
    many, few = model.predict([recording], 5), model.predict([recording], 2)
    assert many.mutual_information().max() > 0
    np.testing.assert_allclose(few.log_probs[:, :2], many.log_probs[:, :2], rtol=1e-4, atol=1e-5)
