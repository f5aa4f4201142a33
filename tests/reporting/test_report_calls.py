"""A report predicts, recalibrates and decodes every recording once, however much it draws."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bayes_a2m.calibration.methods import Temperature
from bayes_a2m.datasets import Dataset
from bayes_a2m.decoding.note_decoder import NoteDecoder
from bayes_a2m.files import read_json, write_json
from bayes_a2m.models import load_model
from bayes_a2m.posteriors.point import Point
from bayes_a2m.reporting.report.context import ReportOptions
from bayes_a2m.reporting.report.entry import of_model
from bayes_a2m.reporting.report.page import write_report
from tests import tiny


@contextlib.contextmanager
def no_bar(title: str) -> Iterator[Any]:
    """A progress bar that is not shown."""
    yield lambda done, total: None


@pytest.mark.slow
def test_a_report_of_three_models_does_everything_once(
    tiny_model: Path, tiny_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: Counter[str] = Counter()
    frames: Counter[str] = Counter()

    def counted(owner: type, name: str, size: Any) -> None:
        original = getattr(owner, name)

        def wrapper(self: Any, argument: Any, *rest: Any, **options: Any) -> Any:
            calls[name] += 1
            frames[name] += size(argument)
            return original(self, argument, *rest, **options)

        monkeypatch.setattr(owner, name, wrapper)

    folder = tmp_path / "model"
    tiny.copy_to_change(tiny_model, folder)
    stored = read_json(folder / "recalibration.json")
    write_json(
        folder / "recalibration.json", {**stored, "method": "temperature", "temperature": 2.0}
    )
    models = {name: load_model(folder) for name in ("a", "b", "c")}
    counted(Temperature, "apply", lambda probs: int(np.prod(np.shape(probs)[:-1])))
    counted(NoteDecoder, "decode", lambda posterior: int(posterior.lengths.sum()))
    counted(Point, "predict_chunks", len)
    data = tiny_data.split("validation")
    shared = {"draws": 1, "resamples": 20, "accept_error": 0.05}
    entries = tuple(of_model(name, model, data, **shared) for name, model in models.items())
    options = ReportOptions(resamples=20, sections={"recordings": {"worst": 1, "sound": False}})
    write_report(tmp_path / "report", data, entries, options, bar=no_bar)

    total = sum(labels.size for labels in data.labels)
    assert calls["predict_chunks"] == 3
    assert frames["predict_chunks"] == 3 * len(data)
    assert frames["apply"] == 3 * total
    assert frames["decode"] == 2 * 3 * total  # as recalibrated and, for the raw scores, as it was
