"""``metadata.csv``: its table, ids and splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from bayes_a2m.datasets.folder import COLUMNS
from bayes_a2m.datasets.splits import SHARES
from bayes_a2m.datasets.verify.files import Files, same_number
from bayes_a2m.datasets.verify.problem import Code, Level, Problem
from bayes_a2m.errors import InputError, suggest
from bayes_a2m.files import is_given
from bayes_a2m.files.csv import read_csv


def metadata_in(path: Path, files: Files) -> tuple[dict[str, dict[str, str]] | None, list[Problem]]:
    """Rows of ``metadata.csv`` by id, None where there is no such table, and what is wrong."""
    if not is_given(path):
        return None, []
    problems: list[Problem] = []

    def complain(level: Level, code: Code, text: str) -> None:
        problems.append(Problem(level, path.name, code, text))

    try:
        lines = read_csv(path)
    except InputError as error:
        complain("error", "metadata-csv", str(error).removeprefix(f"{path}: "))
        return None, problems
    header = lines[0][1] if lines else []
    for name in header:
        if name not in COLUMNS:
            complain("error", "metadata-csv", f"unknown column {name!r}{suggest(name, COLUMNS)}")
    for name in sorted({n for n in header if header.count(n) > 1}):
        complain("error", "metadata-csv", f"column {name!r} is given twice")
    if "id" not in header:
        text = "the first line must name the columns, separated by commas, among them 'id'"
        complain("error", "metadata-csv", text)
        return None, problems

    table: dict[str, dict[str, str]] = {}
    for number, cells in lines[1:]:
        if any(cells[len(header) :]):
            text = f"line {number} has {len(cells)} cells where the first line names {len(header)}"
            complain("error", "metadata-csv", text)
        row = dict(zip(header, cells, strict=False))
        id_ = row.get("id", "")
        if not id_:
            complain("error", "metadata-csv", f"line {number} has no id")
        elif id_ in table:
            complain("error", "metadata-csv", f"line {number}: id {id_} is given twice")
        else:
            table[id_] = row
            if id_ not in files.sounds and id_ not in files.midis:
                near = same_number(id_, files.ids)
                hint = f" (did you mean {near}?)" if near else "; correct or remove the row"
                text = f"line {number}: no recording with id {id_}{hint}"
                complain("error", "unknown-id", text)
    _check_splits(table, complain)
    return table, problems


def _check_splits(
    table: Mapping[str, Mapping[str, str]], complain: Callable[[Level, Code, str], None]
) -> None:
    """Unknown names of splits, rows without one, and takes that lie in several."""
    split_of = {id_: row.get("split", "") for id_, row in table.items()}
    for name in dict.fromkeys(s for s in split_of.values() if s and s not in SHARES):
        some = ", ".join([i for i, s in split_of.items() if s == name][:3])
        text = (
            f"split {name!r} (of {some}) is none of {', '.join(SHARES)}{suggest(name, SHARES)}: "
            "it is used only where it is asked for by name"
        )
        complain("warning", "unknown-split", text)
    without = [i for i, s in split_of.items() if not s]
    if without and len(without) < len(split_of):
        text = (
            f"{len(without)} rows name no split (the first: {without[0]}) where others do: "
            "these recordings belong to none"
        )
        complain("warning", "no-split", text)
    takes: dict[str, Counter[str]] = {}
    for id_, row in table.items():
        if row.get("take") and split_of[id_]:
            takes.setdefault(row["take"], Counter())[split_of[id_]] += 1
    for take, parts in takes.items():
        if len(parts) > 1:
            where = ", ".join(f"{name} {count}" for name, count in parts.items())
            text = f"take {take!r} lies in several splits ({where}): scores will flatter"
            complain("warning", "take-in-several-splits", text)
