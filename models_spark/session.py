"""The session: this project's code for its workers, and their errors under their own names."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from models_py.errors import LearningError

LEARNING_ERROR = re.compile(r"models_py\.errors\.LearningError: (.*)")
ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("models_py", "models_spark")
# By application: Spark reads the archive until it ends.
_shipped: dict[str, tempfile.TemporaryDirectory[str]] = {}


def ship(session: SparkSession) -> None:
    """Send the packages that workers run to them, once for a session.

    NumPy, SciPy, scikit-learn and PyArrow must be in the workers' Python already.
    """
    context = session.sparkContext
    if context.applicationId in _shipped:
        return
    folder = tempfile.TemporaryDirectory(prefix="segmentation_")
    archive = Path(folder.name) / "segmentation_models.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for package in PACKAGES:
            for source in sorted((ROOT / package).glob("*.py")):
                file.write(source, f"{package}/{source.name}")
    context.addPyFile(str(archive))
    _shipped[context.applicationId] = folder


@contextmanager
def told_plainly() -> Iterator[None]:
    """Raise what the learning step says of its input as such, and not as a failure of Spark.

    Raises:
        LearningError: a worker raised one.
    """
    try:
        yield
    except PySparkException as error:
        if found := LEARNING_ERROR.search(str(error)):
            raise LearningError(found[1].strip()) from error
        raise
