"""Decisions of a person about suspicious recordings, in a file.

``decisions.json`` maps a recording's id to ``{"decision": "exclude" | "keep", "note": "..."}``.
The audit's page writes such a file; ``train --exclude FILE`` leaves out what it excludes, and
nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bayes_a2m.errors import InputError, suggest
from bayes_a2m.files.formats import read_versioned, write_versioned

FORMAT = 1
"""The version of the file."""

DECISIONS = ("exclude", "keep")


@dataclass(frozen=True)
class Decision:
    """A decision about one recording, and the reason."""

    decision: str
    note: str = ""

    def __post_init__(self) -> None:
        if self.decision not in DECISIONS:
            raise InputError(
                f"no decision called {self.decision!r}{suggest(self.decision, DECISIONS)}; "
                f"there are: {', '.join(DECISIONS)}"
            )


@dataclass(frozen=True)
class Decisions:
    """Decisions by recording."""

    by_id: Mapping[str, Decision] = field(default_factory=dict)

    @property
    def excluded(self) -> tuple[str, ...]:
        """The ids of the recordings to leave out."""
        return tuple(i for i, decision in self.by_id.items() if decision.decision == "exclude")

    def save(self, path: Path) -> None:
        """Write the file, atomically."""
        rows = {i: {"decision": d.decision, "note": d.note} for i, d in self.by_id.items()}
        write_versioned(path, {"decisions": rows}, FORMAT)

    @classmethod
    def load(cls, path: Path) -> Decisions:
        """Read the file.

        Raises
        ------
        InputError
            If it is missing, is no such file, or names a decision that there is not.
        """
        values = read_versioned(path, FORMAT)
        try:
            rows = values["decisions"]
            return cls(
                {
                    str(i): Decision(str(row["decision"]), str(row.get("note", "")))
                    for i, row in rows.items()
                }
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path}: not a file of decisions; the page of 'bayes-a2m audit' writes one"
            ) from error
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
