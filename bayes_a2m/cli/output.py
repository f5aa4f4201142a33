"""The output of a verb: results on stdout, remarks on stderr, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bayes_a2m.escape import encodable, printable

if TYPE_CHECKING:
    from bayes_a2m.files.record import Record

STANDARD_OUTPUT = Path("-")
"""The name of a JSON file that means standard output."""


@dataclass(frozen=True)
class Output:
    """The printing of a verb: what goes where.

    Attributes
    ----------
    quiet
        Print nothing but cautions, warnings and errors, and the JSON that is asked for.
    json_file
        The JSON file that is asked for; ``-`` is standard output, on which nothing else stands
        then.
    """

    quiet: bool = False
    json_file: Path | None = None

    @property
    def is_for_programs(self) -> bool:
        """Whether standard output is for JSON alone."""
        return self.json_file == STANDARD_OUTPUT

    @property
    def shows_progress(self) -> bool:
        """Whether bars may be shown: on a terminal, and where quiet is not asked for."""
        return not self.quiet and sys.stderr.isatty()

    def say(self, message: str) -> None:
        """Print a remark on a line of stderr."""
        if not self.quiet:
            self.warn(message)

    def warn(self, message: str) -> None:
        """Print a caution or a warning on a line of stderr, also where quiet is asked for."""
        typer.echo(printable(message), err=True)

    def echo(self, message: str) -> None:
        """Print a result on stdout."""
        if not self._silent:
            typer.echo(message)

    def table(self, title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table on stdout; whole lines where stdout is no terminal."""
        if self._silent:
            return
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table

        console = Console(highlight=False, markup=False, emoji=False)
        if not console.is_terminal:
            console.width = 200
        shown = Table(title=title, title_justify="left", box=SIMPLE_HEAD, title_style="bold")
        for i, name in enumerate(header):
            shown.add_column(printable(name), justify="left" if i == 0 else "right")
        for row in rows:
            shown.add_row(*map(printable, row))
        console.print(shown)

    @contextmanager
    def bar(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Show a bar for as long as the block lasts; call what it gives ``update(done, total)``.

        It is on stderr, gone when it is done, and absent from a pipe.
        """
        if not self.shows_progress:  # a bar that is not shown ends with an empty line in some rich
            yield lambda done, total: None
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description}", markup=False),  # a name may hold brackets
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(printable(what), total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)

    def write(self, record: Record | dict[str, Any]) -> None:
        """Write the JSON that is asked for, if it is: call it before tables are printed.

        Whoever reads the tables may go away; the file is there by then.
        """
        if self.json_file is None:
            return
        value = record if isinstance(record, dict) else record.to_dict()
        if self.is_for_programs:
            utf8 = (sys.stdout.encoding or "").lower().replace("-", "").replace("_", "") == "utf8"
            text = json.dumps(value, indent=2, ensure_ascii=not utf8, allow_nan=False)
            typer.echo(encodable(text))
        else:
            from bayes_a2m.files import write_json

            write_json(self.json_file, value)

    @property
    def _silent(self) -> bool:
        return self.quiet or self.is_for_programs
