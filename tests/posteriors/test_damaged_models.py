"""Models that are not as they were written are told in a line, whoever loads them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from bayes_a2m.errors import InputError
from bayes_a2m.files import read_json
from bayes_a2m.models import load_model
from tests import tiny
from tests.cli.command import refused

Change: TypeAlias = Callable[[Path], None]


def _json(name: str, **values: Any) -> Change:
    """Change values of a part: ``key`` or ``key__inner``."""

    def change(model: Path) -> None:
        import json

        content = read_json(model / name)
        for key, value in values.items():
            *outer, last = key.split("__")
            inner = content
            for step in outer:
                inner = inner[int(step) if step.isdigit() else step]
            inner[int(last) if last.isdigit() else last] = value
        (model / name).write_text(json.dumps(content))  # NaN and Infinity as Python writes them

    return change


def _tensors(change: Callable[[dict[str, torch.Tensor]], object]) -> Change:
    def changed(model: Path) -> None:
        tensors = load_file(model / "model.safetensors")
        change(tensors)
        save_file(tensors, model / "model.safetensors")

    return changed


def _one_weight(value: float) -> Change:
    def change(tensors: dict[str, torch.Tensor]) -> None:
        name = next(n for n, t in tensors.items() if t.is_floating_point() and t.ndim)
        tensors[name].reshape(-1)[0] = value

    return _tensors(change)


def _retyped(tensors: dict[str, torch.Tensor]) -> None:
    name = next(n for n, t in tensors.items() if t.dtype == torch.float32 and t.ndim)
    tensors[name] = tensors[name].view(torch.int32)


def _config(change: Callable[[dict[str, Any]], object]) -> Change:
    def changed(model: Path) -> None:
        content = yaml.safe_load((model / "config.yaml").read_text())
        change(content)
        (model / "config.yaml").write_text(yaml.safe_dump(content, sort_keys=False))

    return changed


def _cut(model: Path) -> None:
    text = (model / "config.yaml").read_text()
    (model / "config.yaml").write_text(text[: text.index("  posterior:")])


def _log(line: str) -> Change:
    def changed(model: Path) -> None:
        with (model / "training.csv").open("a") as file:
            file.write(line + "\n")

    return changed


DAMAGES: dict[str, tuple[Change, str]] = {
    "one NaN weight": (_one_weight(float("nan")), "not finite"),
    "one infinite weight": (_one_weight(float("inf")), "not finite"),
    "an extra tensor": (
        _tensors(lambda t: t.update(extra=torch.zeros(2))),
        "extra",
    ),
    "a missing tensor": (_tensors(lambda t: t.popitem()), "do not fit"),
    "a tensor of another shape": (
        _tensors(lambda t: t.update({next(iter(t)): torch.zeros(3, 3)})),
        "do not fit",
    ),
    "a tensor of another type": (_tensors(_retyped), "another type"),
    "a config that was cut off": (_cut, "lacks posterior"),
    "a hop of a billion": (
        _config(lambda c: c["experiment"]["features"].update(hop=1_000_000_000)),
        "hop",
    ),
    "a network of a billion units": (
        _config(lambda c: c["experiment"]["network"].update(hidden=1_000_000_000)),
        "hidden",
    ),
    "a network of terabytes": (
        _config(lambda c: c["experiment"]["network"].update(hidden=1_000_000)),
        "weights",
    ),
    "a vocabulary of words": (
        _config(lambda c: c["vocabulary"].update(sounding_offset="x")),
        "sounding_offset",
    ),
    "a NaN in the normaliser": (_json("normalizer.json", mean=float("nan")), "normalizer"),
    "no spread in the normaliser": (_json("normalizer.json", std=0), "std 0"),
    "a negative spread": (_json("normalizer.json", std=-3.0), "std -3"),
    "a NaN in the decoder": (_json("decoder.json", weight=float("nan")), "decoder"),
    "a negative weight in the decoder": (_json("decoder.json", weight=-1.0), "decoder"),
    "an infinite length in the decoder": (
        _json("decoder.json", shortest_note=float("inf")),
        "decoder",
    ),
    "a probability above one": (_json("decoder.json", prior__0=7.0), "decoder"),
    "no probability at all": (_json("decoder.json", initial=[0, 0, 0, 0]), "decoder"),
    "a negative probability": (_json("decoder.json", transitions__0__0=-0.5), "decoder"),
    "a temperature of NaN": (
        _json("recalibration.json", method="temperature", temperature=float("nan")),
        "recalibration",
    ),
    "a temperature of zero": (
        _json("recalibration.json", method="temperature", temperature=0),
        "recalibration",
    ),
    "a second header in the log": (
        _log("epoch,train_nll,tuning_nll,tuning_accuracy,learning_rate,seconds"),
        "could not convert string to float: 'epoch'",
    ),
    "a short row in the log": (_log("9,0.5"), "has 2 columns"),
    "a word in the log": (_log("9,1,1,often,1,1"), "'often'"),
    "an endless epoch in the log": (_log("inf,1,1,1,1,1"), "infinity"),
    "a recalibration that there is not": (
        _json("recalibration.json", method="nothing of the kind"),
        "recalibration",
    ),
}
"""What is done to a model, and a word of what is said of it."""


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told_where_there_are_no_checksums(
    damage: str, tiny_model: Path, tmp_path: Path
) -> None:
    model = tiny.copy_to_change(tiny_model, tmp_path / "model")
    change, words = DAMAGES[damage]
    change(model)
    with pytest.raises(InputError, match=words) as error:
        load_model(model)
    assert str(error.value).startswith(str(model))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name",
    [
        *("model.safetensors", "config.yaml", "normalizer.json", "recalibration.json"),
        *("decoder.json", "seen.json", "conditions.json", "training.csv"),
    ],
)
def test_one_flipped_bit_is_told_by_the_checksums(
    name: str, tiny_model: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_model, tmp_path / "model")
    content = bytearray((tmp_path / "model" / name).read_bytes())
    content[-2] ^= 1
    (tmp_path / "model" / name).write_bytes(bytes(content))
    with pytest.raises(InputError, match=rf"{name}: is damaged, or was changed"):
        load_model(tmp_path / "model")


def test_checksums_that_leave_a_part_out_are_told(tiny_model: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_model, tmp_path / "model")
    sums = tmp_path / "model" / "checksums.sha256"
    lines = [line for line in sums.read_text().splitlines() if "decoder" not in line]
    sums.write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"checksums.sha256: is damaged"):
        load_model(tmp_path / "model")


VERBS: dict[str, Callable[[Path, Path, Path, Path], list[object]]] = {
    "transcribe": lambda m, good, d, o: ["transcribe", m, d / "voice_001.wav", "-o", o],
    "evaluate": lambda m, good, d, o: ["evaluate", m, "--data", d, "--json", o / "m.json"],
    "compare": lambda m, good, d, o: ["compare", good, "--versus", m, "--data", d],
    "report": lambda m, good, d, o: ["report", m, "--data", d, "--out", o],
    "train": lambda m, good, d, o: ["train", "laplace", "--data", d, "--out", o, "--from", m],
}
"""Every verb that loads a model."""


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_says_it_in_a_line_and_writes_nothing(
    verb: str, tiny_model: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    for number, damage in enumerate(DAMAGES):
        model = tiny.copy_to_change(tiny_model, tmp_path / f"model_{number}")
        change, words = DAMAGES[damage]
        change(model)
        out = tmp_path / f"out_{number}"
        line = refused(*VERBS[verb](model, tiny_model, tiny_folder, out))
        assert words in line, damage
        assert str(model) in line, damage
        assert not out.exists(), damage


@pytest.mark.parametrize("verb", ["transcribe", "evaluate", "report"])
def test_no_draws_are_refused(
    verb: str, tiny_model: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    arguments = VERBS[verb](tiny_model, tiny_model, tiny_folder, tmp_path / "out")
    assert "--draws" in refused(*arguments, "--draws", 0)
