"""The ``bayes-a2m`` command: verbs, errors as one line, exit codes."""

from __future__ import annotations

import os
import sys

import typer

from bayes_a2m.cli.evaluate import evaluate
from bayes_a2m.cli.features import features
from bayes_a2m.cli.plot import plot
from bayes_a2m.cli.train import train
from bayes_a2m.cli.transcribe import transcribe
from bayes_a2m.cli.verify import verify
from bayes_a2m.errors import InputError


def make_app() -> typer.Typer:
    """The command with all its verbs."""
    app = typer.Typer(
        name="bayes-a2m",
        no_args_is_help=True,
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
        """
        if threads:
            os.environ["OMP_NUM_THREADS"] = str(threads)

    for verb in (verify, plot, features, train, evaluate, transcribe):
        app.command()(verb)
    return app


def main() -> None:
    """Run the command; every expected failure is one line on stderr."""
    debug = "--debug" in sys.argv[1:]
    if debug:  # wherever it stands on the line
        sys.argv = [sys.argv[0], "--debug", *(a for a in sys.argv[1:] if a != "--debug")]
    try:
        make_app()()
    except InputError as error:
        if debug:
            raise
        _fail(str(error), 2)
    except KeyboardInterrupt:
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
        reason = " ".join(str(error).split())[:300]
        _fail(
            f"unexpected {type(error).__name__}: {reason}; run again with --debug and report the "
            "traceback",
            1,
        )


def _fail(message: str, code: int) -> None:
    """Say what is wrong, on one line, and leave."""
    print(f"bayes-a2m: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)
