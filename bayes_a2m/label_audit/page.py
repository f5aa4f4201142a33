"""The page of an audit: suspicious labels to look at, to listen to and to decide on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_a2m.audio.features import FeatureExtractor, Spectrum
from bayes_a2m.label_audit.decisions import Decisions
from bayes_a2m.label_audit.lag_figure import lag_caption, lag_figure
from bayes_a2m.label_audit.suspects import Suspect
from bayes_a2m.music.notes import between
from bayes_a2m.prediction.posterior import FramePosterior
from bayes_a2m.reporting import style
from bayes_a2m.reporting.html import PageSection, write_page
from bayes_a2m.reporting.roll import roll_figure
from bayes_a2m.reporting.sound import write_flac
from bayes_a2m.reporting.table import Cell, Column, Table
from bayes_a2m.resampling.bootstrap import Interval
from bayes_a2m.version import __version__

if TYPE_CHECKING:
    from bayes_a2m.config.experiment import Experiment
    from bayes_a2m.label_audit.out_of_fold import Bar
    from bayes_a2m.label_audit.results import Findings

PAGE = "index.html"

EXCERPT = 20.0
"""The seconds of a long recording that are shown, around its strongest segment."""

MARKED = 3
"""The number of segments marked in a picture, the strongest."""


def write_audit_page(
    out: Path,
    findings: Findings,
    experiment: Experiment,
    decided: Decisions,
    *,
    show: int,
    sound: bool,
    bar: Bar,
    draws: int,
    folds: int,
) -> None:
    """Write ``index.html``, its figures and its tables.

    Parameters
    ----------
    out
        The folder.
    findings
        The audit's findings.
    experiment
        The experiment of the models.
    decided
        Earlier decisions, to be shown as taken.
    show
        Suspects with picture and sound.
    sound
        Whether the sound goes into the page.
    bar
        Opens a progress bar.
    draws, folds
        The number of draws of each model, and of models.
    """
    tables = {t.name: t for t in (_lags(findings), _suspects(findings), _stretches(findings))}
    for table in tables.values():
        table.write_csv(out / "tables" / f"{table.name}.csv")
    facts = _facts(findings, experiment, draws, folds)
    cards = _cards(out, findings, experiment, decided, show, sound, bar)
    opening = PageSection("opening", "", "audit_opening.html", facts)
    lag_facts = {**facts, "picture": _lag_picture(out, findings), "table": tables["lags"]}
    sections = [
        PageSection("lag", "Do the labels come on time?", "audit_lag.html", lag_facts),
        PageSection(
            "suspects", "Labels to look at", "audit_suspects.html", {**facts, "cards": cards}
        ),
        PageSection("all", "Every recording", "audit_all.html", {**facts, **tables}),
    ]
    title = f"Are the labels of {findings.data.name} right?"
    write_page(out / PAGE, title, opening, sections, embed=True, scripts=("sort.js", "decide.js"))


def _facts(findings: Findings, experiment: Experiment, draws: int, folds: int) -> dict[str, Any]:
    notable = [s for s in findings.suspects if s.notable]
    causes: dict[str, int] = {}
    for suspect in notable:
        causes[suspect.cause] = causes.get(suspect.cause, 0) + 1
    lags = findings.lags
    conditions = {} if lags is None else lags.by_condition
    values = [c.value for c in conditions.values() if c.value is not None]
    return {
        "version": __version__,
        "data": findings.data.name,
        "recordings": len(findings.data),
        "method": experiment.posterior.name,
        "draws": draws,
        "folds": folds,
        "notable": len(notable),
        "causes": sorted(causes.items(), key=lambda item: -item[1]),
        "first": [s.id for s in notable[:5]],
        "empty": [r.id for r in findings.data if not r.notes],
        "lag": None if lags is None or lags.whole.value is None else lags.whole,
        "conditions": {name: lag for name, lag in conditions.items() if lag.value is not None},
        "kinds": {} if lags is None else lags.by_kind,
        "sign_changes": bool(values) and min(values) < -0.005 and max(values) > 0.005,
    }


def _lag_picture(out: Path, findings: Findings) -> dict[str, str] | None:
    lags = findings.lags
    if lags is None:
        return None
    conditions = [r.condition for r in findings.data]
    pooled = lags.by_condition or {"": lags.whole}
    figure = lag_figure(lags.recordings, conditions, pooled)
    for ending in ("png", "svg"):
        style.save(figure, out / "figures" / f"lag.{ending}")
    return {"file": "figures/lag.png", "caption": lag_caption(pooled)}


def _cards(
    out: Path,
    findings: Findings,
    experiment: Experiment,
    decided: Decisions,
    show: int,
    sound: bool,
    bar: Bar,
) -> list[dict[str, Any]]:
    """The suspects that are shown, with picture, sound and what was decided earlier."""
    extract = FeatureExtractor(experiment.features)
    notable = [s for s in findings.suspects if s.cause != "nothing"][:show]
    place = {r.id: i for i, r in enumerate(findings.data)}
    cards = []
    with bar("drawing") as update:
        for number, suspect in enumerate(notable, start=1):
            i = place[suspect.id]
            stem = f"suspect_{number:02d}"
            start, end = _excerpt(findings, i, suspect)
            figure = _picture(findings, i, suspect, (start, end), extract)
            style.save(figure, out / "figures" / f"{stem}.png", dpi=style.SPECTRUM_DPI)
            file = None
            if sound:
                file = f"sound/{stem}.flac"
                rate = extract.settings.sample_rate
                samples = findings.data[i].audio(rate)[round(start * rate) : round(end * rate)]
                write_flac(out / file, samples, rate)
            earlier = decided.by_id.get(suspect.id)
            cards.append(
                {
                    "rank": number,
                    "suspect": suspect,
                    "condition": findings.data[i].condition,
                    "picture": f"figures/{stem}.png",
                    "sound": file,
                    "lag": None if findings.lags is None else findings.lags.recordings[i],
                    "stretches": [
                        {
                            "start": s.start,
                            "end": s.end,
                            "words": s.words(findings.data.vocabulary),
                            "evidence": s.log_ratio,
                        }
                        for s in suspect.segments[:MARKED]
                    ],
                    "decision": "" if earlier is None else earlier.decision,
                    "note": "" if earlier is None else earlier.note,
                }
            )
            update(number, len(notable))
    return cards


def _picture(
    findings: Findings,
    i: int,
    suspect: Suspect,
    span: tuple[float, float],
    extract: FeatureExtractor,
) -> Any:
    """The spectrum and roll of a suspect's excerpt, its strongest segments marked."""
    start, end = span
    recording, grid = findings.data[i], findings.grid
    rate = extract.settings.sample_rate
    samples = recording.audio(rate)[round(start * rate) : round(end * rate)]
    lo, hi = grid.span(start, end)
    probs = np.maximum(findings.predictions[i].probs[lo : max(hi, lo + 1)], 0)
    post = FramePosterior.from_probs(
        [probs / probs.sum(axis=1, keepdims=True)],
        ids=[suspect.id],
        vocabulary=findings.data.vocabulary,
        grid=grid,
    )
    notes = between(recording.notes or (), start, end)
    marks = [
        (max(s.start, start) - start, min(s.end, end) - start)
        for s in suspect.segments[:MARKED]
        if s.start < end and s.end > start
    ]
    spectrum = Spectrum(extract(samples), extract.settings)
    return roll_figure({"heard": post}, 0, spectrum, notes, title=suspect.id, marks=marks)


def _excerpt(findings: Findings, i: int, suspect: Suspect) -> tuple[float, float]:
    duration = findings.data[i].duration
    if duration <= EXCERPT:
        return 0.0, duration
    centre = (suspect.segments[0].start + suspect.segments[0].end) / 2 if suspect.segments else 0.0
    start = min(max(0.0, centre - EXCERPT / 2), duration - EXCERPT)
    return start, start + EXCERPT


def _lags(findings: Findings) -> Table:
    columns = (
        Column("recordings", "recordings"),
        Column("lag_ms", "lag (ms)", "interval", 0),
        Column("count", "recordings with notes", "number", 0),
    )
    rows: list[tuple[Cell, ...]] = []
    if findings.lags is not None:
        groups = {"all": findings.lags.whole, **findings.lags.by_condition}
        for name, lag in groups.items():
            count = sum(
                bool(r.notes) for r in findings.data if name == "all" or r.condition == name
            )
            rows.append((name, _ms(lag), count))
    return Table("lags", "How long after its label the sound comes", columns, tuple(rows))


def _suspects(findings: Findings) -> Table:
    columns = (
        Column("recording", "recording"),
        Column("rank", "rank", "number", 0),
        Column("condition", "condition"),
        Column("score", "evidence (nats)", "interval", 0),
        Column("cause", "probable cause"),
        Column("why", "why"),
        Column("agreement", "agreement", "number", 3),
        Column("lag_ms", "lag (ms)", "interval", 0),
        Column("changes", "changes measured", "number", 0),
    )
    place = {r.id: i for i, r in enumerate(findings.data)}
    rows: list[tuple[Cell, ...]] = []
    for rank, suspect in enumerate(findings.suspects, start=1):
        i = place[suspect.id]
        lag = None if findings.lags is None else findings.lags.recordings[i]
        rows.append(
            (
                suspect.id,
                rank,
                findings.data[i].condition,
                Interval(suspect.score, suspect.low, suspect.high),
                suspect.cause,
                suspect.words,
                suspect.agreement,
                None if lag is None else _ms(Interval(lag.value, lag.low, lag.high)),
                None if lag is None else lag.changes,
            )
        )
    return Table("suspects", "Every recording, the most suspicious first", columns, tuple(rows))


def _stretches(findings: Findings) -> Table:
    columns = (
        Column("recording", "recording"),
        Column("start", "from (s)", "number", 2),
        Column("end", "to (s)", "number", 2),
        Column("kind", "kind"),
        Column("what", "what"),
        Column("evidence", "evidence (nats)", "number", 0),
    )
    listed = sorted(
        ((s.weight, suspect.id, s) for suspect in findings.suspects for s in suspect.segments),
        key=lambda item: (-item[0], item[1], item[2].start),
    )
    rows = tuple(
        (name, s.start, s.end, s.kind, s.words(findings.data.vocabulary), s.log_ratio)
        for _, name, s in listed
    )
    return Table("stretches", "Every stretch, the strongest first", columns, rows)


def _ms(lag: Interval) -> Interval | None:
    """A lag in milliseconds."""
    if lag.value is None:
        return None
    low, high = (None if bound is None else 1000 * bound for bound in (lag.low, lag.high))
    return Interval(1000 * lag.value, low, high)
