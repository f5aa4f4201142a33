"""What every baseline must do beside what every posterior must."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from bayes_a2m.baselines.baseline import Baseline
from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.models import load_model
from tests.posteriors.contract import PosteriorContract


class BaselineContract(PosteriorContract):
    """Subclasses give the fixture ``model``: fitted on ``tiny_data``'s train split."""

    def test_it_has_one_belief(self, model: Baseline, tiny_data: Dataset) -> None:
        post = model.predict(tiny_data.split("validation"), draws=30)
        assert post.log_probs.shape[:2] == (1, 1)
        assert np.isfinite(post.log_probs[:, :, post.inside()]).all()
        assert not post.mutual_information().any()

    def test_the_choice_is_the_best_of_those_considered(self, model: Baseline) -> None:
        header, *rows = model.record.log.splitlines()
        assert header == "choice,tuning_nll"
        nll = {choice: float(value) for choice, value in (row.split(",") for row in rows)}
        best = min(nll, key=lambda choice: nll[choice])
        chosen = dict(one.split("=") for one in best.split())
        assert {k: float(v) for k, v in chosen.items()} == pytest.approx(model.chosen)

    def test_fitting_again_gives_the_same(self, model: Baseline, tiny_data: Dataset) -> None:
        again = type(model).of_experiment(model.experiment)
        again.fit(*tiny_data.split("train").with_tuning_part(0.2))
        for name, array in model.arrays().items():
            np.testing.assert_array_equal(again.arrays()[name], array)

    def test_arrays_that_do_not_fit_are_named(self, model: Baseline, tmp_path: Path) -> None:
        model.save(tmp_path / "model")
        path = tmp_path / "model" / "model.safetensors"
        (tmp_path / "model" / "checksums.sha256").unlink()
        arrays = load_file(path)
        mean = arrays.pop("mean")
        save_file(arrays, path)
        with pytest.raises(InputError, match=f"do not fit the {model.name} model"):
            load_model(tmp_path / "model")
        save_file({**arrays, "mean": mean[:-1]}, path)
        with pytest.raises(InputError, match="train again"):
            load_model(tmp_path / "model")
        for name in (n for n in model.tuned if getattr(model.options, n) is None):
            save_file(
                {k: v for k, v in {**arrays, "mean": mean}.items() if k != f"chosen.{name}"}, path
            )
            with pytest.raises(InputError, match="train again"):
                load_model(tmp_path / "model")
        shutil.rmtree(tmp_path / "model")

    def test_what_it_cannot_do_is_refused(self, model: Baseline, tiny_data: Dataset) -> None:
        unfitted = type(model).of_experiment(model.experiment)
        with pytest.raises(InputError, match="not fitted"):
            unfitted.predict(tiny_data.split("validation"))
        with pytest.raises(InputError, match="not fitted"):
            unfitted.save("nowhere")
        fit, tune = tiny_data.split("train").with_tuning_part(0.2)
        with pytest.raises(InputError, match="starts from no other"):
            unfitted.fit(fit, tune, start=model)
        networked = load_experiment(model.name, ["network.name=crnn"])
        with pytest.raises(InputError, match="is a baseline and has none"):
            type(model).of_experiment(networked)
        with pytest.raises(InputError, match=r"unknown key 'posterior\.contxt'.*'context'"):
            type(model)(contxt=3)
