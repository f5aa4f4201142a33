"""What objects look like in a console and in a notebook: short, and nothing in them is code."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from torch import nn

import bayes_a2m as a2m
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.evaluation import evaluate
from bayes_a2m.notebook import LONGEST, RollNote, Shown, roll, table
from bayes_a2m.posteriors.point import Point

HOSTILE = "<script>alert(1)</script>\n\x1b[31m"


class Tags(HTMLParser):
    """The tags of a piece of HTML, all of them closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def looks_right(shown: Shown, *words: str) -> None:
    text, page = repr(shown), shown._repr_html_()
    assert len(text) <= LONGEST
    assert "\n" not in text
    assert "\x1b" not in text
    for word in words:
        assert word in text
    assert "script" not in Tags(page).tags
    assert Tags(page).tags[0] == "table"


def test_data_sets_are_short_however_large(tiny_data: Dataset) -> None:
    looks_right(tiny_data, "recordings=16", "silence C4 E4 G4")
    hostile = replace(tiny_data[0], condition=HOSTILE, take="t" * 10_000)
    looks_right(hostile, "id=")
    many = [replace(tiny_data[0], id=str(i), condition=f"c{i}") for i in range(1000)]
    looks_right(Dataset(tuple(many)), "recordings=1000")


def test_recordings_show_their_notes(tiny_data: Dataset) -> None:
    one = next(r for r in tiny_data if r.notes)
    looks_right(one, f"notes={len(one.notes or ())}")
    assert one._repr_html_().count("<rect") == len(one.notes or ())


def test_models_predictions_and_what_comes_of_them(tiny_point: Point, tiny_data: Dataset) -> None:
    looks_right(tiny_point, "method=point", "network=crnn", "10 recordings, tuned on 2")
    looks_right(a2m.Laplace(a2m.CRNN()), "method=laplace", "fitted=no")
    looks_right(a2m.KNN(), "method=knn")
    data = tiny_data.split("validation")
    post = tiny_point.predict(data)
    looks_right(post, "recordings=4", "draws=1")
    looks_right(tiny_point.notes(post)[0], "notes=", "tolerance=0.05 s")
    notes = tiny_point.decoder.decode(post)
    looks_right(notes, "recordings=4")
    looks_right(notes[0], "notes=")
    looks_right(tiny_point.viterbi.decode(post)[0], "not known")
    looks_right(evaluate(tiny_point, data), "accuracy=0.")


def test_tables_and_rolls() -> None:
    assert "&lt;b&gt;" in table("x", {"<b>": "<b>"})
    notes = [RollNote(0.0, 1.0, 60, 0.5), RollNote(1.0, 9.0, 64), RollNote(0.0, 1.0, 99)]
    drawn = roll(notes, 2.0, {60: "C4", 64: "<E4>"})
    assert drawn.count("<rect") == 2
    assert 'fill-opacity="0.50"' in drawn
    assert "&lt;E4&gt;" in drawn
    Tags(drawn)


def test_common_mistakes_are_told_what_to_pass(tiny_point: Point, tiny_data: Dataset) -> None:
    with pytest.raises(
        InputError, match=r'song\.wav: is a path; pass \[bayes_a2m\.Recording\("song"'
    ):
        tiny_point.predict("song.wav")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="is a path"):
        tiny_point.predict(Path("song.wav"))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="pass a list"):
        tiny_point.predict(tiny_data[0])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="samples are passed as"):
        tiny_point.predict([np.zeros(16000)])  # type: ignore[list-item]
    with pytest.raises(InputError, match=r"Laplace\(model\.network\)\.fit\(.*start=model"):
        a2m.Laplace(tiny_point)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"Linear is no network; .*adapt"):
        a2m.Point(nn.Linear(2, 2))  # type: ignore[arg-type]
