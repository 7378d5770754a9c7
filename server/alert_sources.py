"""From settings to who may be asked which alerts fire: what is not configured is absent."""

from __future__ import annotations

from server.settings import Settings
from tools.alert_states import AlertmanagerAlerts, AlertStates, PrometheusAlerts
from tools.alertmanager_api import AlertmanagerApi
from tools.prometheus import SeriesReader


def alert_states(settings: Settings, prometheus: SeriesReader | None) -> tuple[AlertStates, ...]:
    """One for each source; all of them are asked, and any that does not answer leaves it unknown."""
    sources: list[AlertStates] = []
    if prometheus is not None:
        sources.append(PrometheusAlerts(prometheus))
    if settings.alertmanager_url:
        sources.append(AlertmanagerAlerts(AlertmanagerApi(settings.alertmanager_url)))
    return tuple(sources)
