"""The model, where one is configured: made from settings, and its calls as series for /metrics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from server.settings import Settings
from tools.adviser import Adviser
from tools.clock import Clock

if TYPE_CHECKING:
    from tools.llm import GroqLLM


def adviser_of(settings: Settings, clock: Clock) -> GroqLLM | None:
    """Without a key nothing of it is loaded; with one, its packages are by the first question."""
    if settings.groq_api_key is None:
        return None
    from tools.llm import GroqLLM

    key = settings.groq_api_key.get_secret_value()
    return GroqLLM(key, settings.groq_models, clock, base=settings.groq_api_base)


class AdviserCollector(Collector):
    """Calls, tokens and seconds of this process."""

    def __init__(self, adviser: Adviser) -> None:
        self._adviser = adviser

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked when the collector is registered."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """All series; without any call they are there, empty."""
        totals = self._adviser.usage.totals()
        calls = CounterMetricFamily(
            "sre_agent_llm_calls", "Calls of a model, by how they ended.", labels=("model", "outcome")
        )
        for (model, outcome), count in sorted(totals.calls.items()):
            calls.add_metric((model, outcome), count)
        tokens = CounterMetricFamily(
            "sre_agent_llm_tokens", "Tokens of answers, used or not.", labels=("model", "kind")
        )
        for (model, kind), count in sorted(totals.tokens.items()):
            tokens.add_metric((model, kind), count)
        seconds = CounterMetricFamily(
            "sre_agent_llm_call_seconds", "Seconds spent waiting for a model.", labels=("model",)
        )
        for model, spent in sorted(totals.seconds.items()):
            seconds.add_metric((model,), spent)
        up = GaugeMetricFamily("sre_agent_llm_up", "1 while a model is asked when there is something to ask.")
        up.add_metric((), float(self._adviser.up))
        return (calls, tokens, seconds, up)
