"""Commands whose help ends with the experiments or the studies that ship, read when it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from typer.core import TyperCommand


class ListsExperiments(TyperCommand):
    """A command that takes the name of an experiment."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the names of the experiments that ship."""
        from bayes_a2m.config.experiment import shipped

        _write(formatter, "Experiments", shipped())


class ListsStudies(TyperCommand):
    """A command that takes the name of a study."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the names of the studies that ship."""
        from bayes_a2m.config.yaml_files import is_study, shipped_files

        _write(formatter, "Studies", (n for n, path in shipped_files().items() if is_study(path)))


def _write(formatter: Any, heading: str, names: Iterable[str]) -> None:
    with formatter.section(heading):
        formatter.write_text(", ".join(names))
