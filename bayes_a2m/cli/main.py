"""The ``bayes-a2m`` command: verbs, errors as one line, exit codes.

====  ====================================================================================
0     it is done
1     a check found problems, or a part of the work failed; or a fault of the program
2     bad input or arguments, no permission, no room on the disk
130   interrupted (Ctrl-C, SIGINT); 143: terminated (SIGTERM); 129: the terminal went away
141   whoever read the output went away (``| head``)
====  ====================================================================================

What is needed to run a verb is imported when the command runs, after signals are caught.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import TYPE_CHECKING, Any

from bayes_a2m.cli.examples import copyable
from bayes_a2m.cli.leaving import leave
from bayes_a2m.cli.signals import Signals, Terminated
from bayes_a2m.errors import InputError
from bayes_a2m.escape import printable

if TYPE_CHECKING:
    import typer
    from typer.core import TyperCommand


def make_app() -> typer.Typer:
    """The command with all its verbs."""
    import typer

    from bayes_a2m.cli.audit import audit
    from bayes_a2m.cli.compare import Versus, compare
    from bayes_a2m.cli.demo import demo
    from bayes_a2m.cli.evaluate import evaluate
    from bayes_a2m.cli.export import export
    from bayes_a2m.cli.features import features
    from bayes_a2m.cli.listing import ListsExperiments, ListsStudies
    from bayes_a2m.cli.networks import networks
    from bayes_a2m.cli.plot import plot
    from bayes_a2m.cli.report import report
    from bayes_a2m.cli.run import run
    from bayes_a2m.cli.store import store
    from bayes_a2m.cli.synth import synth
    from bayes_a2m.cli.train import train
    from bayes_a2m.cli.transcribe import transcribe
    from bayes_a2m.cli.tune import tune
    from bayes_a2m.cli.verify import verify

    app = typer.Typer(
        name="bayes-a2m",
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    def version(wanted: bool) -> None:
        if wanted:
            from bayes_a2m.version import __version__

            typer.echo(f"bayes-a2m {__version__}")
            raise typer.Exit

    @app.callback()
    def options(
        debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
        threads: int = typer.Option(
            0, "--threads", min=0, help="Processor threads to use; 0: as many as there are."
        ),
        shown: bool = typer.Option(
            False, "--version", callback=version, is_eager=True, help="Show the version and leave."
        ),
    ) -> None:
        """Audio to MIDI, with probabilities that can be believed.

        A folder of recordings and their MIDI becomes a model; the model turns a new recording
        into notes and says how sure each frame is.

        Examples:

            bayes-a2m verify recordings

            bayes-a2m train crnn --data recordings --out models/crnn

            bayes-a2m transcribe song.wav -m models/crnn

            bayes-a2m run one_vs_two_stage --data recordings
        """
        if threads:
            os.environ["OMP_NUM_THREADS"] = str(threads)

    verbs = (demo, synth, verify, plot, features, train, evaluate, compare, report, audit)
    special: dict[Callable[..., Any], type[TyperCommand]] = {
        compare: Versus,
        train: ListsExperiments,
        audit: ListsExperiments,
        tune: ListsExperiments,
        run: ListsStudies,
    }
    for verb in (*verbs, run, tune, networks, store, export, transcribe):
        app.command(cls=special.get(verb))(_interruptible(verb))
    return app


def _interruptible(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Let a verb's KeyboardInterrupt through with its notes: typer makes a mere exit code of it."""

    @wraps(verb)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return verb(*arguments, **options)
        except KeyboardInterrupt as error:
            ended = Terminated()
            for note in getattr(error, "__notes__", []):
                ended.add_note(note)
            raise ended from error

    run.__doc__ = copyable(verb.__doc__ or "")
    return run


def main() -> None:
    """Run the command; every failure is one line on stderr and an exit code."""
    arguments = sys.argv[1:] or ["--help"]
    debug = "--debug" in arguments
    if debug:  # wherever it stands on the line
        arguments = ["--debug", *(a for a in arguments if a != "--debug")]
    signals = Signals()
    code, words = 0, ""
    try:
        with signals.raised(), _log_on_stderr():
            from bayes_a2m.cli.console import use_any_code_page

            use_any_code_page()
            code = _run(arguments)
            if code and code == signals.code:  # outside of a verb typer makes a mere code of it
                words = signals.words
    except BaseException as error:
        if debug and not isinstance(error, SystemExit):
            raise
        code, words = _explained(error, signals)
    code = _told(code, words)
    if signals.received is not None:
        leave(code)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    """Run a verb; the exit code."""
    from bayes_a2m.cli import light

    if light.serves(arguments):
        return light.run(arguments)
    code = make_app()(arguments, prog_name="bayes-a2m", standalone_mode=False)
    sys.stdout.flush()
    return code or 0


def _explained(error: BaseException, signals: Signals) -> tuple[int, str]:
    """The exit code for what ended the command, and what to say of it."""
    # libraries turn what a signal raises into errors of their own
    if signals.code is not None or isinstance(error, KeyboardInterrupt | Terminated):
        return signals.code or 130, _noted(error, signals.words)
    # click and rich leave with 1 where the reader of the output went away
    if isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError):
        return 141, ""
    if isinstance(error, SystemExit):
        return (error.code, "") if isinstance(error.code, int) else (0, str(error.code or ""))
    if type(error).__name__ == "Abort":  # a question that was not answered
        return 130, "interrupted"
    if isinstance(error, InputError):
        return 2, _noted(error, str(error))
    # a wrong option or argument: typer has click's exceptions, under its own or click's roof
    message = getattr(error, "format_message", None)
    if message is not None:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "bayes-a2m"
        return 2, f"{message()} ({command} --help shows what there is)"
    return _of_the_system(error) or (1, _unexpected(error))


def _of_the_system(error: BaseException) -> tuple[int, str] | None:
    """What to say where the disk, the memory or a permission is at fault; None elsewhere."""
    if isinstance(error, MemoryError):
        return 2, "there is not enough memory for this; give it less at once, or more memory"
    if isinstance(error, OSError) and error.strerror:
        from bayes_a2m.files.atomic import FULL

        where = f"{error.filename}: " if error.filename else ""
        mend = "make room on the disk, or name another place"
        words = f"{where}{error.strerror}{f'; {mend}' if error.errno in FULL else ''}"
        return 2, _noted(error, words)
    return None


def _noted(error: BaseException, words: str) -> str:
    """What to say, with what was noted on the way: what was kept, and how to go on."""
    return "; ".join([words, *getattr(error, "__notes__", [])])


def _unexpected(error: BaseException) -> str:
    reason = " ".join(str(error).split())[:300]
    hint = "run again with --debug and report the traceback"
    return f"unexpected {type(error).__name__}: {reason}; {hint}"


def _told(code: int, words: str) -> int:
    """Say what is wrong, on one line; the exit code, 141 where nobody listens any more."""
    try:
        if words:
            sys.stderr.write(printable(f"bayes-a2m: {' '.join(words.split())}") + "\n")
        sys.stderr.flush()
        sys.stdout.flush()
    except (BrokenPipeError, ValueError):
        code = code or 141
    except OSError as error:  # the output is a file on a full disk
        with suppress(OSError):
            os.write(2, f"bayes-a2m: the output cannot be written ({error.strerror})\n".encode())
        code = 2
    if code in (2, 141):
        _deafen()
    return code


def _deafen() -> None:
    """Let Python write what is left of the output into nothing, and not complain at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def _log_on_stderr() -> Iterator[None]:
    """Show what the package's log says, a line each."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("bayes-a2m: %(message)s"))
    logger = logging.getLogger("bayes_a2m")
    logger.addHandler(handler)
    propagate, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate
