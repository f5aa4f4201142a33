"""``bayes-a2m train``: a folder of recordings becomes a model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_a2m.cli.options import Engine, Json, Quiet, Scheduler
from bayes_a2m.cli.output import Output
from bayes_a2m.cli.train_options import (
    CrossFit,
    Data,
    Devices,
    Exclude,
    ExperimentName,
    Logger,
    Out,
    Resume,
    Seed,
    Settings,
    Start,
)

if TYPE_CHECKING:
    from bayes_a2m.config.experiment import Experiment
    from bayes_a2m.datasets import Dataset
    from bayes_a2m.datasets.recording import Recording


def train(
    out: Out,
    experiment: ExperimentName = None,
    data: Data = None,
    settings: Settings = None,
    seed: Seed = None,
    start: Start = None,
    exclude: Exclude = None,
    cross_fit: CrossFit = 0,
    resume: Resume = False,
    logger: Logger = "csv",
    devices: Devices = 1,
    engine: Engine = None,
    scheduler: Scheduler = None,
    json_file: Json = None,
    quiet: Quiet = False,
) -> None:
    """Train a model on the train split of a data folder.

    15 % of the split (the tuning split) is kept aside to choose the epoch and
    the decoder's settings; the validation split is not looked at.

    While it runs, its state is in MODEL_DIR.partial; after an interruption
    --resume goes on from the last whole epoch, to the same result.

    With --engine dask the members of an ensemble are trained by workers of Dask.

    The experiment pretrained needs no folder: it sings its recordings.

    A tuning split has few notes, so that --accept-error of transcribe marks many
    that are right. --cross-fit 5 trains five models more, each without a fifth of
    the recordings, and counts what they accept of that fifth.

    With few recordings of one's own, --from pretrained tunes the model that ships
    to them: what its training knows is the prior.

    Examples:

        bayes-a2m train crnn --data recordings --out models/crnn

        bayes-a2m train crnn --data recordings --out models/quick --set training.epochs=5

        bayes-a2m train my.yaml --data recordings --out models/my --seed 3 --resume

        bayes-a2m train laplace --data recordings --out models/laplace --from models/crnn

        bayes-a2m train crnn --data recordings --out models/clean --exclude audit/decisions.json

        bayes-a2m train ensemble --data recordings --out models/ten --from models/ensemble \
            --set posterior.members=10

        bayes-a2m train pretrained --out models/pretrained

        bayes-a2m train --from pretrained --data few --out models/mine

        bayes-a2m train crnn --data recordings --out models/marks --cross-fit 5
    """
    from bayes_a2m import engine as engines
    from bayes_a2m.cli.console import metrics_tables
    from bayes_a2m.config.experiment import load_experiment
    from bayes_a2m.cross_validation import acceptance
    from bayes_a2m.datasets import load_folder
    from bayes_a2m.errors import InputError
    from bayes_a2m.files import ensure_free, locked
    from bayes_a2m.files.atomic import made_parents, real_path
    from bayes_a2m.models import load_model, make_posterior
    from bayes_a2m.posteriors.ensemble import DeepEnsemble
    from bayes_a2m.posteriors.fingerprint import training_inputs
    from bayes_a2m.posteriors.network_posterior import NetworkPosterior
    from bayes_a2m.studies.fitted import describe_fitted, is_described

    console = Output(quiet, json_file)

    if experiment is None:
        if start is None:
            raise InputError("train: name an EXPERIMENT, such as crnn, or give --from MODEL")
        experiment = "fine_tuned"
    finishing = resume and out.is_dir() and not is_described(out)
    if not finishing:
        ensure_free(out)
    plan = load_experiment(experiment, settings or [], seed)
    if plan.singing is not None:
        _sing_and_train(
            console,
            plan,
            experiment,
            out,
            given=(data, start, exclude, cross_fit or None),
            resume=resume,
        )
        return
    if data is None:
        raise InputError(f"train {experiment}: give --data, a folder of recordings and MIDI")
    model = make_posterior(plan)
    watched: dict[str, Any] = {}
    if logger == "tensorboard":
        if not isinstance(model, NetworkPosterior) or isinstance(model, DeepEnsemble):
            raise InputError(f"--logger tensorboard: {experiment} trains no network of its own")
        watched["events"] = out.with_name(out.name + ".tensorboard")
    if devices > 1:
        from bayes_a2m.training.devices import ensure_devices

        if not isinstance(model, NetworkPosterior) or isinstance(model, DeepEnsemble):
            raise InputError(f"--devices: {experiment} trains no network of its own")
        ensure_devices(devices)
        watched["devices"] = devices
    base = None if start is None else load_model(start)
    recordings = load_folder(data, seed=plan.seed)
    # the tuning part is drawn before anything is left out, so that excluding moves nobody
    fitting, tuning = recordings.split("train").with_tuning_part(
        plan.training.tuning_share, plan.seed
    )
    left_out: Sequence[Recording] = ()
    if exclude is not None:
        fitting, tuning, left_out = _without((fitting, tuning), exclude, recordings)
    if cross_fit:
        acceptance.ensure_apart(fitting, cross_fit, base)
    workdir = out.with_name(out.name + ".partial")
    known = "" if base is None or base.fitted is None else base.fitted.fingerprint
    # a model of 0.1.0 has no fingerprint: its folder stands for it
    going_on = known or (None if start is None else str(real_path(start)))
    inputs = training_inputs(plan, fitting, tuning, going_on)
    engine_of = engines.engine(engine, scheduler, shared=[data, out])
    with made_parents(out), locked(out, wait=False), engine_of:
        _claim(workdir, inputs, resume)
        if finishing:
            console.say(f"{out}: was saved by a run that ended before it was measured")
            model = load_model(out)
        else:
            console.say(
                f"{len(fitting)} recordings to fit, {len(tuning)} to tune on, seed {plan.seed}"
            )
            with _kept_if_of_use(workdir):
                model.fit(
                    fitting,
                    tuning,
                    start=base,
                    workdir=workdir,
                    resume=resume,
                    progress=not quiet,
                    **watched,
                )
                if left_out and model.fitted is not None:
                    seen = model.fitted.seen.leaving_out(left_out)
                    model.fitted = replace(model.fitted, seen=seen)
                if cross_fit:
                    acceptance.cross_fit(
                        model,
                        fitting,
                        tuning,
                        workdir / "cross_fit",
                        count=cross_fit,
                        start=base,
                        progress=not quiet,
                        say=console.say,
                    )
                model.save(out)
        with _kept_if_of_use(workdir):
            result, metrics = describe_fitted(model, tuning, out)
        shutil.rmtree(workdir)
    for remark in model.remarks():
        console.say(remark)
    if result.alarm:
        console.warn(f"warning: {result.alarm}")
    console.write(metrics)
    console.say("On the tuning split, which chose the epoch and the decoder's settings:")
    metrics_tables(console, metrics)
    console.echo(str(out))


def _sing_and_train(
    console: Output,
    plan: Experiment,
    name: str,
    out: Path,
    *,
    given: tuple[object, ...],
    resume: bool,
) -> None:
    """Train an experiment that sings its own recordings.

    Raises
    ------
    InputError
        If options are given that need a folder of recordings.
    """
    from bayes_a2m.errors import InputError
    from bayes_a2m.files import locked
    from bayes_a2m.files.atomic import made_parents
    from bayes_a2m.posteriors.fingerprint import settings_that_count
    from bayes_a2m.pretraining.pretrain import pretrain
    from bayes_a2m.studies.fitted import write_fitted

    if any(value is not None for value in given):
        raise InputError(
            f"train {name}: sings its own recordings; leave --data, --from, --exclude and "
            "--cross-fit out"
        )
    workdir = out.with_name(out.name + ".partial")
    with made_parents(out), locked(out, wait=False):
        _claim(workdir, {"sung": settings_that_count(plan)}, resume)
        # kept whatever happens: the corpus alone is half of the work
        model, tune = pretrain(
            plan, workdir, resume=resume, progress=not console.quiet, tell=console.say
        )
        _, metrics = write_fitted(model, tune, out)
        shutil.rmtree(workdir)
    console.write(metrics)
    scores = {name: metrics.metrics[name] for name in ("accuracy", "nll", "ece")}
    told = ", ".join(f"{name} {one.value:.3f}" for name, one in scores.items() if one is not None)
    console.say(f"On the synthetic recordings that it was tuned on: {told}")
    console.echo(str(out))


def _without(
    parts: tuple[Dataset, Dataset], decisions: Path, whole: Dataset
) -> tuple[Dataset, Dataset, list[Recording]]:
    """The recordings that the decisions do not exclude, and all of the folder that they do.

    Raises
    ------
    InputError
        If the decisions exclude what the folder does not hold, or all of a part.
    """
    from bayes_a2m.errors import InputError, suggest
    from bayes_a2m.label_audit.decisions import Decisions

    excluded = set(Decisions.load(decisions).excluded)
    unknown = sorted(excluded - set(whole.ids))
    if unknown:
        raise InputError(
            f"{decisions}: excludes {', '.join(unknown[:5])}, but {whole.name} has no such "
            f"recording{suggest(unknown[0], whole.ids)}; these may be decisions on other data"
        )
    fitting, tuning = (part.where(lambda r: r.id not in excluded) for part in parts)
    for part in (fitting, tuning):
        if not len(part):
            raise InputError(f"{decisions}: leaves nothing of {part.name} to fit or to tune on")
    return fitting, tuning, [r for r in whole if r.id in excluded]


@contextmanager
def _kept_if_of_use(workdir: Path) -> Iterator[None]:
    """Where the block fails, keep the state of the training if it can go on from there.

    It cannot where nothing was trained yet, nor where the training itself failed: the settings
    have to be changed, and its state must not stand in their way. Members of an ensemble that are
    finished are kept although another failed.
    """
    from bayes_a2m.errors import InputError, PartlyFinishedError

    try:
        yield
    except BaseException as error:
        kept = (path for kind in ("*.ckpt", "*.safetensors") for path in workdir.rglob(kind))
        failed = isinstance(error, InputError) and not (
            isinstance(error, PartlyFinishedError) or isinstance(error.__cause__, OSError)
        )
        if failed or not any(kept):
            shutil.rmtree(workdir, ignore_errors=True)
        else:
            error.add_note(f"{workdir}: the same command with --resume goes on from there")
        raise


def _claim(workdir: Path, inputs: dict[str, Any], resume: bool) -> None:
    """Make the folder of an unfinished training, or see that it is the one to go on with."""
    from bayes_a2m.errors import InputError
    from bayes_a2m.files import read_json, write_json
    from bayes_a2m.posteriors.fingerprint import what_differs

    claim = workdir / "identity.json"
    if not claim.exists():  # a process killed before it was there has trained nothing
        write_json(claim, inputs)
    elif not resume:
        raise InputError(
            f"{workdir}: an unfinished training is there; --resume goes on with it, or delete it"
        )
    elif differs := what_differs(read_json(claim), inputs):
        raise InputError(f"{workdir}: was started with {differs}; delete it to start anew")
