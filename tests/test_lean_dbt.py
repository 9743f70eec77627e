"""dbt without its debug events: what is dropped, and what is not."""

from __future__ import annotations

import pytest
from dbt.events.types import MainEncounteredError, MainReportVersion
from dbt_common.events import event_manager
from dbt_common.events.base_types import EventLevel
from dbt_common.events.types import Note

import lean_dbt


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> event_manager.EventManager:
    """An event manager whose class is as it was after the test."""
    original = event_manager.EventManager.fire_event
    monkeypatch.setattr(event_manager.EventManager, "fire_event", original)
    return event_manager.EventManager()


def test_debug_events_are_dropped_and_all_others_arrive(
    manager: event_manager.EventManager,
) -> None:
    arrived: list[str] = []
    manager.add_callback(lambda message: arrived.append(message.info.level))
    lean_dbt.drop_debug_events()
    manager.fire_event(Note(msg="x"), level=EventLevel.DEBUG)
    manager.fire_event(Note(msg="x"))
    assert arrived == ["info"]
    manager.fire_event(Note(msg="x"), level=EventLevel.WARN)
    manager.fire_event(MainReportVersion(version="1", log_version=3))
    manager.fire_event(MainEncounteredError(exc="x"))
    assert arrived == ["info", "warn", "info", "error"]


def test_a_dbt_without_that_method_runs_as_it_does_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(event_manager.EventManager, "fire_event")
    lean_dbt.drop_debug_events()
    assert not hasattr(event_manager.EventManager, "fire_event")
