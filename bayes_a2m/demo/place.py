"""The folder of a demo, written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bayes_a2m.errors import InputError
from bayes_a2m.files import OutputFolder

RECORD = "demo.json"
"""The file by which a demo is known again."""

MADE_BY = "bayes-a2m demo"


@contextmanager
def building(out: Path, *, force: bool = False) -> Iterator[Path]:
    """A folder beside ``out`` whose files take the place of an earlier demo's when all went well.

    If the block raises, or is interrupted, the folder is removed and ``out`` is as it was.

    Raises
    ------
    InputError
        If ``out`` is a file, a folder that somebody works in, or one with files that no demo
        made; or if the folder cannot be made.
    """
    here = Path.cwd().resolve()
    if out.is_dir() and out.resolve() in (here, *here.parents):
        raise InputError(f"{out}: is the folder you are in; give another --out")
    with OutputFolder(out, "demo", force=force, beside=()).replacing() as folder:
        yield folder
