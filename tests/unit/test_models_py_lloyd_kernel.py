"""scikit-learn's Lloyd iteration loaded by itself: the same as when the package is imported."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata

from models_py.null_references import average_ranks
from shops import printed

ITERATE = """
import sys
{first}
import numpy as np
from models_py import kmeans
rows = np.random.default_rng(7).normal(size=(500, 5)).astype(np.float32)
rows[:3] += 50
for k in (2, 3, 8):
    print(kmeans.lloyd(rows, rows[:k], iterations=30).tobytes().hex())
"""
BEFORE = "from sklearn.cluster import KMeans"
BY_ITSELF = "print('sklearn' in sys.modules, 'scipy.stats' in sys.modules)"
AFTERWARDS = """
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
for data in (rows, csr_matrix(rows)):
    print(KMeans(4, n_init=1, random_state=1).fit(data).inertia_)
"""


def test_the_kernel_by_itself_gives_what_it_gives_in_its_package_to_the_bit() -> None:
    alone = printed(ITERATE.format(first="") + BY_ITSELF)
    within = printed(ITERATE.format(first=BEFORE))
    assert alone == [*within, "False False"], "the kernel no longer loads by itself"


@pytest.mark.many_builds
@pytest.mark.short
def test_the_package_works_after_the_kernel_was_loaded_by_itself() -> None:
    after = printed(ITERATE.format(first="") + AFTERWARDS)
    assert after == printed(ITERATE.format(first=BEFORE) + AFTERWARDS)


@pytest.mark.many_builds
@pytest.mark.short
def test_a_release_that_is_put_together_differently_is_imported_as_usual() -> None:
    other = """
import importlib.util, sys
find, importlib.util.find_spec = importlib.util.find_spec, lambda name: None
from models_py import lloyd_kernel
print("sklearn" in sys.modules, callable(lloyd_kernel.lloyd_iter_chunked_dense))
"""
    assert printed(other) == ["True True"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ranks_are_those_of_scipy(dtype: type) -> None:
    rng = np.random.default_rng(3)
    rows = np.column_stack(
        [rng.normal(size=400), rng.integers(0, 9, 400), np.zeros(400), -np.zeros(400)]
    ).astype(dtype)
    assert (average_ranks(rows) == rankdata(rows, axis=0)).all()
