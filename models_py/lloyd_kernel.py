"""scikit-learn's Lloyd iteration, the one function of it that is used, without the rest of it.

Importing scikit-learn takes a second of processor, ten times what clustering 200 customers does.
The module of the iteration needs next to nothing of the package, so it is loaded by itself: the
packages above it are empty while it loads, and are imported as usual when something asks for
them later. Where a release has put it together differently, it is imported as usual.
"""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

PACKAGE = "sklearn"
KERNEL = f"{PACKAGE}.cluster._k_means_lloyd"
# The packages that the kernel's modules lie in, and the module they take a function of.
FOLDERS = (PACKAGE, f"{PACKAGE}.cluster", f"{PACKAGE}.utils")
NORMS = f"{PACKAGE}.utils.extmath"


def row_norms(X: Any, squared: bool = False) -> Any:
    """Lengths of rows, as scikit-learn's function of this name gives them, to the bit."""
    if not squared or hasattr(X, "tocsr"):
        return importlib.import_module(NORMS).row_norms(X, squared=squared)
    values = np.asarray(X)
    return np.einsum("ij,ij->i", values, values)


@contextmanager
def empty_packages() -> Iterator[None]:
    """Have scikit-learn's packages empty in this block, so that importing from one is quick.

    Raises:
        ImportError: scikit-learn is not installed, or not as a folder.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(f"{PACKAGE} is no folder")
    root = Path(spec.submodule_search_locations[0])
    stand_ins = {name: ModuleType(name) for name in (*FOLDERS, NORMS)}
    for name in FOLDERS:
        stand_ins[name].__path__ = [str(root.joinpath(*name.split(".")[1:]))]
    vars(stand_ins[NORMS])["row_norms"] = row_norms
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]


def kernel() -> Callable[..., None]:
    """Return `lloyd_iter_chunked_dense`, with as little imported as this release allows."""
    if PACKAGE not in sys.modules:
        try:
            with empty_packages():
                return _of_module()
        except (ImportError, AttributeError):
            sys.modules.pop(KERNEL, None)
    return _of_module()


def _of_module() -> Callable[..., None]:
    found: Callable[..., None] = importlib.import_module(KERNEL).lloyd_iter_chunked_dense
    return found


lloyd_iter_chunked_dense = kernel()
