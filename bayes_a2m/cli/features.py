"""``bayes-a2m features``: the arrays X and Y, for use elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bayes_a2m.cli.options import Engine, Quiet, Scheduler
from bayes_a2m.cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Callable

    from bayes_a2m.audio.features import Features
    from bayes_a2m.audio.store import FeatureStore
    from bayes_a2m.datasets import Dataset


def features(
    data_dir: Annotated[
        Path, typer.Argument(metavar="DATA_DIR", help="The data folder.", show_default=False)
    ],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The .npz file to write.", show_default=False)
    ],
    kind: Annotated[
        Literal["cqt", "mel"], typer.Option(help="Constant-Q transform or mel spectrogram.")
    ] = "cqt",
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, help="Processes that compute, into the store of features.", show_default="1"
        ),
    ] = None,
    engine: Engine = None,
    scheduler: Scheduler = None,
    quiet: Quiet = False,
) -> None:
    """Write the spectra and labels of a data folder as NumPy arrays.

    X (recording, frame, bin): decibels, not normalised; float32.

    Y (recording, frame): 0 is silence, k the k-th of pitches; int64.

    Shorter recordings are padded: X with floor_db, Y with -1; lengths counts
    the frames of each. Beside them: ids, conditions, splits, takes, pitches,
    names, frequencies, hop, sample_rate, floor_db. Frame i stands at
    i * hop / sample_rate seconds. It loads without pickle.

    With --jobs or --engine they are computed in parallel, into the store of
    features (see bayes-a2m store), and written from there.

    Examples:

        bayes-a2m features recordings --out sample.npz

        python -c "import numpy; print(numpy.load('sample.npz')['X'].shape)"
    """
    from bayes_a2m import engine as engines
    from bayes_a2m.audio.features import CQTFeatures, MelFeatures
    from bayes_a2m.audio.store import FeatureStore
    from bayes_a2m.datasets import load_folder
    from bayes_a2m.datasets.stored_features import build
    from bayes_a2m.errors import InputError

    console = Output(quiet)

    if out.suffix.lower() != ".npz":
        raise InputError(f"{out}: the arrays are written as one .npz file; let the name end so")
    settings = CQTFeatures() if kind == "cqt" else MelFeatures()
    data = load_folder(data_dir)
    store = FeatureStore.usual() if jobs or engine or scheduler else None
    if store is not None:
        shared = [data_dir, store.folder]
        with (
            engines.engine(engine, scheduler, jobs=jobs, shared=shared),
            console.bar("computing") as update,
        ):
            build(
                store,
                settings,
                data.recordings,
                jobs=jobs,
                report=lambda done, total: update(int(done), total),
            )
    with console.bar("writing" if store else "computing") as update:
        shape = _write(out, data, settings, store, update)
    console.echo(f"{out}: X {shape}, Y {shape[:2]}")


def _write(
    out: Path,
    data: Dataset,
    settings: Features,
    store: FeatureStore | None,
    progress: Callable[[int, int], None],
) -> tuple[int, int, int]:
    """Write the file one recording at a time, so that a set of any size fits in memory."""
    import zipfile

    import numpy as np

    from bayes_a2m.audio.features import FeatureExtractor
    from bayes_a2m.datasets.stored_features import stored_features
    from bayes_a2m.files import atomic_path

    grid = settings.grid
    extract = FeatureExtractor(settings)
    labels = data.labels_on(grid)
    lengths = np.array([len(y) for y in labels], dtype=np.int64)
    frames = int(lengths.max())
    shape = (len(data), frames, settings.bins)
    small = {
        "format_version": np.array(1),
        "Y": np.stack([np.pad(y, (0, frames - len(y)), constant_values=-1) for y in labels]),
        "ids": np.array(data.ids),
        "lengths": lengths,
        "conditions": np.array([r.condition for r in data]),
        "splits": np.array([r.split for r in data]),
        "takes": np.array([r.take for r in data]),
        "pitches": np.array(data.vocabulary.pitches, dtype=np.int64),
        "names": np.array(data.vocabulary.names),
        "frequencies": settings.frequencies,
        "hop": np.array(settings.hop),
        "sample_rate": np.array(settings.sample_rate),
        "floor_db": np.array(settings.floor_db),
    }
    with atomic_path(out) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in small.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
        with archive.open("X.npy", "w", force_zip64=True) as member:
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(member, header)
            for done, (recording, length) in enumerate(zip(data, lengths, strict=True), start=1):
                block = np.full(shape[1:], settings.floor_db, dtype="<f4")
                if store is None:
                    found = extract(recording.audio(settings.sample_rate))
                else:
                    found = stored_features(store, settings, recording, extract)
                block[:length] = found[:length]
                member.write(block.tobytes())
                progress(done, len(data))
    return shape
