"""Which recordings the pretrained model calls unlike what it knows.

    OMP_NUM_THREADS=1 python experiments/benchmarks/pretrained_novelty.py --data VOICES \
        --real REAL_VOICES --json reports/pretrained/novelty.json

All recordings of VOICES by condition, and clips of REAL_VOICES by source. Of a recording unlike
those that were learned from, no promise is made and every note is doubtful; so what the model does
badly should be among them, and what it does well should not.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from pathlib import Path

from bayes_a2m.datasets import Recording, load_folder
from bayes_a2m.models import load_model

SOURCES = {
    "solfege by amateurs (SSVD)": "ssvd_",
    "songs with lyrics (PJS)": "pjs",
    "songs with lyrics (vocadito)": "vocadito_",
    "read speech (laryngograph)": "fda_",
    "negatives": "neg_",
}
"""Sources of clips, and how their ids begin."""


def groups(voices: Path, real: Path) -> Iterator[tuple[str, Recording]]:
    """Every recording with the group that it counts in."""
    for recording in load_folder(voices):
        yield f"three pitches, {recording.condition}", recording
    with (real / "index.csv").open(encoding="utf-8") as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    for name, start in SOURCES.items():
        for one in ids:
            if one.startswith(start):
                yield name, Recording(one, path=real / "audio" / f"{one}.flac")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--model", default="pretrained")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    model = load_model(given.model)
    found: dict[str, dict[str, int]] = {}
    for group, recording in groups(given.data, given.real):
        counts = found.setdefault(group, {"recordings": 0, "sound_unlike": 0, "differ": 0})
        said = model.unlike(recording)
        counts["recordings"] += 1
        counts["sound_unlike"] += any("sounds unlike" in phrase for phrase in said)
        counts["differ"] += bool(said)
    print("| | recordings | sound unlike what was learned from | differ in any way |")
    print("|---|---|---|---|")
    for group, counts in found.items():
        print(f"| {group} | {' | '.join(map(str, counts.values()))} |")
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
