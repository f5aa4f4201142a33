"""``compare`` from outside: what it prints and writes, how sides are named, refusals."""

from __future__ import annotations

import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from safetensors.torch import load_file, save_file

from bayes_a2m.cli.compare import names_of, spread
from bayes_a2m.cli.main import main
from bayes_a2m.files import read_json, write_json
from tests import tiny
from tests.cli.command import run

SCHEMA = Path(__file__).parents[2] / "bayes_a2m" / "schemas" / "compare.json"


def changed(model: Path, path: Path, seed: int, noise: float = 0.05, **config: object) -> Path:
    """A copy of a model with somewhat other weights, as if another seed had made it."""
    import torch

    tiny.copy_to_change(model, path)
    weights = load_file(path / "model.safetensors")
    generator = torch.Generator().manual_seed(seed)
    for name, one in weights.items():
        if one.is_floating_point():
            weights[name] = one * (1 + noise * torch.randn(one.shape, generator=generator))
    save_file(weights, path / "model.safetensors")
    written = yaml.safe_load((path / "config.yaml").read_text())
    written["experiment"]["seed"] = seed
    (path / "config.yaml").write_text(yaml.safe_dump({**written, **config}))
    return path


@pytest.fixture(scope="module")
def sides(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two models of an old design and two of a worse, new one."""
    folder = tmp_path_factory.mktemp("sides")
    for seed in (0, 1):
        changed(tiny_model, folder / f"old_{seed}", seed, 0.01)
        changed(tiny_model, folder / f"new_{seed}", seed, 0.2)
    return folder


Said = tuple[int, str, str]


def said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object
) -> Said:
    """Exit code, stdout and stderr of ``compare``; in this process, for speed."""
    monkeypatch.setattr(sys, "argv", ["bayes-a2m", "compare", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code, *capsys.readouterr()  # type: ignore[return-value]


def refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object
) -> str:
    """The one line with which it refuses these arguments."""
    code, out, err = said(monkeypatch, capsys, *arguments)
    assert code == 2, err
    assert out == ""
    assert err.count("\n") == 1, err
    return err


def test_two_sides_with_two_seeds(sides: Path, tiny_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "found" / "compare.json"
    new, old = ([sides / f"{name}_{seed}" for seed in (0, 1)] for name in ("new", "old"))
    done = run("compare", *new, "--versus", *old, "--data", tiny_folder, "--json", file)
    assert done.returncode == 0, done.stderr
    assert "new (2) − old (2), paired by seed: 4 recordings" in done.stdout
    for word in ("accuracy", "Difference by condition", "noisy", "Difference by stage", "G4"):
        assert word in done.stdout
    found = read_json(file)
    jsonschema.validate(found, read_json(SCHEMA))
    assert found["models"] == [2, 2]
    assert found["recordings"] == 4
    assert done.stdout.rstrip("\n").endswith(found["sentence"])
    nll = found["metrics"]["nll"]
    assert nll["difference"] > 0  # noise in the weights does no good
    assert nll["error_seeds"] > 0
    assert set(found["per_condition"]) == {"noisy", "studio"}
    assert [p.name for p in file.parent.iterdir()] == ["compare.json"]


def test_both_ways_to_name_the_other_side_are_the_same(
    sides: Path,
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    old = sides / "old_0", sides / "old_1"
    ways = {
        "spaces": (sides / "new_0", "--versus", *old, "--data", tiny_folder),
        "again": (sides / "new_0", "--versus", old[0], "--data", tiny_folder, "--versus", old[1]),
        "first": ("--versus", *old, "--data", tiny_folder, sides / "new_0"),
        "equals": (f"--data={tiny_folder}", sides / "new_0", f"--versus={old[0]}", old[1]),
    }
    found = {}
    for name, way in ways.items():
        file = tmp_path / f"{name}.json"
        code, _, err = said(monkeypatch, capsys, *way, "--json", file)
        assert code == 0, err
        found[name] = read_json(file)
    assert found["spaces"]["models"] == [1, 2]
    assert found["spaces"]["names"] == ["new_0", "old"]
    assert found["again"] == found["first"] == found["equals"] == found["spaces"]


def test_a_model_against_itself(
    tiny_model: Path,
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "compare.json"
    arguments = (tiny_model, "--versus", tiny_model, "--data", tiny_folder, "--json", file)
    code, out, _ = said(monkeypatch, capsys, *arguments)
    assert code == 0
    assert "tiny and tiny again are the same in NLL" in out
    metrics = read_json(file)["metrics"]
    # where all notes are right, how well probabilities tell right from wrong is not defined
    known = {name: one for name, one in metrics.items() if one["difference"] is not None}
    assert set(metrics) - set(known) <= {"note_auroc", "error_auroc"}
    for one in known.values():
        assert (one["difference"], one["low"], one["high"]) == (0, 0, 0)
        assert one["probability_better"] == 0.5


def test_seeds_go_together_in_any_order(
    sides: Path,
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, old in (("a", ("old_0", "old_1")), ("b", ("old_1", "old_0"))):
        paths = [sides / "new_0", sides / "new_1", "--versus", *(sides / o for o in old)]
        said(monkeypatch, capsys, *paths, "--data", tiny_folder, "--json", tmp_path / name)
    assert read_json(tmp_path / "a") == read_json(tmp_path / "b")


def test_recordings_that_were_trained_on_are_said(
    sides: Path,
    tiny_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = (sides / "old_0", "--versus", sides / "new_0", "--data", tiny_folder)
    code, out, err = said(monkeypatch, capsys, *arguments, "--split", "train")
    assert code == 0
    assert "12 recordings" in out
    assert f"{sides / 'old_0'} was fitted or tuned on 12 of these recordings" in err


def test_what_cannot_be_compared_is_refused_in_a_line(
    sides: Path,
    tiny_model: Path,
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def says(*arguments: object) -> str:
        return refused(monkeypatch, capsys, *arguments)

    old, new, data = sides / "old_0", sides / "new_0", ("--data", tiny_folder)
    file = tmp_path / "x.json"
    assert "Missing option '--versus'" in says(old, *data)
    assert "Missing option '--versus'" in says(old, "--versus", *data)
    assert "Missing argument 'MODEL...'" in says("--versus", old, *data)
    assert "Missing option '--data'" in says(old, "--versus", new)
    assert "no such model directory" in says(old, "--versus", tmp_path / "none", *data)
    assert "given twice on the same side" in says(old, "--versus", new, new, *data)
    assert "no split called 'testing'" in says(old, "--versus", new, *data, "--split", "testing")

    pitches = {"pitches": [60, 62, 67], "sounding_offset": 0, "middle_c": "C4"}
    other = changed(tiny_model, tmp_path / "other", 0, vocabulary=pitches)
    line = says(old, "--versus", other, *data, "--json", file)
    assert "other knows the pitches C4, D4, G4" in line

    # of all recordings, each was seen by one side or the other
    held = changed(tiny_model, tmp_path / "held", 0)
    seen = read_json(held / "seen.json")
    from bayes_a2m.datasets import load_folder

    seen["fit"] = {r.id: r.hash for r in load_folder(tiny_folder).split("validation")}
    write_json(held / "seen.json", seen)
    line = says(old, "--versus", held, *data, "--json", file)
    assert "every recording was used to fit or tune one of the models; give --split" in line
    assert not file.exists()


def test_help_shows_both_sides() -> None:
    done = run("compare", "--help")
    assert done.returncode == 0
    assert "Examples:" in done.stdout
    assert "--versus" in done.stdout


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("a --versus b c", "a --versus b --versus c"),
        ("a --versus b -h c", "a --versus b -h c"),
        ("a --versus b --versus c d", "a --versus b --versus c --versus d"),
        ("a --versus --data d", "a --data d"),
        ("--versus=b c --data=d a", "--versus b --versus c --data=d a"),
        ("a --versus b -- c", "a --versus b -- c"),
        ("a --versuses b c", "a --versuses b c"),
        ("", ""),
    ],
)
def test_values_go_up_to_the_next_option(given: str, meant: str) -> None:
    assert spread(given.split()) == meant.split()


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ("m/two_0 m/two_1", "m/one_0 m/one_1", ("two", "one")),
        ("m/crnn_10 m/crnn_11", "m/unet", ("crnn", "unet")),
        ("two/seed_0 two/seed_1", "one/seed_0 one/seed_1", ("two", "one")),
        ("a/crnn", "b/crnn", ("a/crnn", "b/crnn")),
        ("m/crnn_0 m/crnn_1", "m/crnn_2 m/crnn_3", ("crnn", "crnn again")),
        ("m/layer2_0 m/layer2_1", "m/layer3_0 m/layer3_1", ("layer2", "layer3")),
    ],
)
def test_sides_are_called_by_what_their_models_share(
    one: str, other: str, names: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    found = names_of([Path(p) for p in one.split()], [Path(p) for p in other.split()])
    # how much of the path is needed where all of it is alike is no matter
    assert tuple(name.removeprefix("m/") for name in found) == names
