"""A folder that a verb writes into, in which people may keep their own files, too.

One rule holds for all verbs. What a verb wrote into a folder is remembered there in a
:class:`~bayes_a2m.files.manifest.Manifest`; it replaces only that, and only if it was not changed
since; it refuses, in a line that names the file, to replace anything else, unless it is forced to;
and it removes nothing else, ever.

Files are made in a temporary folder and moved when all are there. A process that is killed while
they are moved leaves the rest of them, and a list, so that the next one moves the rest.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bayes_a2m.errors import InputError
from bayes_a2m.files.atomic import (
    FULL,
    atomic_path,
    cannot_write,
    linked,
    made_parents,
    told_as,
    write_text,
)
from bayes_a2m.files.lock import locked
from bayes_a2m.files.manifest import CODING, HEADER, Manifest
from bayes_a2m.files.reading import read_text
from bayes_a2m.files.temporary import leftovers, remove, temporary_folder

READY = "ready.json"
"""The file in a temporary folder that says that all is there and may be moved."""

NEW = "new"
"""The folder in a temporary folder whose files are to be moved."""

_log = logging.getLogger(__name__)


class OutputFolder:
    """A folder that a verb writes into.

    Parameters
    ----------
    path
        The folder; it need not be there yet. A link to a folder is followed.
    verb
        Who writes: a verb replaces what it wrote itself, and not what other verbs wrote.
    force
        Whether files of others may be replaced. They are never removed.
    beside
        Names that may stand in the folder although this verb did not write them. Where a tuple is
        given, the verb wants the folder for itself: it does not begin to write among the files of
        somebody else. None: it writes among them, as long as it need not replace any.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "out"
    >>> output = OutputFolder(folder, "report")
    >>> with output.replacing() as new:
    ...     _ = (new / "index.html").write_text("page")
    >>> _ = (folder / "index.html").write_text("changed by hand")
    >>> output.check(["index.html"])
    Traceback (most recent call last):
    bayes_a2m.errors.InputError: ...index.html: is there already and not as bayes-a2m report wrote
    it; move it away, name another folder, or give --force
    """

    def __init__(
        self,
        path: Path,
        verb: str,
        *,
        force: bool = False,
        beside: tuple[str, ...] | None = None,
    ) -> None:
        self.name = path
        self.path = linked(path)
        self.verb = verb
        self.force = force
        self.beside = beside
        self._locks = 0

    @property
    def manifest_name(self) -> str:
        """Name of the file in which this verb's files are listed."""
        return f".bayes-a2m-{self.verb}.sha256"

    def manifest(self) -> Manifest:
        """The files that the verb wrote there earlier."""
        return Manifest.read(self.path / self.manifest_name)

    def check(self, names: Iterable[str] = ()) -> None:
        """Refuse what could not be written, before any work is done.

        Parameters
        ----------
        names
            Files that will be written for certain.

        Raises
        ------
        InputError
            If the path is no folder, cannot be written to, or holds something that the verb did
            not write and would have to replace.
        """
        try:
            if not os.path.lexists(self.path):
                self._check_parent()
                return
            if not self.path.is_dir():
                raise InputError(f"{self.name}: is no folder; name a folder to write to")
            if not _may_write(self.path):
                raise InputError(f"{self.name}: cannot write there (Permission denied)")
            self._check_stranger()
            self._refuse(names, self.manifest())
        except OSError as error:
            raise cannot_write(self.name, error) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Let no other process write there; wait for one that does.

        What killed processes left is finished or removed. May be nested.

        Raises
        ------
        InputError
            If the lock cannot be made.
        """
        if self._locks:
            yield
            return
        try:
            with made_parents(self.path), locked(self.path):
                self._locks += 1
                try:
                    self._recover()
                    yield
                finally:
                    self._locks -= 1
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise cannot_write(self.name, error) from error

    @contextmanager
    def replacing(self) -> Iterator[Path]:
        """A temporary folder whose files take the place of all that the verb wrote earlier.

        If the block raises, the folder is as it was.

        Raises
        ------
        InputError
            As :meth:`check`, or if there is no room.
        """
        with self._staged(replaces=True) as new:
            yield new

    @contextmanager
    def adding(self) -> Iterator[Path]:
        """A temporary folder whose files come beside those that the verb wrote earlier.

        If the block raises, the folder is as it was.

        Raises
        ------
        InputError
            As :meth:`check`, or if there is no room.
        """
        with self._staged(replaces=False) as new:
            yield new

    @contextmanager
    def _staged(self, *, replaces: bool) -> Iterator[Path]:
        with self.lock():
            self.check()
            # within the folder where there is one: its parent may be another disk
            parent = self.path if self.path.is_dir() else self.path.parent
            with temporary_folder(self.path, parent) as beside:
                new = beside / NEW
                new.mkdir()
                with told_as(self.name, new):
                    yield new
                self._publish(beside, replaces)

    def _publish(self, beside: Path, replaces: bool) -> None:
        """Move what was made to where it belongs."""
        new = beside / NEW
        names = files_in(new)
        written = Manifest.of_files(new, names)
        if not os.path.lexists(self.path):
            written.write(new / self.manifest_name)
            write_text(beside / READY, json.dumps({"verb": self.verb, "obsolete": []}))
            new.rename(self.path)
            return
        earlier = self.manifest()
        self._refuse(names, earlier)
        obsolete = sorted(set(earlier.hashes) - set(names)) if replaces else []
        if replaces:
            earlier.and_also(written).write(self.path / self.manifest_name)
        else:
            self._append(written, earlier)
        write_text(beside / READY, json.dumps({"verb": self.verb, "obsolete": obsolete}))
        try:
            self._move(new, obsolete)
        except BaseException:  # interrupted half way, the folder would be neither old nor new
            self._move(new, obsolete)
            raise

    def _move(self, new: Path, obsolete: Iterable[str]) -> None:
        """Move files into the folder, and remove those of the verb that have become obsolete.

        Moving again what was moved already changes nothing.
        """
        known = self.manifest()
        for name in files_in(new):
            target = linked(self.path / name)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                (new / name).replace(target)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                with atomic_path(target) as temporary:  # a link to another disk
                    shutil.copyfile(new / name, temporary)
        kept = dict(known.hashes)
        for name in obsolete:
            if self._removable(name, known):
                (self.path / name).unlink()
                self._prune((self.path / name).parent)
            kept.pop(name, None)
        if obsolete or any(len(digests) > 1 for digests in kept.values()):
            latest = Manifest({name: digests[-1:] for name, digests in kept.items()})
            latest.write(self.path / self.manifest_name)

    def _append(self, written: Manifest, earlier: Manifest) -> None:
        """Add what is new to the manifest, which may be long, without writing it anew."""
        path = self.path / self.manifest_name
        known = earlier.hashes
        new = {n: d for n, d in written.hashes.items() if known.get(n, ())[-1:] != d}
        if not new:
            return
        # a line that a killed process left unfinished is ended first
        start = "\n" if path.is_file() else f"{HEADER}\n"
        with path.open("ab") as file:
            file.write((start + "\n".join(Manifest(new).lines()) + "\n").encode(*CODING))

    def _recover(self) -> None:
        """Finish what a killed process had begun to move; remove what it had not finished."""
        within = leftovers(self.path, self.path) if self.path.is_dir() else []
        within += leftovers(self.path / self.manifest_name)
        for beside in (*leftovers(self.path), *within):
            ready = _ready(beside / READY)
            if ready is not None:
                verb, obsolete = ready
                new = beside / NEW
                if new.is_dir() and not os.path.lexists(self.path):
                    new.rename(self.path)
                elif new.is_dir():
                    OutputFolder(self.path, verb)._finish(new, obsolete)
                shutil.rmtree(beside, ignore_errors=True)
                _log.warning("%s: finished what an interrupted run had begun to write", self.name)
            else:
                remove(beside)

    def _finish(self, new: Path, obsolete: Iterable[str]) -> None:
        """Move the rest, but replace nothing that has become somebody's."""
        known = self.manifest()
        for name in files_in(new):
            if os.path.lexists(self.path / name) and not known.owns(self.path, name):
                (new / name).unlink()
        self._move(new, obsolete)

    def _refuse(self, names: Iterable[str], known: Manifest) -> None:
        """Refuse to replace what the verb did not write."""
        for name in names:
            path = self.path / name
            for above in reversed(path.relative_to(self.path).parents[:-1]):
                if (self.path / above).exists() and not (self.path / above).is_dir():
                    raise InputError(
                        f"{self.name / above}: is there already, and a folder has to stand there; "
                        "move it away, or name another folder"
                    )
            if not os.path.lexists(path):
                continue
            if path.is_dir():
                raise InputError(
                    f"{self.name / name}: is a folder, and a file has to stand there; move it "
                    "away, or name another folder"
                )
            if not self.force and not known.owns(self.path, name):
                own = "and not as" if name in known.hashes else "and not what"
                raise InputError(
                    f"{self.name / name}: is there already {own} bayes-a2m {self.verb} wrote"
                    f"{' it' if name in known.hashes else ''}; move it away, name another folder, "
                    f"or give --force{self._of_0_1_0()}"
                )

    def _check_parent(self) -> None:
        """Refuse a folder that could not be made."""
        above = self.path.parent
        while not os.path.lexists(above) and above != above.parent:
            above = above.parent
        if not above.is_dir():
            raise InputError(f"{self.name}: cannot be made there ({above} is no folder)")
        if not _may_write(above):
            raise InputError(f"{self.name}: cannot write there (Permission denied)")

    def _check_stranger(self) -> None:
        """Refuse to begin among the files of somebody else, where the verb wants to be alone."""
        if self.beside is None or self.force or (self.path / self.manifest_name).is_file():
            return
        for entry in sorted(self.path.iterdir()):
            if entry.name not in self.beside and not entry.name.startswith("."):
                raise InputError(
                    f"{self.name / entry.name}: is there already and not what bayes-a2m "
                    f"{self.verb} wrote; name another folder or an empty one, or give --force to "
                    f"write beside it{self._of_0_1_0()}"
                )

    def _of_0_1_0(self) -> str:
        """What to say of --force where there is no list of what was written."""
        if (self.path / self.manifest_name).is_file():
            return ""
        return " (right where version 0.1.0 wrote it, which kept no list of its files)"

    def _removable(self, name: str, known: Manifest) -> bool:
        """Whether an obsolete file is the verb's, unchanged, and really within the folder."""
        path = self.path / name
        within = Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(self.path))
        return within and not path.is_symlink() and known.owns(self.path, name)

    def _prune(self, folder: Path) -> None:
        """Remove the folders above a file that was removed, where nothing is left in them."""
        with suppress(OSError):
            while folder != self.path:
                folder.rmdir()
                folder = folder.parent


def files_in(folder: Path) -> list[str]:
    """Every file below a folder, relative to it, with slashes, ascending."""
    return sorted(
        (Path(parent) / name).relative_to(folder).as_posix()
        for parent, _, names in os.walk(folder)
        for name in names
    )


def _ready(path: Path) -> tuple[str, list[str]] | None:
    """Which verb was about to move its files, and which were obsolete; None: not all was there."""
    try:
        found = json.loads(read_text(path, "JSON"))
        verb, names = found["verb"], list(found["obsolete"])
        if all(isinstance(word, str) for word in (verb, *names)):
            return verb, names
    except (InputError, ValueError, TypeError, KeyError):
        pass
    return None


def _may_write(folder: Path) -> bool:
    """Whether this process may add files, in the name that it acts in."""
    effective = os.access in os.supports_effective_ids
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=effective)
