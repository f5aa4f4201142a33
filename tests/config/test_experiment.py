from pathlib import Path

import pytest

from bayes_a2m.config.experiment import Experiment, WindowSettings, load_experiment, shipped
from bayes_a2m.errors import InputError
from bayes_a2m.models import check, make_posterior


@pytest.mark.long
def test_every_shipped_experiment_is_valid_and_its_network_can_be_built() -> None:
    assert {"crnn", "two_stage", "cascade", "knn", "lpc", "pyin"} <= set(shipped())
    for name in shipped():
        check(load_experiment(name))


@pytest.mark.parametrize("name", ["crnn", "laplace", "knn"])
@pytest.mark.parametrize("key", ["seed", "features"])
def test_what_is_not_the_posteriors_is_refused_there(name: str, key: str) -> None:
    experiment = load_experiment(name, [f"posterior.{key}=3"])
    for build in (check, make_posterior):
        with pytest.raises(InputError, match=rf"unknown key 'posterior\.{key}'"):
            build(experiment)


def test_the_shipped_crnn_says_what_the_code_defaults_to() -> None:
    shipped_values = load_experiment("crnn").model_dump()
    defaults = Experiment().model_dump()
    for group in ("features", "windows", "training"):
        assert shipped_values[group] == defaults[group]


def test_overrides_reach_nested_values_and_numbers_read_as_people_write_them() -> None:
    experiment = load_experiment(
        "crnn", ["training.learning_rate=1e-3", "network.hidden=8", "windows.overlap=0"], seed=5
    )
    assert experiment.training.learning_rate == 0.001
    assert experiment.network.settings["hidden"] == 8
    assert experiment.windows.overlap == 0
    assert experiment.seed == 5


def test_base_is_inherited_and_another_kind_replaces_the_group(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("base: crnn\nfeatures: {kind: mel, bins: 64}\ntraining: {epochs: 3}\n")
    experiment = load_experiment(own)
    assert experiment.features.kind == "mel"
    assert experiment.features.bins == 64
    assert experiment.training.epochs == 3
    assert experiment.training.batch == load_experiment("crnn").training.batch
    assert experiment.network.settings == load_experiment("crnn").network.settings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("training: {lerning_rate: 1}", "did you mean 'learning_rate'"),
        ("trainin: {}", "did you mean 'training'"),
        ("features: {kind: cqt, bin: 3}", "did you mean 'bins'"),
        ("training: {augment: {gain: 3}}", "training.augment.gain"),
        ("training: {epochs: 0}", "training.epochs"),
        ("training: {epochs: many}", "training.epochs"),
        ("windows: {seconds: 2, overlap: 1.5}", "overlap"),
        ("- 1", "mapping"),
        ("a: [", "YAML"),
        ("base: no_such_thing", "no experiment called"),
        ("base: own.yaml", "leads back to itself"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=r".+") as caught:
        load_experiment(file)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_name_suggests_one() -> None:
    with pytest.raises(InputError, match="did you mean 'crnn'"):
        load_experiment("crn")
    with pytest.raises(InputError, match="no such experiment file"):
        load_experiment("missing.yaml")


def test_a_study_is_told_from_an_experiment(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("arms: {a: {}}")
    for name in (file, "losses"):
        with pytest.raises(InputError, match="'bayes-a2m run"):
            load_experiment(name)


@pytest.mark.parametrize("override", ["epochs", "=3", "a..b=3", "seed.x=3"])
def test_a_malformed_override_is_refused(override: str) -> None:
    with pytest.raises(InputError):
        load_experiment("crnn", [override])


def test_windows_in_frames() -> None:
    experiment = Experiment()
    assert WindowSettings().frames(experiment.features.grid) == (666, 167)
