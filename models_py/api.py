"""Every step that the dbt Python models call, by name, on batches of customers.

Another engine has a module of the same names (`dbt_inputs.api_of`).
"""

from models_py.backtest import backtest_step
from models_py.drift_steps import baseline_step, drift_step
from models_py.fit_steps import assign_step, fit_step, k_scan_step, scaling_step
from models_py.ladder import halves_read
from models_py.monitoring import (
    assignments_by_stored_fit,
    check_stored_features,
)
from models_py.needs import source_with_scores as with_scores
from models_py.rules import rules_step
from models_py.top_reasons import top_reasons

__all__ = [
    "assign_step",
    "assignments_by_stored_fit",
    "backtest_step",
    "baseline_step",
    "check_stored_features",
    "drift_step",
    "fit_step",
    "halves_read",
    "k_scan_step",
    "rules_step",
    "scaling_step",
    "top_reasons",
    "with_scores",
]
