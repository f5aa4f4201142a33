"""Names of 0.1.0 that have other names now still work, and warn.

Two tables: modules that moved, and what was renamed in a module. A module that is gone is found by
an import hook, which hands out the names of the new one; a module that is still there, and whose
names changed, says ``__getattr__ = renamed.names_of(__name__)``.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKAGE = "bayes_a2m."

MODULES: Mapping[str, str] = {
    "reporting.report.parts.training": "reporting.report.sections.training",
    "reporting.report.parts.reliability": "reporting.report.sections.reliability",
    "reporting.report.parts.places": "reporting.report.sections.slices",
    "reporting.report.parts.features": "reporting.report.sections.embeddings",
    "reporting.report.parts.doubt": "reporting.report.sections.uncertainty",
    "reporting.report.parts.confusion": "reporting.report.sections.confusion",
    "reporting.report.parts.accepting": "reporting.report.sections.selective",
    "baselines.evidence": "baselines.frame_features",
    "calibration.audit": "label_audit",
    "calibration.audit.decisions": "label_audit.decisions",
    "calibration.audit.lag": "label_audit.lag",
    "calibration.audit.listener": "label_audit.frame_classifier",
    "calibration.audit.stretches": "label_audit.segments",
    "calibration.audit.suspects": "label_audit.suspects",
    "calibration.bands": "resampling.bands",
    "calibration.bootstrap": "resampling.bootstrap",
    "calibration.counts": "metrics.sufficient_statistics",
    "calibration.cumulative": "metrics.cumulative",
    "calibration.decomposition": "metrics.decomposition",
    "calibration.draws": "diagnostics.monte_carlo",
    "calibration.ecdf": "diagnostics.ecdf",
    "calibration.effective": "resampling.design_effect",
    "calibration.findings": "diagnostics.calibration_summary",
    "calibration.inputs": "metrics.inputs",
    "calibration.note_scores": "metrics.notes",
    "calibration.pit": "diagnostics.pit",
    "calibration.places": "metrics.slices",
    "calibration.recalibrate": "calibration.selection",
    "calibration.recalibration": "calibration.methods",
    "calibration.reliability": "diagnostics.reliability",
    "calibration.scores": "metrics.frames",
    "calibration.smooth": "metrics.smooth",
    "calibration.stages": "metrics.stages",
    "calibration.sums": "metrics.kernels",
    "calibration.tuned": "calibration.calibrator",
    "datasets.conditions.room": "datasets.conditions.reverb",
    "datasets.conditions.stage": "datasets.conditions.effect",
    "evaluation.metrics": "evaluation.scoring",
    "evaluation.tally": "evaluation.accumulator",
    "model": "models",
    "networks.registry": "networks.network",
    "posteriors.diagnosis": "diagnostics",
    "posteriors.diagnosis.collapse": "diagnostics.collapse",
    "posteriors.diagnosis.importance": "diagnostics.pareto_k",
    "posteriors.diagnosis.labels": "diagnostics.labels",
    "posteriors.diagnosis.leave_one_out": "diagnostics.loo",
    "posteriors.diagnosis.library": "diagnostics.arviz_compat",
    "posteriors.diagnosis.mixing": "diagnostics.convergence",
    "posteriors.diagnosis.predictive": "diagnostics.predictive_checks",
    "posteriors.diagnosis.trace": "diagnostics.elbo",
    "posteriors.material": "posteriors.training_data",
    "posteriors.registry": "models.construction",
    "posteriors.trunk": "posteriors.embeddings",
    "reporting.audit": "label_audit.page",
    "reporting.degradation": "demo.degradation_figure",
    "reporting.lag": "label_audit.lag_figure",
    "reporting.truth": "demo",
    "reporting.report.draft": "reporting.report.context",
    "reporting.report.parts": "reporting.report.sections",
    "reporting.report.parts.recordings": "reporting.report.sections.recordings",
    "reporting.report.subject": "reporting.report.entry",
    "studies.audit": "label_audit",
    "studies.audit.findings": "label_audit.results",
    "studies.audit.listening": "label_audit.out_of_fold",
    "studies.audit.runner": "label_audit.runner",
    "studies.compare": "comparison.compare",
    "studies.conclusions": "comparison.conclusions",
    "studies.demo": "demo",
    "studies.demo.hearing": "demo.steps.transcribe",
    "studies.demo.learning": "demo.steps.train",
    "studies.demo.measuring": "demo.steps.evaluate",
    "studies.demo.methods": "demo.steps.methods",
    "studies.demo.place": "demo.runner",
    "studies.demo.runner": "demo.runner",
    "studies.demo.stage": "demo.context",
    "studies.demo.voices": "demo.steps.sing",
    "studies.differences": "comparison.difference",
    "studies.folds": "cross_validation.folds",
    "studies.reading": "config.yaml_files",
    "studies.scored": "comparison.model_counts",
    "studies.spec": "config.experiment",
    "summary": "prediction.summary",
    "training.parallel": "parallel",
}
"""The modules of 0.1.0 that moved, old and new, without the package's name."""

NAMES: Mapping[str, Mapping[str, str]] = {
    "baselines.evidence": {
        "EvidenceBaseline": "baselines.frame_features:FrameFeatureBaseline",
        "EvidenceOptions": "baselines.frame_features:FrameFeatureOptions",
    },
    "baselines.frames": {
        "evenly": "baselines.frames:sample_frames",
        "stacked": "baselines.frames:stack_context",
    },
    "calibration": {
        "AcceptCounts": "calibration.selective:AcceptStatistics",
        "Course": "diagnostics.monte_carlo:DrawsCurve",
        "Drawn": "diagnostics.monte_carlo:AdaptivePrediction",
        "FrameCounts": "metrics.sufficient_statistics:FrameStatistics",
        "called_reliability": "diagnostics.reliability:predicted_reliability",
        "course": "diagnostics.monte_carlo:draws_curve",
    },
    "calibration.audit.listener": {
        "FrameListener": "label_audit.frame_classifier:FrameClassifier",
        "hear_out_of_fold": "label_audit.frame_classifier:classify_out_of_fold",
    },
    "calibration.audit.stretches": {
        "Stretch": "label_audit.segments:Segment",
        "capped": "label_audit.segments:capped_log_probs",
        "stretches": "label_audit.segments:find_segments",
        "surprise": "label_audit.segments:excess_surprisal",
    },
    "calibration.audit.suspects": {
        "ALIEN": "label_audit.suspects:MISMATCHED",
        "Hearing": "label_audit.suspects:OutOfFoldPrediction",
        "MATCH": "label_audit.suspects:MATCHED",
    },
    "calibration.conformal": {
        "SetCounts": "calibration.conformal:SetStatistics",
    },
    "calibration.counts": {
        "FINE_BINS": "metrics.fine_bins:FINE_BINS",
        "FINE_CLASS_BINS": "metrics.fine_bins:FINE_CLASS_BINS",
        "SMOOTH_CELLS": "metrics.fine_bins:SMOOTH_CELLS",
        "fine_bin_of": "metrics.fine_bins:fine_bin_of",
        "FrameCounts": "metrics.sufficient_statistics:FrameStatistics",
        "PerRecording": "metrics.sufficient_statistics:SufficientStatistics",
    },
    "calibration.draws": {
        "Course": "diagnostics.monte_carlo:DrawsCurve",
        "Drawn": "diagnostics.monte_carlo:AdaptivePrediction",
        "course": "diagnostics.monte_carlo:draws_curve",
    },
    "calibration.ecdf": {
        "called_variance": "diagnostics.ecdf:predicted_variance",
    },
    "calibration.findings": {
        "findings": "diagnostics.calibration_summary:calibration_summary",
    },
    "calibration.note_scores": {
        "NoteCounts": "metrics.notes:NoteStatistics",
    },
    "calibration.places": {
        "counts_by": "metrics.slices:slice_statistics",
    },
    "calibration.recalibration": {
        "Unchanged": "calibration.methods:Identity",
    },
    "calibration.reliability": {
        "called_reliability": "diagnostics.reliability:predicted_reliability",
    },
    "calibration.selective": {
        "AcceptCounts": "calibration.selective:AcceptStatistics",
    },
    "calibration.sums": {
        "called_bins": "metrics.kernels:predicted_bins",
        "called_of": "metrics.kernels:predicted_of",
    },
    "calibration.tuned": {
        "Tuned": "calibration.calibrator:Calibrator",
    },
    "datasets.conditions": {
        "Compress": "datasets.conditions.dynamics:Compressor",
        "Room": "datasets.conditions.reverb:Reverb",
        "Stage": "datasets.conditions.effect:Effect",
    },
    "datasets.conditions.condition": {
        "AnyStage": "datasets.conditions.condition:AnyEffect",
    },
    "datasets.conditions.dynamics": {
        "Compress": "datasets.conditions.dynamics:Compressor",
    },
    "datasets.conditions.room": {
        "Room": "datasets.conditions.reverb:Reverb",
    },
    "datasets.conditions.stage": {
        "Stage": "datasets.conditions.effect:Effect",
    },
    "datasets.corruption": {
        "ALIEN_AGREEMENT": "datasets.corruption:SWAP_AGREEMENT",
        "alien": "datasets.corruption:swap_labels",
    },
    "datasets.splits": {
        "some": "datasets.splits:subsample",
    },
    "evaluation.evaluation": {
        "ACCEPT_ERROR": "evaluation.scoring:ACCEPT_ERROR",
        "RESAMPLES": "evaluation.scoring:RESAMPLES",
    },
    "evaluation.tally": {
        "Tally": "evaluation.accumulator:Accumulator",
    },
    "networks.network": {
        "Stage": "networks.network:Layer",
    },
    "posteriors.posterior": {"Seen": "posteriors.seen:Seen"},
    "datasets.dataset": {"Recording": "datasets.recording:Recording"},
    "model": {
        "Contents": "posteriors.model_directory:ModelState",
        "FILES": "posteriors.model_directory:FILES",
        "FORMAT": "posteriors.model_directory:FORMAT",
        "read": "posteriors.model_directory:read",
        "write": "posteriors.model_directory:write",
    },
    "posteriors.material": {"Material": "posteriors.training_data:TrainingData"},
    "posteriors.network_posterior": {"Work": "posteriors.network_posterior:FitContext"},
    "posteriors.trunk": {"trunk_features": "posteriors.embeddings:embeddings"},
    "baselines.tracker": {"Heard": "baselines.tracker:PitchActivations"},
    "reporting.html": {
        "Section": "reporting.html:PageSection",
    },
    "reporting.report.draft": {
        "Draft": "reporting.report.context:ReportContext",
        "Options": "reporting.report.context:ReportOptions",
        "Part": "reporting.report.section:SectionContent",
        "Picture": "reporting.report.picture:Picture",
        "triple": "reporting.report.context:known",
    },
    "reporting.report.subject": {
        "SPARE": "reporting.report.predictions:SPARE",
        "Teller": "reporting.report.entry:PredictionRecorder",
        "Subject": "reporting.report.entry:ReportEntry",
        "Trunk": "reporting.report.entry:EmbeddedFrames",
        "of_predictions": "reporting.report.predictions:of_predictions",
        "plain_decoder": "reporting.report.predictions:plain_decoder",
        "read_predictions": "reporting.report.predictions:read_predictions",
    },
    "studies.audit.findings": {
        "find": "label_audit.results:audit_labels",
    },
    "studies.audit.listening": {
        "Labelled": "label_audit.out_of_fold:AuditData",
        "hear_frames": "label_audit.out_of_fold:classify_frames",
        "listen": "label_audit.out_of_fold:predict_out_of_fold",
    },
    "studies.demo": {
        "Stage": "demo.context:DemoContext",
    },
    "studies.demo.measuring": {
        "course_point": "demo.steps.degrade:quick_scores",
        "degrade": "demo.steps.degrade:degrade",
        "most_common_mistake": "reporting.confusion:most_common_mistake",
    },
    "reporting.report.page": {"MADE_BY": "reporting.report.record:MADE_BY"},
    "studies.demo.place": {"MADE_BY": "demo.record:MADE_BY"},
    "studies.demo.stage": {
        "Stage": "demo.context:DemoContext",
    },
    "studies.demo.voices": {
        "verify": "demo.steps.verify:verify",
    },
    "studies.conclusions": {"words_of": "comparison.conclusions:label_of"},
    "studies.differences": {"Better": "metrics.metric:Better"},
    "studies.scored": {"metrics_of": "comparison.model_counts:scores_of"},
    "studies.spec": {"Settings": "config.settings:Settings"},
    "studies.reading": {"explain": "config.settings:explain"},
    "audio.features": {
        "FeatureSettings": "config.experiment:FeatureSettings",
    },
    "calibration.recalibrate": {
        "METHODS": "calibration.selection:candidates()",
    },
    "calibration.smooth": {
        "Places": "metrics.smooth:Cells",
    },
    "datasets.conditions.recipes": {
        "Stages": "datasets.conditions.recipes:Effects",
    },
    "networks.cascade": {
        "TRUNKS": "registry:shipped_networks()",
    },
    "networks.heads": {
        "HEADS": "registry:shipped_heads()",
    },
    "networks.registry": {
        "NETWORKS": "registry:shipped_networks()",
    },
    "posteriors.registry": {
        "METHODS": "registry:posterior_names()",
        "BASELINES": "registry:baseline_names()",
    },
    "prediction": {
        "FramePosterior": "prediction.posterior:FramePosterior",
        "FramePredictive": "prediction.posterior:FramePredictive",
        "SMALLEST": "prediction.posterior:SMALLEST",
        "entropy_of": "prediction.posterior:entropy_of",
        "Array": "prediction.posterior:Array",
        "Real": "prediction.posterior:Real",
        "Facts": "prediction.netcdf:Facts",
        "read_netcdf": "prediction.netcdf_files:read_netcdf",
        "write_netcdf": "prediction.netcdf_files:write_netcdf",
    },
    "studies.cell": {
        "FORMAT": "posteriors.fingerprint:FORMAT",
        "deciding": "posteriors.fingerprint:settings_that_count",
        "identity": "posteriors.fingerprint:recordings_of",
    },
}
"""The names that were renamed or moved: the old module, the old name, the new place.

A place that ends with ``()`` is called: a tuple that was kept by hand is asked of the registry now.
"""

SECTIONS = "a section of a report is a class now: bayes_a2m.reporting.report.section.Section"

GONE: Mapping[str, Mapping[str, str]] = {
    "calibration.recalibration": {
        "Gradient": "torch finds the gradients",
        "Parameters": "torch finds the gradients",
        "Penalty": "torch finds the gradients",
    },
    "datasets.synthetic.folder": {"OURS": "a folder's manifest knows: bayes_a2m.files.manifest"},
    "datasets.verify.report": {"FORMAT_VERSION": "the record states its version"},
    "evaluation.metrics": {"Metrics": "use bayes_a2m.evaluation.scoring.results_of"},
    "networks.registry": {
        "checked": "use Network.parse",
        "named": "use bayes_a2m.registry.get",
    },
    "posteriors.diagnosis.collapse": {"SETTLED": "use bayes_a2m.diagnostics.SETTLED"},
    "posteriors.diagnosis.mixing": {
        "COLLAPSE": "use bayes_a2m.diagnostics.COLLAPSE",
        "SETTLED": "use bayes_a2m.diagnostics.SETTLED",
    },
    "posteriors.diagnosis.library": {"of_each": "use bayes_a2m.diagnostics.arviz_compat"},
    "prediction": {"facts_of": "use bayes_a2m.prediction.netcdf.arranged"},
    "reporting.report.draft": {"together": "sections are classes now"},
    "reporting.truth": dict.fromkeys(
        ("CURVE", "LABELS", "pitch_curve", "thumbnail_figure", "truth_figure"),
        "use bayes_a2m.reporting.recording.recording_figure",
    ),
    "studies.demo.hearing": dict.fromkeys(
        ("missed", "note_rows"), "use bayes_a2m.demo.steps.transcribe.predicted_notes"
    ),
    "studies.demo.measuring": {
        "BAND": "use LOW and HIGH of bayes_a2m.demo.steps.evaluate",
        "SCORES": "the page's templates name their scores",
        "gap": "use bayes_a2m.diagnostics.overconfidence",
        "reliability": "use bayes_a2m.reporting.reliability.shares",
        "verdict": "a Curve of bayes_a2m.demo.steps.degrade says gap and noticed",
    },
    "studies.demo.methods": {"DRAWS": "DemoSettings has draws"},
    "studies.demo.runner": {"FORMAT_VERSION": "the record states its version"},
    "studies.demo.voices": {"plot": "the step sing draws examples"},
    **{
        f"reporting.report.parts.{module}": dict.fromkeys(names, SECTIONS)
        for module, names in {
            "accepting": ("accepting", "conformal"),
            "confusion": ("confusion",),
            "doubt": ("distributions", "entropy", "variance"),
            "features": ("features",),
            "places": ("places",),
            "recordings": ("cards",),
            "reliability": ("reliability",),
            "training": ("training",),
        }.items()
    },
    "reporting.report.subject": {
        "TRUNK_FRAMES": "it is an option of the section 'embeddings'",
        "TRUNK_RECORDINGS": "it is an option of the section 'embeddings'",
    },
    "reporting.report.verdict": {
        "OFTEN_WRONG": "a verdict is about the gap alone: bayes_a2m.diagnostics.verdict",
        "SLACK": "use bayes_a2m.diagnostics.verdict.TOLERANCE",
    },
    "reporting.report.page": {"is_report": "a folder's manifest knows: bayes_a2m.files.manifest"},
    "studies.demo.place": {
        "ensure_replaceable": "a folder's manifest knows: bayes_a2m.files.manifest",
        "files_in": "use bayes_a2m.files.output.files_in",
    },
    "studies.plan": {"OWN": "a folder's manifest knows: bayes_a2m.files.manifest"},
    "reporting.degradation": {"Course": "use Curve of bayes_a2m.demo.steps.degrade"},
    "studies.differences": {
        "better_of": "use bayes_a2m.metrics.metric.metric_named(name).better",
        "largest_of": "use bayes_a2m.metrics.metric.metric_named(name).largest_difference",
    },
    "studies.estimate": {
        "NETWORKS": "use Posterior.trains_network",
        "epochs_of": "use Posterior.passes",
        "own_epochs": "use Posterior.passes(experiment, started=True)",
    },
    "studies.spec": {"Recalibrating": "any name in bayes_a2m.registry.names('recalibrations')"},
}
"""The names that have no other: the old module, the old name, and what to use instead."""


def names_of(module: str) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a module in which names were renamed.

    Parameters
    ----------
    module
        The module's name (``bayes_a2m.calibration``), old or present.
    """
    old = module.removeprefix(PACKAGE)
    moved_to = MODULES.get(old)

    def __getattr__(name: str) -> Any:  # noqa: N807 (it becomes a module's)
        target = NAMES.get(old, {}).get(name)
        advice = GONE.get(old, {}).get(name)
        if target is None and (moved_to is None or name.startswith("__") or advice):
            because = f": {advice}" if advice else ""
            raise AttributeError(f"module {module!r} has no attribute {name!r}{because}")
        place, _, known_as = (target or f"{moved_to}:{name}").partition(":")
        value = getattr(import_module(PACKAGE + place), known_as.removesuffix("()"))
        if known_as.endswith("()"):
            value = value()
        warnings.warn(
            f"{module}.{name} is {PACKAGE}{place}.{known_as} now",
            DeprecationWarning,
            stacklevel=2,
        )
        return value

    return __getattr__


class _MovedModules(MetaPathFinder, Loader):
    """Finds modules that moved; asked last, so that what is there is never hidden."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        old = fullname.removeprefix(PACKAGE)
        if old == fullname or old not in MODULES:
            return None
        inside = any(name.startswith(f"{old}.") for name in MODULES)
        return ModuleSpec(fullname, self, is_package=inside)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        module.__getattr__ = names_of(module.__name__)  # type: ignore[method-assign]


def install() -> None:
    """Let the modules of 0.1.0 be imported; calling it again changes nothing."""
    if not any(isinstance(finder, _MovedModules) for finder in sys.meta_path):
        sys.meta_path.append(_MovedModules())
