"""Everything that Prometheus is asked about a target: begun before the last reads of the cluster, added after them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType
from typing import Self

from tools import revision_health
from tools.guards import wanted
from tools.items import Items
from tools.measure_words import ABSENT, add_absent, add_items
from tools.measures import Measured, Measuring
from tools.prometheus import SeriesReader
from tools.records import PodFacts, RevisionFacts, Target
from tools.revision_health import AskedHealth
from tools.workload_revisions import KINDS


class PrometheusEvidence:
    """Asks where an answer may matter: about use where the metrics server is asked, about health where nothing else
    proves it, and nothing in a storm of crashes. Use it as a context manager.
    """

    def __init__(
        self,
        reader: SeriesReader | None,
        target: Target,
        pods: Sequence[PodFacts],
        revisions: tuple[RevisionFacts, ...],
        now: datetime,
    ) -> None:
        """`reader` None: nobody is asked, and what would have been asked is named as absent."""
        self._use = target.kind in KINDS and "metrics" in wanted(pods)
        self._health = target.kind in revision_health.KINDS and revision_health.is_wanted(
            pods, revisions, now
        )
        self._revisions = revisions
        self._stack = ExitStack()
        self._measuring = self._asked = None
        if reader and self._use:
            self._measuring = self._stack.enter_context(Measuring(reader, target, pods, now))
        if reader and self._health:
            self._asked = self._stack.enter_context(AskedHealth(reader, target, revisions))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add_measures(self, items: Items) -> Measured:
        """What pods use, and how their memory grew."""
        if self._measuring is None:
            if self._use:
                add_absent(items)
            return Measured()
        measured = self._measuring.answers(self._revisions)
        add_items(items, measured)
        return measured

    def add_health(self, items: Items) -> tuple[RevisionFacts, ...]:
        """The revisions, with what Prometheus knows of their health."""
        if self._asked is not None:
            return self._asked.add_item(items)
        if self._health:
            items.add(revision_health.KIND, "absent", "not asked", ABSENT)
        return self._revisions
