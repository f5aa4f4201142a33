"""The labels that predictions were made beside, compared with those they are judged by.

A file of predictions may hold the labels of its frames. Where they are not those of the folder, the
predictions are of other recordings of the same names, of another version of the labels, or of
another clock, and no score says anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.prediction.netcdf import arranged
from bayes_a2m.prediction.netcdf_files import read_netcdf


@dataclass(frozen=True)
class LabelComparison:
    """Stored labels against a folder's.

    Attributes
    ----------
    recordings, frames
        How many were compared: 0 where none are stored.
    different
        Frames whose labels differ.
    worst
        The recording of which the largest share differs, "" where none does.
    worst_share
        That share.
    """

    recordings: int
    frames: int
    different: int
    worst: str = ""
    worst_share: float = 0.0

    @property
    def share(self) -> float:
        """Share of the compared frames whose labels differ."""
        return self.different / self.frames if self.frames else 0.0

    @property
    def cautions(self) -> tuple[str, ...]:
        """The cautions to print, in sentences; none where all labels are the same."""
        if not self.frames:
            return (
                "Its file holds no labels, so whether it was made from these recordings and labels "
                "is not known.",
            )
        if not self.different:
            return ()
        return (
            f"Its file holds labels that differ from the folder's in {100 * self.share:.1f} % of "
            f"{self.frames:,} frames, most in recording {self.worst} "
            f"({100 * self.worst_share:.0f} %): it was made beside other labels.",
        )


def compare_stored_labels(source: Path, data: Dataset) -> LabelComparison:
    """Compare the labels that a file of predictions holds with those of recordings, by their ids.

    Parameters
    ----------
    source
        The file.
    data
        The recordings to compare.

    Raises
    ------
    InputError
        If the file is missing or holds no predictions.
    """
    stored, facts = arranged(read_netcdf(source), str(source))
    if "label" not in stored:
        return LabelComparison(0, 0, 0)
    labels = stored["label"].transpose("recording", "frame").values
    place = {name: i for i, name in enumerate(facts.ids)}
    recordings = frames = different = 0
    worst, worst_share = "", 0.0
    for recording in data:
        if recording.id not in place:
            continue
        truth = recording.labels(facts.grid, data.vocabulary)
        own = labels[place[recording.id], : len(truth)]
        stated = own >= 0
        count = int(stated.sum())
        wrong = int((own != truth[: len(own)])[stated].sum())
        recordings += bool(count)
        frames += count
        different += wrong
        if count and wrong / count > worst_share:
            worst, worst_share = recording.id, wrong / count
    return LabelComparison(recordings, frames, different, worst, worst_share)
