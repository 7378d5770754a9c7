"""A second opinion from a model at Groq, asked over LangChain: the only importer of either, and a lazy one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from tools.adviser import Answer, Question, Reply, checked, schema, short_digest
from tools.bounded_calls import BoundedCalls
from tools.breaker import Breaker
from tools.clock import Clock
from tools.errors import ToolError, TransientError
from tools.llm_faults import Fault, fault_of
from tools.llm_offered import offered_models
from tools.llm_roster import Roster
from tools.llm_usage import Usage

if TYPE_CHECKING:
    import httpx
    from langchain_groq import ChatGroq

SHORTEST_TRY = 1.0
"""Seconds: with less left, nobody is asked any more."""
PAUSE = 0.5
"""Seconds before the same model is asked once more."""
UNTOLD_REST = 10.0
"""Seconds that a model rests at its limit when the server does not say for how long."""
LOOK_EVERY = timedelta(minutes=5)
LOOK_AGAIN = timedelta(seconds=30)


@dataclass(frozen=True)
class Limits:
    """How long and how much, in seconds and tokens."""

    deadline: float = 25.0
    """All tries together."""
    read: float = 20.0
    connect: float = 5.0
    max_tokens: int = 2048
    """Of an answer; what the model thinks before it counts too."""
    at_once: int = 4
    """Limits of the vendor are per organisation, so this is per process."""
    patience: float = 5.0
    """For one of these places."""


@dataclass
class _Asking:
    """One question on its way through the models."""

    question: Question
    deadline: float
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    digest: str = ""
    fault: Fault | None = field(default=None)


class GroqLLM:
    """Asks the models in turn: one retry each where that helps, all within one deadline, behind a breaker."""

    vendor = "groq"

    def __init__(
        self,
        key: str,
        models: Sequence[str],
        clock: Clock,
        *,
        base: str = "https://api.groq.com",
        limits: Limits | None = None,
        timer: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._key = SecretStr(key)
        # the SDK appends the path itself, and users of other SDKs are used to give it
        self._base = base.rstrip("/").removesuffix("/openai/v1")
        self._limits = limits or Limits()
        self._clock, self._timer, self._sleep = clock, timer, sleep
        self._calls = BoundedCalls("groq", self._limits.at_once)
        self._lock = threading.Lock()
        self._chats: dict[str, ChatGroq] = {}
        self._http: httpx.Client | None = None
        self._trouble: ToolError | None = None
        self._unlisted: tuple[str, ...] = ()
        self._look_at: datetime | None = None
        self.breaker = Breaker(clock)
        self.roster = Roster(models, clock)
        self.usage = Usage()

    def ask(self, question: Question) -> Reply:
        refusal = self.breaker.refusal()
        if refusal:
            return Reply(failure=refusal)
        started = self._timer()
        asking = _Asking(question, started + self._limits.deadline)
        answer, asked = None, ""
        for model in self.roster.available():
            asked, answer = model, self._try(model, asking)
            if answer or not self._goes_on(asking):
                break
        self._learn(answer, asking.fault)
        failure = "" if answer else str(asking.fault or self.roster.why_none())
        return Reply(
            answer=answer,
            failure=failure,
            model=asked,
            seconds=round(self._timer() - started, 3),
            calls=asking.calls,
            prompt_tokens=asking.prompt_tokens,
            completion_tokens=asking.completion_tokens,
            digest=asking.digest,
        )

    @property
    def up(self) -> bool:
        """Its breaker is closed and a model is left."""
        return not self.breaker.open_because and bool(self.roster.available())

    def check(self) -> str:
        """State of breaker and models, and every five minutes whether the server takes the key and lists them."""
        self._look()
        if self._trouble:
            raise self._trouble
        if self.breaker.open_because:
            raise TransientError(self.breaker.open_because)
        available = self.roster.available()
        if not available:
            raise TransientError(self.roster.why_none())
        gone = [f"{model}: {why}" for model, why in self.roster.gone().items()]
        notes = [f"gone: {'; '.join(gone)}"] if gone else []
        unlisted = [model for model in self._unlisted if model not in self.roster.gone()]
        notes += [f"not offered by the server: {', '.join(unlisted)}"] if unlisted else []
        return "; ".join([f"asks {', then '.join(available)}", *notes])

    @property
    def unlisted(self) -> tuple[str, ...]:
        """Of the configured models those that the server did not list when it was last asked."""
        return self._unlisted

    def close(self) -> None:
        with self._lock:
            if self._http is not None:
                self._http.close()
            self._http = None
            self._chats.clear()

    def _try(self, model: str, asking: _Asking) -> Answer | None:
        """Once, and once more where that may help and fits."""
        for last in (False, True):
            before = self._timer()
            try:
                answer = self._call(model, asking)
            except Exception as error:  # noqa: BLE001 - whatever its client raises, the run goes on without it
                fault = asking.fault = fault_of(error)
            else:
                self.usage.called(model, "answered", self._timer() - before)
                return answer
            self.usage.called(model, fault.kind, self._timer() - before)
            pause = _pause(fault)
            if last or pause is None or self._left(asking) < pause + SHORTEST_TRY:
                break
            self._sleep(pause)
        if fault.kind == "gone":
            self.roster.remove(model, str(fault))
        if fault.kind == "rate_limited":
            self.roster.rest(model, fault.retry_after or UNTOLD_REST)
        return None

    def _call(self, model: str, asking: _Asking) -> Answer:
        left = self._left(asking)
        asking.calls += 1
        raw = self._calls.run(
            lambda: self._invoke(model, asking.question), left, patience=min(self._limits.patience, left)
        )
        spent = getattr(raw, "usage_metadata", None) or {}
        prompt, completion = int(spent.get("input_tokens", 0)), int(spent.get("output_tokens", 0))
        asking.prompt_tokens += prompt
        asking.completion_tokens += completion
        self.usage.spent(model, prompt, completion)
        asking.digest = short_digest(str(raw.content))
        return checked(raw.content, str(raw.response_metadata.get("finish_reason")))

    def _invoke(self, model: str, question: Question) -> Any:
        """The raw message: the parsed one is not used, since LangChain completes JSON that was cut off."""
        structured = self.chat(model).with_structured_output(
            schema(question), method="json_schema", strict=True, include_raw=True
        )
        result: Any = structured.invoke([("system", question.system), ("user", question.user)])
        return result["raw"]

    def chat(self, model: str) -> ChatGroq:
        """The client of a model, for those too who ask it otherwise than by `ask`.

        One for each model and process: making one loads certificates twice (40 ms).
        """
        with self._lock:
            if model not in self._chats:
                from langchain_groq import ChatGroq

                from tools.llm_http import client, timeouts

                self._http = self._http or client(self._limits.read, self._timer)
                self._chats[model] = ChatGroq(
                    model_name=model,
                    api_key=self._key,
                    base_url=self._base,
                    temperature=0,
                    max_tokens=self._limits.max_tokens,
                    max_retries=0,
                    timeout=timeouts(self._limits.read, self._limits.connect),
                    http_client=self._http,
                )
            return self._chats[model]

    def _goes_on(self, asking: _Asking) -> bool:
        fault = asking.fault
        return fault is not None and fault.conduct.others and self._left(asking) >= SHORTEST_TRY

    def _left(self, asking: _Asking) -> float:
        return asking.deadline - self._timer()

    def _learn(self, answer: Answer | None, fault: Fault | None) -> None:
        if fault and not answer and fault.conduct.down:
            self.breaker.failed(str(fault))
        elif answer or (fault and fault.kind != "busy"):
            self.breaker.succeeded()
            self._trouble = None

    def _look(self) -> None:
        now = self._clock.now()
        if self._look_at and now < self._look_at:
            return
        try:
            offered = offered_models(self._base, self._key.get_secret_value())
        except ToolError as error:
            self._trouble, self._look_at = error, now + LOOK_AGAIN
            return
        self._unlisted = tuple(model for model in self.roster.models if model not in offered)
        self._trouble, self._look_at = None, now + LOOK_EVERY


def _pause(fault: Fault) -> float | None:
    """Seconds before the same model may be asked once more; None: not again."""
    if not fault.conduct.again:
        return None
    return fault.retry_after if fault.kind == "rate_limited" else PAUSE
