"""The ``bayes-a2m`` command: verbs, errors as one line, exit codes."""

from __future__ import annotations

import os
import sys

import typer

from bayes_a2m.cli.audit import audit
from bayes_a2m.cli.compare import Versus, compare
from bayes_a2m.cli.console import use_any_code_page
from bayes_a2m.cli.demo import demo
from bayes_a2m.cli.evaluate import evaluate
from bayes_a2m.cli.features import features
from bayes_a2m.cli.plot import plot
from bayes_a2m.cli.report import report
from bayes_a2m.cli.run import run
from bayes_a2m.cli.synth import synth
from bayes_a2m.cli.train import train
from bayes_a2m.cli.transcribe import transcribe
from bayes_a2m.cli.verify import verify
from bayes_a2m.errors import InputError
from bayes_a2m.escape import printable


def make_app() -> typer.Typer:
    """The command with all its verbs."""
    app = typer.Typer(
        name="bayes-a2m",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def options(
        debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
        threads: int = typer.Option(
            0, "--threads", min=0, help="Processor threads to use; 0: as many as there are."
        ),
    ) -> None:
        """Audio to MIDI, with probabilities that can be believed.

        A folder of recordings and their MIDI becomes a model; the model turns a new recording
        into notes and says how sure each frame is.

        Examples:

            bayes-a2m verify recordings

            bayes-a2m train crnn --data recordings --out models/crnn

            bayes-a2m transcribe models/crnn song.wav -o notes

            bayes-a2m run one_vs_two_stage --data recordings
        """
        if threads:
            os.environ["OMP_NUM_THREADS"] = str(threads)

    verbs = (demo, synth, verify, plot, features, train, evaluate, compare, report, audit)
    for verb in (*verbs, run, transcribe):
        app.command(cls=Versus if verb is compare else None)(verb)
    return app


def main() -> None:
    """Run the command; every failure is one line on stderr and an exit code."""
    use_any_code_page()
    arguments = sys.argv[1:] or ["--help"]
    debug = "--debug" in arguments
    if debug:  # wherever it stands on the line
        arguments = ["--debug", *(a for a in arguments if a != "--debug")]
    try:
        code = make_app()(arguments, prog_name="bayes-a2m", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        if debug:
            raise
        _fail("interrupted", 130)
    except BrokenPipeError:
        # the reader went away (| head): no complaint, and none from Python at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if debug:
            raise
        _fail(*_explained(error))
    sys.exit(code or 0)


def _explained(error: Exception) -> tuple[str, int]:
    """What to say of an error, and the exit code."""
    if isinstance(error, InputError):
        return str(error), 2
    # a wrong option or argument: typer has click's exceptions, under its own or click's roof
    message = getattr(error, "format_message", None)
    if message is not None:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "bayes-a2m"
        return f"{message()} ({command} --help shows what there is)", 2
    reason = " ".join(str(error).split())[:300]
    hint = "run again with --debug and report the traceback"
    return f"unexpected {type(error).__name__}: {reason}; {hint}", 1


def _fail(message: str, code: int) -> None:
    """Say what is wrong, on one line, and leave."""
    typer.echo(printable(f"bayes-a2m: {' '.join(message.split())}"), err=True)
    sys.exit(code)
