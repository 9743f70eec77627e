"""The list of what is suspicious in data: kind, why, query and sentence of each."""

from __future__ import annotations

from checking.findings import Suspicion
from checking.project_models import ProjectModels
from load_raw import Loaded
from sources import Source


def suspicions_of(models: ProjectModels, source: Source, loaded: Loaded) -> list[Suspicion]:
    """Return what is suspicious in the accepted rows; `make_accepted_lines` was called before."""
    return []
