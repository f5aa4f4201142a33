"""The card in every model directory: what it says, that it is kept, and that no name breaks it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import bayes_a2m
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.files import Manifest, read_json
from bayes_a2m.models import load_model
from bayes_a2m.posteriors.model_card import CARD, card_of, escaped, facts_of, remarks_in
from bayes_a2m.posteriors.model_directory import describe
from bayes_a2m.posteriors.point import Point
from bayes_a2m.studies.fitted import write_fitted
from tests.cli.command import run


@pytest.fixture(scope="module")
def described(
    tiny_point: Point, tiny_data: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A model directory as ``train`` leaves it."""
    path = tmp_path_factory.mktemp("card") / "model"
    write_fitted(tiny_point, tiny_data.split("train"), path)
    return path


def test_the_card_says_what_whoever_gets_the_model_must_know(
    described: Path, tiny_point: Point
) -> None:
    card = (described / CARD).read_text(encoding="utf-8")
    headings = [line[3:] for line in card.splitlines() if line.startswith("## ")]
    assert headings == [
        "What it hears",
        "What it was trained on",
        "How far each class can be trusted",
        "What it is not for",
        "Licence",
    ]
    for name in tiny_point.vocabulary.names:
        assert escaped(name) in card
    for value in facts_of(tiny_point).values():
        assert escaped(value) in card
    hashes = {*tiny_point.seen.fit.values(), *tiny_point.seen.tune.values()}
    assert f"SHA-256 of {len(hashes)} sound files" in card
    precision = read_json(described / "metrics.json")["per_class"]["silence"]["trust"]["value"]
    assert f"| silence | {precision:.3f} " in card
    assert "MIT" in card


def test_the_card_is_covered_by_checksums(described: Path, tmp_path: Path) -> None:
    assert CARD in Manifest.read(described / "checksums.sha256").hashes
    copy = shutil.copytree(described, tmp_path / "copy")
    (copy / CARD).write_text("# Something else\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"README.md: is damaged"):
        load_model(copy)


def test_a_model_without_a_card_still_loads(described: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(described, tmp_path / "copy")
    for name in (CARD, "checksums.sha256"):
        (copy / name).unlink()
    assert load_model(copy).fitted is not None


def test_a_model_that_was_not_measured_says_so(tiny_point: Point, tmp_path: Path) -> None:
    tiny_point.save(tmp_path / "model")
    assert "Not measured" in (tmp_path / "model" / CARD).read_text(encoding="utf-8")
    assert CARD in Manifest.read(tmp_path / "model" / "checksums.sha256").hashes


def test_evaluating_into_the_directory_keeps_the_card_current(
    described: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    model = shutil.copytree(described, tmp_path / "model")
    before = (model / CARD).read_text(encoding="utf-8")
    # what people wrote stays
    remarks = "Sings *well*.\n\nAnd often."
    metrics = read_json(model / "metrics.json")
    (model / CARD).write_text(f"{before}\n## Remarks\n\n{remarks}\n", encoding="utf-8")
    describe(model, load_model(described), metrics, measured_on="a | b")
    card = (model / CARD).read_text(encoding="utf-8")
    assert "recordings: a \\| b." in card
    assert remarks_in(card) == remarks
    done = run("evaluate", model, "--data", tiny_folder, "--json", model / "metrics.json", "-q")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    card = (model / CARD).read_text(encoding="utf-8")
    assert "all that it was not fitted or tuned on" in card
    assert "Measured on 4 recordings" in card
    assert remarks_in(card) == remarks
    assert read_json(model / "metrics.json")["recordings"] == 4
    load_model(model)  # the checksums are those of the new files


def test_a_killed_writer_leaves_a_whole_model(
    described: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, loaded = shutil.copytree(described, tmp_path / "model"), load_model(described)
    metrics = read_json(model / "metrics.json")

    def killed(path: Path, value: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bayes_a2m.posteriors.model_directory.write_json", killed)
    with pytest.raises(KeyboardInterrupt):
        describe(model, loaded, metrics, measured_on="elsewhere")
    assert "elsewhere" in (model / CARD).read_text(encoding="utf-8")
    load_model(model)


def test_names_from_outside_mean_nothing_to_markdown(tiny_point: Point) -> None:
    card = card_of(tiny_point, None, remarks="")
    assert "<" not in card.replace("\\<", "")
    assert escaped("[x](y)\n# <b>|") == "\\[x\\]\\(y\\)\\\\n\\# \\<b\\>\\|"


def test_the_model_that_ships_has_its_card() -> None:
    folder = Path(bayes_a2m.__file__).parent / "pretrained"
    card = (folder / CARD).read_text(encoding="utf-8")
    expected = card_of(load_model("pretrained"), None, remarks=remarks_in(card))
    lines = [
        [line for line in text.splitlines() if not line.startswith("Made by")]
        for text in (card, expected)
    ]
    assert lines[0] == lines[1]
    assert "solfege" in remarks_in(card)
