"""Guards whose source is not configured are named where a decision is looked at, and stand in nobody's way."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.absent_guards import PROMETHEUS, SILENCES, WATCHDOG
from tests.harness import alert, harness
from tests.server.app_stand import HTML
from tests.server.test_settings_in_force import bad_release
from tests.server.ways import decision as decision_of
from tests.server.ways import fire, pending


@pytest.mark.parametrize("heard", [False, True])
def test_what_is_not_configured_is_named_in_the_decision_and_to_who_approves(
    tmp_path: Path, heard: bool
) -> None:
    """Watchdog's absence counts once it was heard; what only explains names nothing."""
    with harness(tmp_path, MODE="auto", MEMORY="false") as agent:
        if heard:
            agent.alert(alert("Watchdog", starts_at=agent.clock.now().isoformat(), severity="none"))
        first = bad_release(agent)
        absent = [SILENCES, PROMETHEUS, *([] if heard else [WATCHDOG])]
        assert decision_of(agent, first)["absent"] == absent
        assert not any("configured" in words for words in decision_of(agent, first)["blocked_by"])
        page = agent.client.get(f"/approve/{pending(agent)['id']}", headers=HTML).get_data(as_text=True)
        assert "Not configured, so not asked" in page
        assert "ALERTMANAGER_URL" in page
        assert "absent" not in decision_of(
            agent, fire(agent, "QueueGrows", namespace="billing", deployment="web")
        )
