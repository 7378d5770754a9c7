"""Whether alerts of a workload fire now, asked of Prometheus or Alertmanager: the second signal (kubernetes.md 5.4).

Asked for the workload, not for a fingerprint: its pods were replaced. An answer proves something only where the
monitoring works; what cannot be asked, or whose source is down, is a ToolError and never "quiet".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from tools.alertmanager_api import AlertmanagerApi
from tools.errors import TransientError
from tools.naming_services import asked_of
from tools.prometheus import SeriesReader
from tools.promql import quoted, re_escaped
from tools.records import Target
from tools.workload_key import ASKED, label, workload_of

EXPORTER_DOWN = 'min(up{job=~".*kube-state-metrics.*"}) == 0'
"""Without it no alert about workloads fires, whatever happens to them."""


class AlertStates(Protocol):
    """Who knows which alerts fire."""

    def firing(self, names: Sequence[str], target: Target, at: datetime) -> list[str]:
        """Those of these alerts that fire for the target, pending ones left out. Raises ToolError: nobody knows."""
        ...


class PrometheusAlerts:
    """By the series that Prometheus itself writes for its alerts."""

    def __init__(self, series: SeriesReader) -> None:
        self._series = series

    def firing(self, names: Sequence[str], target: Target, at: datetime) -> list[str]:
        """See `AlertStates`."""
        if self._series.instant(EXPORTER_DOWN, at).series:
            raise TransientError("kube-state-metrics is down, so that no alert about workloads can fire")
        answer = self._series.instant(_query(names), at)
        if answer.warnings:
            raise TransientError(f"Prometheus' answer may not be whole: {answer.warnings[0]}")
        return _about(target, (series.labels for series in answer.series))


class AlertmanagerAlerts:
    """By what Alertmanager holds; silenced and inhibited alerts fire all the same."""

    def __init__(self, api: AlertmanagerApi) -> None:
        self._api = api

    def firing(self, names: Sequence[str], target: Target, at: datetime) -> list[str]:
        """See `AlertStates`."""
        return _about(target, self._api.firing(names))


def _query(names: Sequence[str]) -> str:
    wanted = "|".join(sorted(re_escaped(name) for name in set(names)))
    return f'ALERTS{{alertstate="firing",alertname=~"{quoted(wanted)}"}}'


def _about(target: Target, found: Iterable[Mapping[str, str]]) -> list[str]:
    return sorted({labels.get("alertname", "") for labels in found if _is_about(target, labels)})


def _is_about(target: Target, labels: Mapping[str, str]) -> bool:
    """The kind of a pod's owner is only guessed from its name, so it is not compared. Of a target behind a Service any
    Service of its namespace counts: which ones reach it is not told here, and a firing alert taken for quiet is worse.
    """
    kind, name = workload_of(labels)
    if kind in ASKED and target.resolved_by == "service":
        return asked_of(labels).namespace == target.namespace
    named = name == target.name
    return named and (not target.namespace or label(labels, "namespace") == target.namespace)
