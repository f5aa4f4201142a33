"""``bayes-a2m compare``: paired differences between models, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from bayes_a2m.cli.options import Json, Quiet
from bayes_a2m.cli.output import Output

if TYPE_CHECKING:
    from bayes_a2m.comparison.compare import Comparison
    from bayes_a2m.comparison.difference import Difference
    from bayes_a2m.comparison.model_counts import Scored
    from bayes_a2m.datasets import Dataset
    from bayes_a2m.posteriors.posterior import Posterior


class Versus(TyperCommand):
    """A command whose ``--versus`` takes all that follows it, up to the next option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse arguments that say ``--versus`` before each model, as every command does."""
        return super().parse_args(ctx, spread(args))


def spread(arguments: Sequence[str], option: str = "--versus") -> list[str]:
    """Arguments with the option repeated before each of its values.

    Values end at whatever begins with a dash; an option without a value is left out, so that it
    is missed by whoever needs it.

    >>> spread(["a1", "a2", "--versus", "b1", "b2", "--data", "d"])
    ['a1', 'a2', '--versus', 'b1', '--versus', 'b2', '--data', 'd']
    >>> spread(["a1", "--versus=b1", "b2", "--versus", "--data", "d"])
    ['a1', '--versus', 'b1', '--versus', 'b2', '--data', 'd']
    """
    told: list[str] = []
    within = False
    for i, word in enumerate(arguments):
        if word == "--":  # what follows are no options
            return [*told, *arguments[i:]]
        if word == option:
            within = True
        elif word.startswith(f"{option}="):
            within = True
            told += [option, word.removeprefix(f"{option}=")]
        elif word.startswith("-"):
            within = False
            told.append(word)
        else:
            told += [option, word] if within else [word]
    return told


def compare(
    models: Annotated[
        list[Path],
        typer.Argument(metavar="MODEL...", help="Model directories of one side, a seed each."),
    ],
    versus: Annotated[
        list[Path],
        typer.Option(metavar="MODEL...", help="Those of the other side, all after one --versus."),
    ],
    data: Annotated[Path, typer.Option(metavar="DATA_DIR", help="Folder of recordings and MIDI.")],
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Only this split. Left out: every recording no model was fitted or tuned on.",
            show_default=False,
        ),
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="Draws, for models that draw.")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Of the resamples.")] = 0,
    json_file: Json = None,
    quiet: Quiet = False,
) -> None:
    """Say whether one side is better than the other, and what cannot be said.

    All models are scored on the same recordings, and differences (the first
    side minus the other) are paired: their intervals hold what other recordings
    and, with several seeds a side, what other seeds would change. Where a claim
    is about a design and not about two models, take at least three seeds.

    Examples:

        bayes-a2m compare models/two_stage --versus models/one_stage --data recordings

        bayes-a2m compare models/two_? --versus models/one_? --data recordings --split validation

        bayes-a2m compare models/a --versus models/b --data recordings --json compare.json
    """
    from bayes_a2m.comparison.compare import compare as compare_scored
    from bayes_a2m.comparison.model_counts import Scored
    from bayes_a2m.datasets import load_folder
    from bayes_a2m.evaluation import evaluate
    from bayes_a2m.models import load_model

    console = Output(quiet, json_file)

    _ensure_each_once(models, versus)
    loaded = {path: load_model(path) for path in dict.fromkeys([*models, *versus])}
    _ensure_same_pitches(loaded)
    chosen = _chosen(load_folder(data, seed=loaded[models[0]].seed), split, loaded)
    remarks = _seen(loaded, chosen) if split else []
    remarks += [f"{path}: {told}" for path, m in loaded.items() for told in m.seen.copies(chosen)]
    for remark in remarks:
        console.warn(f"caution: {remark}")
    scored: dict[Path, Scored] = {}
    for path, model in loaded.items():
        with console.bar(f"predicting: {path.name}") as update:
            result = evaluate(model, chosen, draws=draws, progress=update)
        if result.alarm:
            console.warn(f"warning: {path}: {result.alarm}")
        scored[path] = Scored.of(result)
    one, other = _by_seed(models, versus, loaded)
    names = names_of(models, versus)
    found = compare_scored(
        [scored[p] for p in one], [scored[p] for p in other], seed=seed, names=names
    )
    console.write(found)
    _tables(console, found)
    console.echo(found.sentence)


def names_of(one: Sequence[Path], other: Sequence[Path]) -> tuple[str, str]:
    """Names of the sides: the common beginning of the last parts of their paths.

    >>> names_of([Path("m/two_0"), Path("m/two_1")], [Path("m/one_0"), Path("m/one_1")])
    ('two', 'one')
    >>> names_of([Path("two/seed_0"), Path("two/seed_1")], [Path("one/seed_0")])
    ('two', 'one/seed_0')
    >>> names_of([Path("m/crnn")], [Path("m/crnn")])
    ('crnn', 'crnn again')
    """
    names = _side(one), _side(other)
    if names[0] != names[1]:
        return names
    longer = _side(one, 2), _side(other, 2)
    return longer if longer[0] != longer[1] else (names[0], f"{names[0]} again")


def _side(paths: Sequence[Path], parts: int = 1) -> str:
    """What models of a side have in common, from the last parts of their paths."""
    import re

    full = [path.absolute() for path in paths]
    shown = ["/".join(path.parts[-parts:]) for path in full]
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*shown, strict=False))
    common = "".join(letters[0] for letters in alike)
    # two_0 and two_1; two_seed10 and two_seed11; a bare seed_0 tells nothing
    stem = re.sub(r"(^|[-_. /]+)(seed|s)?[-_.]?\d*$", "", common)
    if stem:
        return common if len(shown) == 1 else stem
    return _side(paths, parts + 1) if parts < max(len(p.parts) for p in full) else shown[0]


def _ensure_each_once(one: Sequence[Path], other: Sequence[Path]) -> None:
    """Refuse a model that is twice on a side: two seeds that are one would look too sure."""
    from bayes_a2m.errors import InputError
    from bayes_a2m.files.atomic import real_path

    for side in (one, other):
        twice = [p for i, p in enumerate(side) if real_path(p) in {real_path(q) for q in side[:i]}]
        if twice:
            raise InputError(f"{twice[0]}: given twice on the same side; give each model once")


def _ensure_same_pitches(loaded: Mapping[Path, Posterior]) -> None:
    """Refuse models of different vocabularies, naming one of them."""
    first, *others = loaded
    known = loaded[first].vocabulary
    for path in others:
        loaded[path].vocabulary.ensure_same_pitches(
            known, str(path), str(first), "they cannot be compared"
        )


def _chosen(whole: Dataset, split: str | None, loaded: Mapping[Path, Posterior]) -> Dataset:
    """The split asked for, or what no model was fitted or tuned on."""
    from bayes_a2m.errors import InputError

    if split:
        return whole.split(split)
    left = whole.where(lambda r: all(m.seen.is_to_measure_on(r) for m in loaded.values()))
    if not len(left):
        raise InputError(
            f"{whole.name}: every recording was used to fit or tune one of the models; give "
            "--split to compare on them all the same, or other data"
        )
    return left


def _seen(loaded: Mapping[Path, Posterior], chosen: Dataset) -> list[str]:
    """Which models were fitted or tuned on some of the recordings, a sentence each."""
    told = []
    for path, model in loaded.items():
        count = sum(model.seen.knows(r) for r in chosen)
        if count:
            told.append(f"{path} was fitted or tuned on {count} of these recordings")
    return told


def _by_seed(
    one: Sequence[Path], other: Sequence[Path], loaded: Mapping[Path, Posterior]
) -> tuple[list[Path], list[Path]]:
    """Both sides in the order of their seeds where these are the same; else as given."""
    sides = [sorted(side, key=lambda p: loaded[p].seed) for side in (one, other)]
    seeds = [[loaded[p].seed for p in side] for side in sides]
    return (sides[0], sides[1]) if seeds[0] == seeds[1] else (list(one), list(other))


def _tables(console: Output, found: Comparison) -> None:
    """Print differences overall, by condition, by class and of the stages."""
    from bayes_a2m.metrics.metric import metric_named

    one, other = found.names
    seeds = ", paired by seed" if found.paired_seeds else ""
    rows = [
        [
            metric_named(name).label,
            _value(d.one),
            _value(d.other),
            _difference(d),
            _probability(d),
            _difference(found.near_boundary.get(name)),
            _difference(found.away_from_boundary.get(name)),
        ]
        for name, d in found.metrics.items()
    ]
    heading = (
        f"{one} ({found.models[0]}) − {other} ({found.models[1]}){seeds}: "
        f"{found.recordings} recordings, 95 % intervals (* without zero)"
    )
    columns = [one, other, "difference", f"P({one} better)", "near a boundary", "away from one"]
    console.table(heading, ["", *columns], rows)
    for title, parts in (
        ("Difference by condition", found.per_condition),
        ("Difference by stage", found.stages),
    ):
        if parts:
            shown = dict.fromkeys(name for own in parts.values() for name in own)
            rows = [
                [metric_named(n).label, *(_difference(own.get(n)) for own in parts.values())]
                for n in shown
            ]
            console.table(title, ["", *parts], rows)
    # trust is the precision
    names = [n for n in next(iter(found.per_class.values())) if n != "trust"]
    rows = [
        [label, *(_difference(own[n], 0 if metric_named(n, "class").unit else 3) for n in names)]
        for label, own in found.per_class.items()
    ]
    console.table(
        "Difference by class", ["", *(metric_named(n, "class").label for n in names)], rows
    )


def _value(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _probability(found: Difference) -> str:
    return "–" if found.probability_better is None else f"{found.probability_better:.3f}"


def _difference(found: Difference | None, digits: int = 3) -> str:
    """A difference as people read it: ``-0.004 [-0.007, -0.001] *``, starred where clear of 0."""
    if found is None or found.difference is None:
        return "–"
    text = f"{found.difference:+.{digits}f}"
    if found.low is not None and found.high is not None:
        text += f" [{found.low:+.{digits}f}, {found.high:+.{digits}f}]"
    return f"{text} *" if found.decided else text
