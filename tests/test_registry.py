"""Parts by name: those that ship, registered ones, and what is refused."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bayes_a2m import registry
from bayes_a2m.calibration.methods import Recalibration
from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.config.settings import Settings
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.networks.network import make_network
from bayes_a2m.posteriors.loadable import parts_of
from bayes_a2m.posteriors.point import Point

pytestmark = pytest.mark.long


def test_settings_reach_the_network() -> None:
    settings = {"channels": [4, 6, 8], "hidden": 12, "pools": [[2, 3], [1, 2], [2, 2]]}
    network = make_network("crnn", settings, bins=96, classes=5)
    assert isinstance(network, CRNN)
    assert (network.bins, network.classes) == (96, 5)
    assert network.settings["channels"] == [4, 6, 8]
    assert network.recurrence.hidden_size == 12


@pytest.mark.parametrize("name", registry.SHIPPED["networks"])
def test_a_networks_own_settings_make_it_again(name: str) -> None:
    network = make_network(name, {}, bins=252, classes=4)
    assert network.name == name
    again = make_network(name, network.settings, bins=252, classes=4)
    assert again.settings == network.settings
    assert again.parameter_count == network.parameter_count


def test_numbers_are_converted() -> None:
    assert CRNN.parse({"hidden": "12"}).hidden == 12


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        (
            "crn",
            {},
            "network.name: unknown network 'crn' (did you mean 'crnn'?); known: crnn, c",
        ),
        ("zzz", {}, "unknown network 'zzz'; known: crnn, cascade"),
        ("crnn", {"hiden": 3}, "unknown key 'network.hiden' (did you mean 'hidden'?)"),
        ("crnn", {"bins": 3}, "unknown key 'network.bins'"),
        ("crnn", {"hidden": "many"}, "network.hidden: "),
        ("crnn", {"hidden": 3.5}, "network.hidden: "),
        ("crnn", {"channels": [4, "x", 8]}, "network.channels.1: "),
        ("crnn", {"head": "two"}, "unknown head 'two'"),
        ("crnn", {"head": {"name": "two_stage", "pitch_wait": 2}}, "did you mean 'pitch_weight'?"),
        ("crnn", {"head": {"name": "two_stage", "pitch_weight": 0}}, "network.head.pitch_weight: "),
        ("crnn", {"head": {"name": "one_stage", "pitch_weight": 2}}, "'network.head.pitch_weight'"),
        ("cascade", {"trunk": {"name": "crn"}}, "network.trunk.name: unknown network 'crn'"),
        ("cascade", {"trunk": {"hiden": 3}}, "'network.trunk.hiden' (did you mean 'hidden'?)"),
        ("cascade", {"trunk": {"head": "two_stage"}}, "heads of their own"),
        ("cascade", {"hidden": 3}, "unknown key 'network.hidden'"),
    ],
)
def test_what_is_wrong_is_said(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        make_network(name, settings, bins=252, classes=4)


@pytest.mark.parametrize(
    ("group", "name"),
    [(group, name) for group, parts in registry.SHIPPED.items() for name in parts],
)
def test_what_ships_is_there_under_its_name(group: str, name: str) -> None:
    part = registry.get(group, name)
    assert (part.group, part.name) == (group, name)
    if hasattr(part, "Options"):
        assert issubclass(part.Options, Settings)
    assert registry.origin(group, name).distribution == "bayes_a2m"


def covered(contract: str) -> set[str]:
    """Names that classes of tests stand for, which inherit a contract, by their sources."""
    trees = [ast.parse(file.read_text()) for file in Path(__file__).parent.rglob("*.py")]
    classes = {
        node.name: node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }

    def inherits(node: ast.ClassDef) -> bool:
        bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
        return contract in bases or any(inherits(classes[b]) for b in bases if b in classes)

    return {
        name
        for node in classes.values()
        if inherits(node)
        for line in node.body
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "covers"
        for name in ast.literal_eval(line.value).split()
    }


@pytest.mark.parametrize(
    ("group", "contract"), [("networks", "NetworkContract"), ("posteriors", "PosteriorContract")]
)
def test_no_part_ships_without_its_contract_test(group: str, contract: str) -> None:
    """The other groups' contracts run over all that the registry's table holds."""
    assert covered(contract) == set(registry.SHIPPED[group])


class Mine(Recalibration):
    """A part of a notebook."""

    name = "mine"


@pytest.fixture
def mine() -> Iterator[type[Recalibration]]:
    registry.register(Mine)
    yield Mine
    registry.forget(Mine)


def test_a_registered_part_is_found_by_name_and_by_its_class(mine: type[Recalibration]) -> None:
    assert registry.get("recalibrations", "mine") is mine
    assert registry.get("recalibrations", registry.target_of(mine)) is mine
    assert registry.names("recalibrations")[-1] == "mine"
    assert ("mine", mine) in registry.registered()
    registry.forget(mine)
    with pytest.raises(InputError, match="unknown recalibration 'mine'"):
        registry.get("recalibrations", "mine")


def test_what_is_no_part_or_takes_a_name_that_ships_is_refused() -> None:
    with pytest.raises(InputError, match="is no part: derive it from"):
        registry.register(int)
    with pytest.raises(InputError, match="'temperature' ships with bayes_a2m"):
        registry.register(type("Other", (Mine,), {"name": "temperature"}))
    with pytest.raises(InputError, match="needs a name"):
        registry.register(type("Other", (Mine,), {"name": ""}))


def test_a_class_is_imported_where_a_person_names_it_and_never_where_a_file_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "somebodys.py").write_text(
        "import bayes_a2m as a2m\n\n\nclass Net(a2m.CRNN):\n    name = 'net'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match="'somebodys:Net' is not registered"):
        make_network("somebodys:Net", {}, bins=96)
    assert "somebodys" not in sys.modules
    experiment = load_experiment("crnn", ["network.name=somebodys:Net"])
    try:
        assert make_network("somebodys:Net", {}, bins=96).name == "net"
        assert "somebodys:Net" in [part.target for part in parts_of(experiment)]
        with pytest.raises(InputError, match=r"network\.name: somebodys:Nt: cannot be imported"):
            load_experiment("crnn", ["network.name=somebodys:Nt"])
    finally:
        registry.forget(sys.modules.pop("somebodys").Net)


def test_a_model_that_could_not_be_loaded_again_is_refused_before_it_is_trained(
    tiny_data: Dataset,
) -> None:
    class Local(Point):
        name = "local"

    fit, tune = tiny_data.split("train").with_tuning_part(0.2)
    with pytest.raises(InputError, match=r"'local' is not registered: call .*register\(Local\)"):
        Local(CRNN()).fit(fit, tune)

    class Disguised(CRNN):
        """Of another's name."""

    with pytest.raises(InputError, match="'crnn' is another class"):
        Point(Disguised()).fit(fit, tune)
