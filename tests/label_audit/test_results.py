"""The findings of an audit as its record holds them."""

from __future__ import annotations

import numpy as np

from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.label_audit.results import audit_labels
from bayes_a2m.music import Note, Vocabulary
from tests.label_audit.labels import GRID
from tests.label_audit.test_suspects import PLAIN, labels_with, prediction


def test_the_record_names_classes_and_keeps_the_words_of_the_file() -> None:
    samples = np.zeros(64000, dtype=np.float32)
    notes = (Note(0.5, 1.0, 60),)
    recordings = tuple(
        Recording(name, samples=samples, sample_rate=16000, notes=notes) for name in ("1", "2")
    )
    predictions = [
        prediction("1", PLAIN, PLAIN),
        prediction("2", PLAIN, labels_with(240, 340, 1)),
    ]
    findings = audit_labels(Dataset(recordings, Vocabulary()), GRID, predictions, None)
    first = findings.to_dict()["suspects"][0]
    assert (first["rank"], first["id"], first["cause"], first["lag"]) == (
        1,
        "2",
        "wrong pitch",
        None,
    )
    (stretch,) = [s for s in first["stretches"] if s["kind"] == "wrong pitch"]
    assert (stretch["label"], stretch["heard"]) == ("C4", "E4")
    assert stretch["evidence"] > 40
    assert findings.suspects[0].segments[0].log_ratio == first["stretches"][0]["evidence"]
