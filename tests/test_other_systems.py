"""What Unix alone has is not needed: a process from which it is hidden does all the same."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tiny

PACKAGE = Path(__file__).parent.parent / "bayes_a2m"

UNIX_MODULES = frozenset({"fcntl", "grp", "posix", "pwd", "resource", "syslog", "termios", "tty"})
"""Modules of the standard library that Windows lacks."""

UNIX_NAMES = frozenset(
    {
        *("chown", "fork", "geteuid", "getloadavg", "getpgid", "getuid", "killpg", "lchown"),
        *("mkfifo", "nice", "setsid", "sched_getaffinity", "uname", "wait3", "wait4", "waitid"),
        *("SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGQUIT", "SIGUSR1", "SIGUSR2", "alarm"),
    }
)
"""What Windows' ``os`` and ``signal`` lack."""

SCRIPT = """
import json, sys

hidden = {"grp", "pwd", "resource", "syslog", "termios"}
for name in hidden:
    sys.modules[name] = None  # importing it is an ImportError from here on

from bayes_a2m.cli.main import main

for arguments in json.loads(sys.argv[1]):
    sys.argv = ["bayes-a2m", *arguments]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
"""


@pytest.mark.slow
def test_it_trains_evaluates_and_reports_without_unix_modules(
    tiny_folder: Path, tmp_path: Path
) -> None:
    data = ("--data", str(tiny_folder))
    model, scores, page = (tmp_path / name for name in ("model", "scores.json", "report"))
    overrides = [part for one in (*tiny.SMALL, "training.epochs=1") for part in ("--set", one)]
    commands = [
        ["train", "crnn", *data, "--out", str(model), *overrides],
        ["evaluate", str(model), *data, "--json", str(scores)],
        ["report", str(model), *data, "--out", str(page)],
    ]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(commands)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    cost = json.loads(scores.read_text())["cost"]
    assert cost["peak_memory_mb"] is None
    assert cost["seconds_per_audio_second"] > 0
    assert (page / "index.html").is_file()


def test_here_it_does_measure_memory() -> None:
    pytest.importorskip("resource")
    from bayes_a2m.evaluation.cost import peak_memory_mb

    peak = peak_memory_mb()
    assert peak is not None
    assert 10 < peak < 1e6


def test_nothing_of_unix_is_imported_or_called_unguarded() -> None:
    found = {
        str(path.relative_to(PACKAGE)): names
        for path in sorted(PACKAGE.rglob("*.py"))
        if (names := unguarded(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert not found, "Windows has none of these"


def test_what_is_unguarded_is_found() -> None:
    source = "import fcntl\nfrom os import fork\nimport os, signal\nos.killpg(1, signal.SIGKILL)"
    assert unguarded(ast.parse(source)) == ["SIGKILL", "fcntl", "fork", "killpg"]
    for guarded in (
        "try:\n    import resource\nexcept ImportError:\n    resource = None",
        "if sys.platform == 'win32':\n    pass\nelse:\n    import fcntl",
        "def f():\n    if sys.platform == 'win32':\n        return\n    import fcntl",
        "if os.name != 'nt':\n    os.killpg(1, 2)",
    ):
        assert not unguarded(ast.parse(guarded)), guarded


def unguarded(tree: ast.AST) -> list[str]:
    """Unix-only modules and names of ``os`` and ``signal`` that no guard stands around.

    A ``try`` is one, and so is a question after the platform: its branches, and what follows it
    where one of them returns.
    """
    return sorted(set(_unguarded(tree)))


def _unguarded(tree: ast.AST) -> Iterator[str]:
    if isinstance(tree, ast.Try):
        yield from _of_block([*tree.orelse, *tree.finalbody])
    elif isinstance(tree, ast.Import):
        yield from {alias.name for alias in tree.names} & UNIX_MODULES
    elif isinstance(tree, ast.ImportFrom):
        yield from {tree.module or ""} & UNIX_MODULES
        if tree.module in ("os", "signal"):
            yield from {alias.name for alias in tree.names} & UNIX_NAMES
    elif isinstance(tree, ast.Attribute) and getattr(tree.value, "id", "") in ("os", "signal"):
        yield from {tree.attr} & UNIX_NAMES
    elif not _asks_platform(tree):
        for _, value in ast.iter_fields(tree):
            if isinstance(value, list):
                yield from _of_block([one for one in value if isinstance(one, ast.AST)])
            elif isinstance(value, ast.AST):
                yield from _unguarded(value)


def _of_block(statements: list[ast.AST]) -> Iterator[str]:
    for statement in statements:
        if _asks_platform(statement) and isinstance(statement.body[-1], ast.Return | ast.Raise):  # type: ignore[attr-defined]
            return
        yield from _unguarded(statement)


def _asks_platform(tree: ast.AST) -> bool:
    return isinstance(tree, ast.If) and any(
        word in ast.unparse(tree.test) for word in ("sys.platform", "os.name")
    )
