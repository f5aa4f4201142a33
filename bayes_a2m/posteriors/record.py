"""The record of how a training went."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingRecord:
    """The record of a training: a CSV of its steps, and the seconds it took.

    Attributes
    ----------
    log
        CSV text: one row an epoch, or, for baselines, one row for every choice that was considered.
    seconds
        The wall-clock time that it took.
    """

    log: str = ""
    seconds: float = 0.0

    def to_words(self) -> dict[str, str]:
        """Convert to words that may stand in a file beside tensors."""
        return {"log": self.log, "seconds": str(self.seconds)}

    @classmethod
    def of_words(cls, words: Mapping[str, str]) -> TrainingRecord:
        """Restore from what :meth:`to_words` gave.

        Raises
        ------
        KeyError, ValueError
            If a word is missing, no number of seconds, or no log.
        """
        return cls.of_log(words["log"], float(words["seconds"]))

    @classmethod
    def of_log(cls, log: str, seconds: float) -> TrainingRecord:
        """Restore from the text of a log, which somebody may have changed.

        Raises
        ------
        ValueError
            If a row has other columns than the header, or a value of an epoch is no number.
        """
        header, *rows = list(csv.reader(io.StringIO(log), strict=True)) or [[]]
        for number, row in enumerate(rows, start=2):
            if len(row) != len(header):
                raise ValueError(f"line {number} has {len(row)} columns, the header {len(header)}")
            if header[0] == "epoch":
                int(float(row[0]))
                for value in row[1:]:
                    float(value)
        return cls(log, seconds)

    def then(self, later: TrainingRecord) -> TrainingRecord:
        """Join this training and a later one that went on from it, with epochs counted through."""
        if not self.log or not later.log:
            return TrainingRecord(self.log or later.log, self.seconds + later.seconds)
        header, *rows = self.log.splitlines()
        _, *later_rows = later.log.splitlines()
        shifted = []
        for row in later_rows:
            epoch, _, rest = row.partition(",")
            shifted.append(f"{int(float(epoch)) + len(rows)},{rest}")
        log = "\n".join([header, *rows, *shifted]) + "\n"
        return TrainingRecord(log, self.seconds + later.seconds)
