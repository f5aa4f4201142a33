"""Search spaces: what ships suits its experiment, and what is wrong is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bayes_a2m import registry
from bayes_a2m.config.experiment import Experiment, load_experiment, shipped
from bayes_a2m.errors import InputError
from bayes_a2m.tuning.space import (
    Parameter,
    find_space,
    load_space,
    setting_of,
    shipped_spaces,
    with_values,
)

SPACES = tuple(shipped_spaces())


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SPACES)
def test_what_ships_can_be_searched(name: str) -> None:
    """Its keys are settings, and the shipped settings are in it and tried first."""
    experiment = load_experiment(name if name in shipped() else "crnn")
    space = load_space(shipped_spaces()[name], experiment)
    first = space.first(experiment)
    assert first[0] == {key: setting_of(experiment, key) for key in space.parameters}
    assert len(first) == 1 + len(space.known)
    for values in first:
        with_values(values, experiment, "a test")


def test_every_network_has_a_space_with_optimiser_and_schedule() -> None:
    # the equivariant one learns from recordings that are sung for it, not from a folder
    for name in registry.SHIPPED["networks"].keys() - {"equivariant"}:
        space = load_space(shipped_spaces()[name], load_experiment(name))
        assert {"training.optimizer", "training.schedule"} < set(space.parameters)


def test_the_known_setting_of_the_crnn_is_tried_second() -> None:
    experiment = load_experiment("crnn")
    space = load_space(find_space(None, experiment, "crnn"), experiment)
    second = space.first(experiment)[1]
    assert second["network.hidden"] == 128
    assert second["training.learning_rate"] == pytest.approx(9.34e-4)
    assert second["training.batch"] == 8
    assert second["network.channels"] == [12, 32, 48]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "parameters: {training.lerning_rate: {low: 0.1, high: 1}}",
            "parameters.training.lerning_rate: unknown key 'training.lerning_rate' "
            "(did you mean 'learning_rate'?)",
        ),
        (
            "parameters: {network.hiden: {low: 8, high: 16}}",
            "unknown key 'network.hiden' (did you mean 'hidden'?)",
        ),
        ("parameters: {network.hidden: {lo: 8, high: 16}}", "lo' (did you mean 'low'?)"),
        ("parametres: {network.hidden: {low: 8, high: 16}}", "(did you mean 'parameters'?)"),
        ("parameters: {network.hidden: {low: 16, high: 8}}", "low must be less than high"),
        ("parameters: {network.hidden: {low: 0, high: 8, log: true}}", "greater than zero"),
        ("parameters: {network.hidden: {}}", "give low and high, or choices"),
        ("parameters: {network.hidden: {low: 1, high: 2, choices: [1]}}", "or choices"),
        (
            "parameters: {network.hidden: {low: 8, high: 16}}\nknown: [{network.hiden: 9}]",
            "known 1: network.hiden: is not searched (did you mean 'network.hidden'?)",
        ),
        (
            "parameters: {network.hidden: {low: 8, high: 16}}\nknown: [{network.hidden: 99}]",
            "known 1: network.hidden: 99 is not among the values that are searched",
        ),
        (
            "parameters: {network.hidden: {low: 8, high: 16}}\nbudget: {folds: 3, used: 4}",
            "there are only 3 folds",
        ),
        ("parameters: {training.optimizer: {choices: [adamm]}}", "training.optimizer: "),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_space(path, load_experiment("crnn"))
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_experiment_without_a_space_is_told() -> None:
    with pytest.raises(InputError, match=r"pyin: no search space ships for it; give --space"):
        find_space(None, load_experiment("pyin"), "pyin")


def test_spaces_are_found_by_posterior_and_network(tmp_path: Path) -> None:
    mine = written(tmp_path, "base: crnn\nnetwork: {name: tcn}\n")
    assert find_space(None, load_experiment(mine), str(mine)).stem == "tcn"
    assert find_space(None, load_experiment("ensemble"), "ensemble").stem == "crnn"
    assert find_space(None, load_experiment("variational"), "variational").stem == "variational"


def test_lists_come_back_as_they_were() -> None:
    parameter = Parameter(choices=([8, 16], [0.5, 1, 2]))
    assert parameter.stored([0.5, 1.0, 2.0]) == parameter.stored((0.5, 1, 2))
    assert parameter.given(parameter.stored([8, 16])) == [8, 16]
    assert parameter.holds([0.5, 1.0, 2.0])
    assert not parameter.holds([8, 15])


@pytest.mark.parametrize(
    ("values", "whole"),
    [
        ({"low": 2, "high": 5}, True),
        ({"low": 16, "high": 64, "step": 16}, True),
        ({"low": 0.1, "high": 10.0, "log": True}, False),
        ({"low": 0.5, "high": 2.0}, False),
    ],
)
def test_ranges_with_whole_ends_are_of_whole_numbers(values: dict[str, float], whole: bool) -> None:
    assert Parameter.model_validate(values).whole is whole


def test_defaults_count_as_settings() -> None:
    assert setting_of(Experiment(), "network.hidden") == 96
    assert setting_of(load_experiment("knn"), "posterior.components") == 30
    assert setting_of(Experiment(), "network.nothing") is None
