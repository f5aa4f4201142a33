"""Export of fitted models as ONNX, for the runtime that needs no torch.

A point estimate is one network. A posterior of the last layer is a trunk, which is exported once,
a head whose weights are inputs, and the weights of the draws: thirty draws cost one trunk. The
number of frames is free. What is written is run and compared with torch before it is left there.
"""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from bayes_a2m.audio.features import CQTFeatures
from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.errors import InputError
from bayes_a2m.files import (
    Manifest,
    OutputFolder,
    atomic_folder,
    atomic_path,
    content_hash,
    is_given,
    read_json,
    write_json,
)
from bayes_a2m.files.formats import write_versioned
from bayes_a2m.models.loading import load_model, model_directory
from bayes_a2m.networks.equivariant import Equivariant
from bayes_a2m.networks.network import Network
from bayes_a2m.posteriors.model_directory import write_checksums
from bayes_a2m.posteriors.network_posterior import NetworkPosterior, WeightPosterior
from bayes_a2m.posteriors.posterior import Posterior
from bayes_a2m.runtime import directory
from bayes_a2m.runtime.directory import DRAWS, HEAD, NETWORK, PART_FORMAT, SETTINGS, TRUNK
from bayes_a2m.runtime.network import (
    CLASSES,
    FEATURES,
    FRAMES,
    ONSETS,
    PITCH,
    LastLayerNetwork,
    PointNetwork,
    open_session,
)
from bayes_a2m.runtime.settings import FeatureSettings, RuntimeSettings
from bayes_a2m.version import __version__

OPSET = 17
"""Version of ONNX's operators: all of them are known to onnxruntime since 1.13."""

TRACED = 2**8 + 1
"""Frames of the example that a network is traced with.

Each time that steps are pooled a rest is left over, at the front and in every level of a U-Net, so
that the padding of a rest is in the graph; where there is none, nothing is padded.
"""

COMPARED = (1, 2, 7, 60, TRACED, 401)
"""Frames of the examples on which what was exported is compared with torch."""

TOLERANCE = 1e-4
"""Difference of probabilities from torch's above which an export is refused."""


class _Point(nn.Module):
    """All outputs of a network."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        trunk = self.network.trunk(features)
        outputs = _split(self.network(trunk, **_rest(self.network, trunk)), self.network)
        return (*outputs, *_pitch(self.network, trunk))


class _Trunk(nn.Module):
    """All layers before the last, and the continuous pitch, which is no part of the draws."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        trunk = self.network.trunk(features)
        return (trunk, *_pitch(self.network, trunk))


class _Head(nn.Module):
    """The last layer, whose weights are inputs."""

    def __init__(self, network: Network, names: Sequence[str]) -> None:
        super().__init__()
        self.network, self.names = copy.deepcopy(network), tuple(names)
        # functional_call cannot be traced: the inputs stand in the place of parameters
        for name in names:
            module, leaf = self._owner(name)
            del module._parameters[leaf]

    def _owner(self, name: str) -> tuple[nn.Module, str]:
        owner, _, leaf = name.rpartition(".")
        return self.network.get_submodule(owner), leaf

    def forward(self, trunk: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
        for name, weight in zip(self.names, weights, strict=True):
            setattr(*self._owner(name), weight)
        return _split(self.network(trunk, **_rest(self.network, trunk)), self.network)


def _rest(network: Network, trunk: Tensor) -> dict[str, Any]:
    return {"start": len(network.layers) - 1, "frames": trunk.shape[1], "onsets": True}


def _split(output: Tensor, network: Network) -> tuple[Tensor, ...]:
    if network.onset_head is None:
        return (output,)
    return output[..., : network.classes], output[..., network.classes]


def _pitch(network: Network, trunk: Tensor) -> tuple[Tensor, ...]:
    if not isinstance(network, Equivariant) or network.pitch_output is None:
        return ()
    return (network.pitch_output(trunk),)


@dataclass(frozen=True)
class _Exported:
    """Files of networks and arrays by name, and how many draws there are."""

    contents: Mapping[str, bytes]
    chains: int = 1
    draws: int = 1


def export(model: Posterior, out: str | Path, *, draws: int = 30, weights: str = "") -> None:
    """Export a fitted model into a new directory, or its network alone into a file.

    Parameters
    ----------
    model
        A fitted network: a point estimate, or a posterior of its last layer.
    out
        The directory; or a file ``.onnx``, for a point estimate.
    draws
        Draws that are stored, over all chains, of a posterior that draws.
    weights
        SHA-256 of the weights that stand beside the network, where they do.

    Raises
    ------
    InputError
        If the model is of another kind, onnx is not installed, something stands at ``out``, or the
        network does not say the same as before.
    """
    out = Path(out)
    network = _network_of(model)
    made = _networks(network, draws)
    if out.suffix == ".onnx":
        if NETWORK not in made.contents:
            raise InputError(
                f"{out}: a {model.name} model is several files; name a directory with --out"
            )
        with atomic_path(out) as beside:
            beside.write_bytes(made.contents[NETWORK])
        return
    settings = _settings(network, made, weights)
    with atomic_folder(out) as beside:
        _write(beside, settings, made)
        _write_parts(beside, network)
        names = [path.name for path in beside.iterdir()]
        Manifest.of_files(beside, names).write(beside / directory.CHECKSUMS)


def export_beside(path: str | Path, *, draws: int = 30, force: bool = False) -> Path:
    """Export a model directory into itself, beside its weights; return the directory.

    What an earlier export wrote there is replaced; a process that is killed meanwhile leaves the
    model whole.

    Parameters
    ----------
    path
        The model directory.
    draws
        As in :func:`export`.
    force
        Whether files of these names may be replaced that no export wrote.

    Raises
    ------
    InputError
        As :func:`export` does, and if the directory cannot be read or written to.
    """
    folder = model_directory(path)
    network = _network_of(load_model(folder))
    output = OutputFolder(folder, "export", force=force)
    output.check()
    made = _networks(network, draws)
    settings = _settings(network, made, content_hash(folder / directory.WEIGHTS))
    with output.lock():
        _take_over(output)
        output.check([*made.contents, SETTINGS])
        known = is_given(folder / directory.CHECKSUMS)
        with output.replacing() as new:
            _write(new, settings, made)
            if known:
                write_checksums(folder, without=directory.EXPORTED)  # while they change
        if known or read_json(folder / "metrics.json") is None:
            write_checksums(folder)
    return folder


def _take_over(output: OutputFolder) -> None:
    """Own what an export wrote that kept no list of its files but the checksums of the model."""
    if is_given(output.path / output.manifest_name):
        return
    known = Manifest.read(output.path / directory.CHECKSUMS).hashes
    exported = {name: known[name] for name in directory.EXPORTED if name in known}
    if exported:
        Manifest(exported).write(output.path / output.manifest_name)


def _network_of(model: Posterior) -> NetworkPosterior:
    """The model, if it can be exported."""
    mend = "export a point estimate or a posterior of the last layer (laplace)"
    if not isinstance(model, NetworkPosterior):
        raise InputError(f"a {model.name} model has no network of its own to export; {mend}")
    last = len(model.network.layers) - 1
    if not model.deterministic and not (
        isinstance(model, WeightPosterior)
        and model.network.first_layer_with(model.draw_weights(0, 0)) == last
    ):
        raise InputError(f"a {model.name} model draws whole networks; {mend}")
    if not isinstance(model.experiment.features, CQTFeatures):
        raise InputError(
            f"features of kind {model.experiment.features.kind!r} are not computed without torch; "
            "train with features.kind: cqt"
        )
    return model


def _networks(model: NetworkPosterior, draws: int) -> _Exported:
    """Export the networks, and see that they say what they said before."""
    network = model.network.eval()
    outputs = [CLASSES] if network.onset_head is None else [CLASSES, ONSETS]
    pitch = [PITCH] if _pitch_bins(network) else []
    example = torch.zeros(1, TRACED, network.bins)
    if not isinstance(model, WeightPosterior):
        contents = {NETWORK: _traced(_Point(network), {FEATURES: example}, [*outputs, *pitch])}
        return _compared(model, _Exported(contents))
    count = max(1, draws // model.chains)
    stored = model.available()
    count = count if stored is None else min(count, stored)
    chosen = [
        [model.draw_weights(chain, draw) for draw in range(count)] for chain in range(model.chains)
    ]
    # dots are no part of the names of ONNX's inputs in every language
    names = {name: name.replace(".", "_") for name in chosen[0][0]}
    arrays = {
        names[name]: np.stack([[draw[name].numpy() for draw in chain] for chain in chosen])
        for name in names
    }
    buffer = io.BytesIO()
    exact: dict[str, Any] = {name: array.astype(np.float32) for name, array in arrays.items()}
    np.savez(buffer, **exact)
    with torch.inference_mode():
        trunk = network.trunk(example)
    inputs = {FRAMES: trunk.clone()}
    inputs |= {names[name]: tensor.float() for name, tensor in chosen[0][0].items()}
    contents = {
        TRUNK: _traced(_Trunk(network), {FEATURES: example}, [FRAMES, *pitch]),
        HEAD: _traced(_Head(network, list(names)), inputs, outputs, free=(FRAMES,)),
        DRAWS: buffer.getvalue(),
    }
    return _compared(model, _Exported(contents, model.chains, count))


def _pitch_bins(network: Network) -> bool:
    return isinstance(network, Equivariant) and network.pitch_output is not None


def _traced(
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    outputs: Sequence[str],
    free: Sequence[str] = (FEATURES,),
) -> bytes:
    """The network as ONNX, its number of recordings and frames free."""
    try:
        import onnx  # noqa: F401 - asked for by torch's exporter, with a page of errors
    except ImportError:
        raise InputError("export needs onnx: pip install 'bayes_a2m[onnx]'") from None
    axes: dict[int, Literal["batch", "frame"]] = {0: "batch", 1: "frame"}
    buffer = io.BytesIO()
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        torch.no_grad(),
    ):
        warnings.simplefilter("ignore")  # of the tracing of lengths, which are free, as is tested
        torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            buffer,  # type: ignore[arg-type]
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=dict.fromkeys((*free, *outputs), axes),
            opset_version=OPSET,
            dynamo=False,
        )
    return buffer.getvalue()


def _compared(model: NetworkPosterior, made: _Exported) -> _Exported:
    """Run what was exported beside torch.

    Raises
    ------
    InputError
        If a probability differs by more than :data:`TOLERANCE`.
    """
    onsets = model.network.onset_head is not None
    generator = np.random.default_rng(0)
    sessions = {
        name: open_session(content, name)
        for name, content in made.contents.items()
        if name.endswith(".onnx")
    }
    if NETWORK in sessions:
        network: Any = PointNetwork(sessions[NETWORK], onsets=onsets)
    else:
        with np.load(io.BytesIO(made.contents[DRAWS])) as arrays:
            weights = dict(arrays)
        network = LastLayerNetwork(sessions[TRUNK], sessions[HEAD], weights, onsets=onsets)
    few = made.chains * min(2, made.draws)
    for frames in COMPARED:
        features = generator.standard_normal((frames, model.network.bins), dtype=np.float32)
        with torch.inference_mode():
            expected = model.log_probs(torch.from_numpy(features)[None], few).numpy()
        found = network.log_probs(features, few)
        apart = float(np.abs(np.exp(found) - np.exp(expected)).max())
        if not apart <= TOLERANCE:
            raise InputError(
                f"the exported {model.network.name} network says something else than torch "
                f"(by {apart:.2g} at {frames} frames): it cannot be exported by this version"
            )
    return made


def _settings(model: NetworkPosterior, made: _Exported, weights: str) -> RuntimeSettings:
    experiment = model.experiment
    known = experiment.features.model_dump(mode="json")
    length, overlap = experiment.windows.frames(model.grid)
    return RuntimeSettings(
        method=model.name,
        vocabulary=model.vocabulary,
        features=FeatureSettings(**known),
        window=length,
        overlap=overlap,
        chains=made.chains,
        draws=made.draws,
        onsets=model.network.onset_head is not None,
        pitch=_pitch_bins(model.network),
        weights=weights,
        version=__version__,
    )


def _write(folder: Path, settings: RuntimeSettings, made: _Exported) -> None:
    """Write networks, arrays and settings; the settings last, for they name the others' hashes."""
    hashes = {}
    for name, content in made.contents.items():
        with atomic_path(folder / name) as beside:
            beside.write_bytes(content)
        hashes[name] = content_hash(folder / name)
    values = replace(settings, files=hashes).to_dict()
    write_versioned(folder / SETTINGS, values, directory.FORMAT)


def _write_parts(folder: Path, model: NetworkPosterior) -> None:
    fitted = model.fitted
    assert fitted is not None
    write_versioned(folder / "normalizer.json", fitted.normalizer.to_dict(), PART_FORMAT)
    write_versioned(folder / "decoder.json", fitted.decoder.to_dict(), PART_FORMAT)
    calibrator: Calibrator = fitted.calibrator
    write_versioned(folder / "recalibration.json", calibrator.to_dict(), PART_FORMAT)
    if fitted.notes is not None:
        write_versioned(folder / "notes.json", fitted.notes.to_dict(), PART_FORMAT)
    if fitted.conditions is not None:
        write_json(folder / "conditions.json", fitted.conditions.to_dict())
