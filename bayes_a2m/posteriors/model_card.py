"""The card of a model: ``README.md`` in its directory, for whoever is given the model.

It says what the model hears, what it learned from, how far each class can be trusted where that was
measured, what it is not for, and under which licence it stands. Its facts are those that a report
gives (:func:`facts_of`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bayes_a2m.escape import printable
from bayes_a2m.version import __version__

if TYPE_CHECKING:
    from bayes_a2m.posteriors.fitted import Fitted
    from bayes_a2m.posteriors.posterior import Posterior

CARD = "README.md"
"""The card's name in a model directory; models of 0.1.0 have none."""

REMARKS = "## Remarks"
"""The heading of what people wrote, which stays when the rest is written again."""

_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+!|~&])")


def escaped(text: str) -> str:
    r"""Text in which no sign means anything to Markdown or HTML, on one line.

    >>> print(escaped("a_b|<c>"))
    a\_b\|\<c\>
    """
    return _MARKS.sub(r"\\\1", printable(text))


def facts_of(model: Posterior) -> dict[str, str]:
    """Collect what is known of how a model was made, by name: for its card and for reports."""
    fitted, experiment = model.fitted, model.experiment
    facts = {"method": model.name}
    if model.trains_network:
        facts["network"] = experiment.architecture.name
    facts["parameters"] = f"{model.parameter_count:,}"
    if fitted is not None:
        seen = fitted.seen
        fit, tune = f"{len(seen.fit)} recordings", str(len(seen.tune))
        if (sung := experiment.singing) is not None and not seen.fit:
            fit, tune = f"{sung.recordings:,} synthetic recordings", f"{sung.tuning:,}"
        facts["trained on"] = f"{fit}, tuned on {tune} others"
        facts["recalibration"] = fitted.calibrator.recalibration.name
        if fitted.fingerprint:
            facts["fingerprint of the training"] = fitted.fingerprint[:16]
    facts["seed"] = str(model.seed)
    return facts


def card_of(
    model: Posterior,
    metrics: Mapping[str, Any] | None = None,
    *,
    measured_on: str = "",
    remarks: str = "",
) -> str:
    """Write the card of a fitted model as Markdown.

    Parameters
    ----------
    model
        The model.
    metrics
        The content of its ``metrics.json``; None where nothing was measured.
    measured_on
        The recordings of these scores, in words.
    remarks
        What people wrote for the end of the card, as Markdown.
    """
    fitted = model.fitted
    assert fitted is not None
    parts = [
        f"# A model of {escaped(', '.join(_listed(fitted.vocabulary.names)))}",
        f"Made by bayes-a2m {__version__}. `bayes-a2m transcribe song.wav -m THIS_FOLDER` turns "
        "sound into notes, each with its probability.",
        "## What it hears",
        _bullets(_hearing(model, fitted)),
        "## What it was trained on",
        _bullets(_training(model, fitted)),
        "## How far each class can be trusted",
        _calibration(metrics, measured_on),
        "## What it is not for",
        _bullets(_limits(model, fitted)),
        "## Licence",
        _licence(model),
    ]
    if remarks.strip():
        parts += [REMARKS, remarks.strip()]
    return "\n\n".join(parts) + "\n"


def remarks_in(card: str) -> str:
    """Find what people wrote for the end of a card; "" where there is nothing.

    >>> remarks_in("# A model" + "\\n\\n" + REMARKS + "\\n\\nSings well.\\n")
    'Sings well.'
    """
    return card.partition(f"\n{REMARKS}\n")[2].strip()


def _listed(names: tuple[str, ...]) -> list[str]:
    """The pitches among the classes; of many, the first and the last."""
    pitches = list(names[1:])
    if len(pitches) <= 12:
        return pitches
    return [f"{len(pitches)} pitches, {pitches[0]} to {pitches[-1]}"]


def _hearing(model: Posterior, fitted: Fitted) -> dict[str, str]:
    features, vocabulary = model.experiment.features, fitted.vocabulary
    grid = features.grid
    offset = vocabulary.sounding_offset
    octave = f"middle C (MIDI 60) is called {vocabulary.middle_c}; "
    octave += (
        "a note sounds at the pitch of its label"
        if not offset
        else f"a note sounds {abs(offset)} semitones {'above' if offset > 0 else 'below'} its label"
    )
    milliseconds = 1000 * grid.hop / grid.sample_rate
    return {
        "Classes": f"silence and {escaped(', '.join(_listed(vocabulary.names)))}, one at a time",
        "Octave": octave,
        "Features": f"{escaped(features.kind)}, {features.bins} bins, a frame every "
        f"{milliseconds:g} ms at {grid.sample_rate} Hz",
        "Notes": "with probabilities and intervals of their times"
        if fitted.notes is not None
        else "of the likeliest path, without probabilities of notes",
    }


def _training(model: Posterior, fitted: Fitted) -> dict[str, str]:
    found = {name.capitalize(): escaped(value) for name, value in facts_of(model).items()}
    sung = model.experiment.singing is not None
    hashes = {*fitted.seen.fit.values(), *fitted.seen.tune.values()}
    found["Known again"] = (
        f"SHA-256 of {len(hashes)} sound files in `seen.json`; evaluation leaves them out"
        if hashes
        else "no hashes of sound files: "
        + ("it sang them itself" if sung else "evaluation cannot leave out what it learned from")
    )
    if fitted.notes is not None:
        names = [name for name in fitted.notes.model.lag.conditions if name]
        if names:
            found["Conditions"] = escaped(", ".join(names))
    if fitted.conditions is not None:
        ranges = fitted.conditions.ranges
        units = {"level_db": "dBFS", "floor_db": "dBFS", "bandwidth_hz": "Hz"}
        words = {"level_db": "loud parts", "floor_db": "noise floor", "bandwidth_hz": "bandwidth"}
        found["Sound"] = "; ".join(
            f"{words[name]} {ranges[name].low:.0f} to {ranges[name].high:.0f} {unit}"
            for name, unit in units.items()
            if name in ranges
        )
    return found


def _calibration(metrics: Mapping[str, Any] | None, measured_on: str) -> str:
    """A table of every class: precision, calibration error, recall."""
    if not metrics:
        return "Not measured: `metrics.json` is empty. Believe no probability before it is."
    rows = [
        "| class | precision | calibration error of its confidence | recall |",
        "|---|---|---|---|",
    ]
    for name, own in metrics["per_class"].items():
        trust = own["trust"]
        cells = (_score(trust), _score(trust["calibration"]), _score(own["recall"]))
        rows.append(f"| {escaped(name)} | {' | '.join(cells)} |")
    recordings = metrics["recordings"]
    where = escaped(measured_on) if measured_on else "recordings that `metrics.json` does not name"
    return (
        f"Measured on {recordings} recordings: {where}. In brackets are 95 % intervals over "
        "recordings.\n\n" + "\n".join(rows)
    )


def _score(found: Mapping[str, Any] | None) -> str:
    if found is None or found["value"] is None:
        return "–"
    if found["low"] is None or found["high"] is None:
        return f"{found['value']:.3f}"
    return f"{found['value']:.3f} \\[{found['low']:.3f}, {found['high']:.3f}\\]"


def _limits(model: Posterior, fitted: Fitted) -> dict[str, str]:
    known = len(fitted.vocabulary.names) - 1
    limits = {
        "Other pitches": f"it knows {known} and takes any other for one of them, or for silence; "
        "`--check-pitches` asks a pitch tracker",
        "Several voices": "it gives one pitch at a time",
        "Other recordings": "what it promises holds for recordings like those that it learned from"
        + (
            "; others are told of, and nothing is promised of them"
            if fitted.conditions is not None
            else "; it keeps no conditions, so it cannot tell others"
        ),
    }
    if model.experiment.singing is not None:
        limits["People"] = "it learned from synthetic voices alone: measure it on your recordings"
    return limits


def _licence(model: Posterior) -> str:
    if model.experiment.singing is not None:
        return "MIT, as bayes-a2m: no recording of anybody went into it."
    return (
        "bayes-a2m is under the MIT licence; the model is whose who trained it, within what the "
        "licences of its training recordings allow. Name both before you pass it on."
    )


def _bullets(facts: Mapping[str, str]) -> str:
    return "\n".join(f"- **{name}**: {value}" for name, value in facts.items())
