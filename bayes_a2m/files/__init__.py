"""Files and folders: written whole or not at all, remembered by their hashes, and locked."""

from bayes_a2m.files.atomic import atomic_folder, atomic_path, ensure_free, write_text
from bayes_a2m.files.hashes import content_hash
from bayes_a2m.files.json import read_json, write_json
from bayes_a2m.files.lock import locked
from bayes_a2m.files.manifest import Manifest
from bayes_a2m.files.output import OutputFolder
from bayes_a2m.files.reading import ensure_regular, is_given, read_bytes, read_text, reading

__all__ = [
    "Manifest",
    "OutputFolder",
    "atomic_folder",
    "atomic_path",
    "content_hash",
    "ensure_free",
    "ensure_regular",
    "is_given",
    "locked",
    "read_bytes",
    "read_json",
    "read_text",
    "reading",
    "write_json",
    "write_text",
]
