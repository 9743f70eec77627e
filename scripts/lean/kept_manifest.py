"""Keeps the parsed project in a form that is read in a tenth of the time of dbt's own.

dbt stores the parsed project as msgpack, makes 1,000 objects of it at each start, and writes the
same project to manifest.json at the start and once more at the end of a build. Here the objects are
kept as Python pickles them, and the text of manifest.json with them: where no file has changed, its
first part, which names the run, is all that is new.

What is kept is named by the digest of dbt's own file and by the releases that made it, so it is
never taken for that of another project. It lies beside that file, and is trusted like it: both hold
the Python models that dbt runs.
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

from dbt.contracts.graph.manifest import Manifest
from dbt.flags import get_flags
from dbt.parser import manifest as parser
from dbt.task import runnable
from dbt_common.utils.encoding import JSONEncoder

from lean import keep, releases

FILE = "kept_manifest.bin"
PACKAGES = ("dbt-adapters", "dbt-common", "dbt-core", "dbt-duckdb", "mashumaro")
START = '{"metadata": '
# Where dbt's methods that are replaced belong.
PARTS = (
    (Manifest, ("from_msgpack", "write", "writable_manifest", "build_flat_graph")),
    (parser.ManifestLoader, ("load",)),
    (runnable, ("write_manifest",)),
)


@dataclass
class Kept:
    """What is kept.

    Attributes:
        key: Digest of dbt's file and of the releases.
        project: The pickled fields of the manifest.
        text: manifest.json after its metadata; empty until it was written once.
    """

    key: bytes
    project: bytes
    text: str = ""


class LaterGraph(Mapping[str, Any]):
    """The project as dicts, for macros that read `graph`: made when one does."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make

    @cached_property
    def _graph(self) -> dict[str, Any]:
        return self._make()

    def __getitem__(self, key: str) -> Any:
        return self._graph[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._graph)

    def __len__(self) -> int:
        return len(self._graph)


class KeptManifest:
    """The kept project of a target folder, and what became of it in this run."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._kept: Kept | None = None
        self._unchanged: Manifest | None = None
        self._salt = " ".join([sys.version, *releases(PACKAGES)]).encode()

    def key_of(self, content: bytes) -> bytes:
        """Return what the project in dbt's file is kept under."""
        return blake2b(self._salt + content, digest_size=16).digest()

    def load(self, content: bytes, read: Callable[[], Manifest]) -> Manifest:
        """Return the manifest that dbt's file holds: what `read` gives."""
        key = self.key_of(content)
        try:
            kept = pickle.loads(self._path.read_bytes())
        except Exception:
            # Not there, not whole, or of classes that are no more.
            kept = None
        if isinstance(kept, Kept) and kept.key == key:
            self._kept = kept
            return Manifest(**pickle.loads(kept.project))
        manifest = read()
        self._kept = Kept(key, pickle.dumps(stored_fields(manifest), pickle.HIGHEST_PROTOCOL))
        return manifest

    def found_unchanged(self, manifest: Manifest) -> None:
        """Take note that no file of the project has changed since it was kept."""
        self._unchanged = manifest

    def write(self, manifest: Manifest, path: str, write: Callable[[], None]) -> None:
        """Write manifest.json as `write` does."""
        if self._kept is None or manifest is not self._unchanged:
            write()
            return
        # Nodes are compiled from now on: only what is written first is what was parsed.
        self._unchanged = None
        if self._kept.text:
            Path(path).write_text(f"{START}{metadata_of(manifest)}{self._kept.text}", "utf-8")
            return
        write()
        text = Path(path).read_text("utf-8")
        head = f"{START}{metadata_of(manifest)}"
        if text.startswith(head):
            self._kept.text = text.removeprefix(head)
        keep(self._path, pickle.dumps(self._kept, pickle.HIGHEST_PROTOCOL))


def stored_fields(manifest: Manifest) -> dict[str, Any]:
    """Return the fields of a manifest that dbt stores: the others are made from them."""
    names = [field.name for field in fields(manifest) if not field.name.startswith("_")]
    return {name: getattr(manifest, name) for name in names}


def metadata_of(manifest: Manifest) -> str:
    """Return the metadata of a manifest as dbt writes them."""
    empty = Manifest(metadata=manifest.metadata).writable_manifest()
    metadata = empty.to_dict(omit_none=False, context={"artifact": True})["metadata"]
    return json.dumps(metadata, cls=JSONEncoder)


def keep_manifest(folder: Path) -> None:
    """Have dbt read the kept project, and write manifest.json once, before it runs anything."""
    if not all(hasattr(owner, name) for owner, names in PARTS for name in names):
        return
    kept = KeptManifest(folder)
    read, write, load = Manifest.from_msgpack, Manifest.write, parser.ManifestLoader.load
    build_graph, write_again = Manifest.build_flat_graph, runnable.write_manifest

    def from_msgpack(cls: type[Manifest], /, data: bytes, **options: Any) -> Manifest:
        return kept.load(data, lambda: read(data, **options))

    def load_project(self: parser.ManifestLoader) -> Manifest:
        manifest = load(self)
        is_same = self.skip_parsing and not manifest.external_node_unique_ids
        if is_same and manifest is self.saved_manifest:
            kept.found_unchanged(manifest)
        return manifest

    def write_project(self: Manifest, path: str) -> None:
        kept.write(self, path, lambda: write(self, path))

    def build_flat_graph(self: Manifest) -> None:
        def made() -> dict[str, Any]:
            build_graph(self)
            graph: dict[str, Any] = self.flat_graph
            self.flat_graph = later
            return graph

        later = LaterGraph(made)
        self.flat_graph = later

    def write_at_end(manifest: Manifest, target_path: str, *arguments: Any) -> None:
        # A build has written it at its start; what was compiled since lies in `compiled`.
        if get_flags().WHICH != "build":
            write_again(manifest, target_path, *arguments)

    runnable.write_manifest = write_at_end
    Manifest.from_msgpack = classmethod(from_msgpack)
    Manifest.write = write_project
    Manifest.build_flat_graph = build_flat_graph
    parser.ManifestLoader.load = load_project
