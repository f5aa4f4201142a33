"""How a training went."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingRecord:
    """How a training went: a CSV of its steps, and the seconds it took.

    Attributes
    ----------
    log
        A row an epoch; of baselines, a row a choice that was considered.
    seconds
        Of wall-clock time.
    """

    log: str = ""
    seconds: float = 0.0

    def then(self, later: TrainingRecord) -> TrainingRecord:
        """This training and a later one that went on from it, epochs counted through."""
        if not self.log or not later.log:
            return TrainingRecord(self.log or later.log, self.seconds + later.seconds)
        header, *first = self.log.splitlines()
        _, *second = later.log.splitlines()
        shifted = []
        for row in second:
            epoch, _, rest = row.partition(",")
            shifted.append(f"{int(float(epoch)) + len(first)},{rest}")
        log = "\n".join([header, *first, *shifted]) + "\n"
        return TrainingRecord(log, self.seconds + later.seconds)
