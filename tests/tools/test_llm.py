"""The model's adapter against a scripted server over real HTTP: what it asks, and every way in which that fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.tools.groq_server import (
    BIG,
    KEY,
    SMALL,
    Answering,
    GroqServer,
    Served,
    agree,
    answer,
    choices,
    chooses,
    cut_off,
    drip,
    drop,
    groq_server,
    hang,
    raw,
    refused,
    says,
)
from tools.adviser import Question
from tools.clock import ManualClock
from tools.errors import Forbidden, PermanentError, TransientError
from tools.llm import GroqLLM, Limits

QUESTION = Question(system="Choose one.", user="c1 or c2?", choices=("c1", "c2"), evidence=("e1", "e2"))


@dataclass
class Stand:
    """The adapter, the server that it asks, and the pauses that it made without making them."""

    server: GroqServer
    clock: ManualClock = field(default_factory=ManualClock)
    pauses: list[float] = field(default_factory=list)

    def llm(self, *models: str, deadline: float = 20.0, read: float = 20.0, at_once: int = 4) -> GroqLLM:
        """With these models, or the usual two."""
        return GroqLLM(
            KEY,
            models or (BIG, SMALL),
            self.clock,
            base=self.server.base,
            limits=Limits(deadline=deadline, read=read, at_once=at_once, patience=0.05),
            sleep=self.pauses.append,
        )


@pytest.fixture(scope="module")
def running() -> Iterator[GroqServer]:
    """One server for all tests."""
    with groq_server() as server:
        yield server


@pytest.fixture
def stand(running: GroqServer) -> Stand:
    """A server that has not been asked anything and agrees."""
    running.script.clear()
    running.asked.clear()
    running.headers.clear()
    running.listed, running.offered, running.moved_to, running.usual = 0, (BIG, SMALL), "", agree
    return Stand(running)


def test_an_answer_comes_back_with_its_model_and_cost(stand: Stand) -> None:
    """The choice, its reasons, and what was spent on them."""
    llm = stand.llm()
    reply = llm.ask(QUESTION)
    llm.close()

    assert reply.failure == ""
    assert reply.answer is not None
    assert (reply.answer.choice, reply.answer.reasons[0].evidence) == ("c1", ("e1",))
    assert (reply.model, reply.calls, reply.prompt_tokens, reply.completion_tokens) == (BIG, 1, 1200, 80)
    assert len(reply.digest) == 12
    assert llm.usage.totals().calls == {(BIG, "answered"): 1}
    assert llm.usage.totals().tokens == {(BIG, "prompt"): 1200, (BIG, "completion"): 80}


def test_the_request_is_strict_bounded_and_signed(stand: Stand) -> None:
    """A closed schema with the very ids, temperature 0, a limit of tokens, the key in its header only."""
    llm = stand.llm()
    llm.ask(QUESTION)
    llm.close()

    (body,) = stand.server.asked
    form = body["response_format"]["json_schema"]
    assert form["strict"] is True
    assert form["schema"]["additionalProperties"] is False
    assert choices(body) == ["c1", "c2", "none"]
    assert body["max_tokens"] == 2048
    assert body["temperature"] < 1e-6
    assert [m["role"] for m in body["messages"]] == ["system", "user"]
    assert stand.server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps(body)


def test_a_base_with_the_usual_path_is_understood(stand: Stand) -> None:
    """The SDK appends the path itself; given twice it would be a 404."""
    llm = GroqLLM(KEY, [BIG], stand.clock, base=f"{stand.server.base}/openai/v1/")
    assert llm.ask(QUESTION).answer is not None
    assert llm.check() == f"asks {BIG}"
    llm.close()


@pytest.mark.parametrize(
    ("fault", "calls", "words"),
    [
        (refused(500), [BIG, BIG, SMALL, SMALL], "the server failed"),
        (
            refused(503, "over_capacity", x_should_retry="false"),
            [BIG, BIG, SMALL, SMALL],
            "the server failed",
        ),
        (refused(429, "rate_limit_exceeded"), [BIG, SMALL], "rate limit"),
        (refused(429, "rate_limit_exceeded", retry_after="61"), [BIG, SMALL], "rate limit"),
        (refused(400, "tool_use_failed"), [BIG, SMALL], "wrong form"),
        (refused(400, "json_validate_failed"), [BIG, SMALL], "wrong form"),
        (refused(400, "invalid_request"), [BIG, SMALL], "rejected"),
        (refused(401, "invalid_api_key"), [BIG], "GROQ_API_KEY"),
        (refused(403, "forbidden"), [BIG], "GROQ_API_KEY"),
        (refused(413, "request_too_large"), [BIG, SMALL], "too large"),
        (refused(404, "model_not_found"), [BIG, SMALL], "is gone"),
        (refused(400, "model_decommissioned"), [BIG, SMALL], "is gone"),
        (refused(404, "unknown_url"), [BIG, SMALL], "rejected"),
        (raw("<html>not here</html>", status=404), [BIG, SMALL], "rejected"),
        (raw("<html>sign in</html>"), [BIG, BIG, SMALL, SMALL], "not one of a model"),
        (raw('{"choices": [{"mess', content_type="application/json"), [BIG, BIG, SMALL, SMALL], "not one of"),
        (raw('{"id": 1', content_type="application/json", missing=9), [BIG, BIG], "cannot be reached"),
        (raw("{}", content_type="application/json"), [BIG, BIG, SMALL, SMALL], "not one of a model"),
        (raw('{"choices": []}', content_type="application/json"), [BIG, BIG, SMALL, SMALL], "not one of"),
        (raw("", status=302), [BIG, BIG, SMALL, SMALL], "not one of a model"),
        (drop, [BIG, BIG], "cannot be reached"),
        (cut_off, [BIG, SMALL], "cut off"),
        (says('{"choice": "c1"}', finish_reason="content_filter"), [BIG, SMALL], "cut off"),
        (says(None), [BIG, SMALL], "wrong form"),
        (says("Restart it, I would say."), [BIG, SMALL], "wrong form"),
        (says('{"choice": "c1", "doubts": "none"}'), [BIG, SMALL], "wrong form"),
        (chooses("c1", namespace="kube-system"), [BIG, SMALL], "wrong form"),
        (chooses("c1", doubts="hardly"), [BIG, SMALL], "wrong form"),
    ],
)
def test_every_fault_is_a_reply_without_an_answer(
    stand: Stand, fault: Answering, calls: list[str], words: str
) -> None:
    """No exception and no answer gets out; a retry and another model only where they may help."""
    stand.server.usual = fault
    llm = stand.llm()
    reply = llm.ask(QUESTION)
    llm.close()

    assert reply.answer is None
    assert words in reply.failure
    assert stand.server.models_asked() == calls


def test_a_truncated_answer_is_none_though_its_json_is_whole(stand: Stand) -> None:
    """The whole JSON with finish_reason length: whatever comes after it is unknown."""
    stand.server.usual = lambda body: says(json.dumps(answer(body, "c1")), finish_reason="length")(body)
    llm = stand.llm()
    reply = llm.ask(QUESTION)
    llm.close()
    assert reply.answer is None
    assert reply.prompt_tokens == 2400, "what was spent on it counts all the same"


def test_one_failure_of_the_server_is_asked_again(stand: Stand) -> None:
    """The second try answers."""
    stand.server.script.append(refused(502))
    llm = stand.llm()
    reply = llm.ask(QUESTION)
    llm.close()
    assert (reply.model, reply.calls, stand.pauses) == (BIG, 2, [0.5])
    assert reply.answer is not None


def test_a_rate_limit_that_fits_is_waited_for(stand: Stand) -> None:
    """Exactly as long as the server asks, once."""
    stand.server.script.append(refused(429, "rate_limit_exceeded", retry_after="7"))
    llm = stand.llm(deadline=10)
    reply = llm.ask(QUESTION)
    llm.close()
    assert (reply.model, stand.pauses) == (BIG, [7.0])


def test_a_rate_limit_that_does_not_fit_rests_that_model(stand: Stand) -> None:
    """The other one is asked at once, the first again when its time has come."""
    stand.server.script.append(refused(429, "rate_limit_exceeded", retry_after="30"))
    llm = stand.llm(deadline=10)
    assert llm.ask(QUESTION).model == SMALL
    assert llm.ask(QUESTION).model == SMALL
    stand.clock.advance(31)
    assert llm.ask(QUESTION).model == BIG
    llm.close()
    assert stand.pauses == []


def test_a_model_that_is_gone_is_skipped_and_shown(stand: Stand) -> None:
    """Asked once in this process; /health says which and why."""
    stand.server.script.append(refused(404, "model_not_found"))
    llm = stand.llm()
    assert [llm.ask(QUESTION).model for _ in range(3)] == [SMALL, SMALL, SMALL]
    assert stand.server.models_asked() == [BIG, SMALL, SMALL, SMALL]
    shown = llm.check()
    llm.close()
    assert shown.startswith(f"asks {SMALL}; gone: {BIG}: the model is gone (404 model_not_found")


def test_when_all_models_are_gone_nobody_is_asked(stand: Stand) -> None:
    """It says so, in the reply and on /health."""
    stand.server.usual = refused(400, "model_decommissioned")
    llm = stand.llm()
    llm.ask(QUESTION)
    reply = llm.ask(QUESTION)
    assert (reply.calls, len(stand.server.asked)) == (0, 2)
    assert reply.failure == f"no model is left to ask: {BIG} is gone; {SMALL} is gone"
    with pytest.raises(TransientError, match="no model is left"):
        llm.check()
    llm.close()


@pytest.mark.parametrize("fault", [hang, drip])
def test_a_server_that_hangs_or_drips_is_given_up_on(stand: Stand, fault: Answering) -> None:
    """Socket timeouts do not end a drip; the deadline does."""
    stand.server.usual = fault
    llm = stand.llm(deadline=1.2, read=1.0)
    reply = llm.ask(QUESTION)
    llm.close()
    assert reply.answer is None
    assert "no answer in time" in reply.failure


def test_a_body_that_drips_ends_before_the_deadline(stand: Stand) -> None:
    """So that it does not hold its thread for ever: there is time for another try."""
    stand.server.usual = drip
    llm = stand.llm(BIG, deadline=15, read=0.2, at_once=1)
    reply = llm.ask(QUESTION)
    llm.close()
    assert (reply.calls, stand.pauses) == (2, [0.5])
    assert "no answer in time" in reply.failure


def test_nobody_listening_is_a_fault_like_others(stand: Stand) -> None:
    """Refused connections are tried twice; another model would not be elsewhere."""
    llm = GroqLLM(KEY, [BIG, SMALL], stand.clock, base="http://127.0.0.1:9", sleep=stand.pauses.append)
    reply = llm.ask(QUESTION)
    assert (reply.calls, stand.pauses) == (2, [0.5])
    assert "cannot be reached (ConnectError" in reply.failure
    with pytest.raises(TransientError, match="cannot be reached"):
        llm.check()
    llm.close()


def test_the_breaker_spares_a_server_that_is_down(stand: Stand) -> None:
    """After three questions without an answer nobody waits any more; after a minute one tries."""
    stand.server.usual = refused(500)
    llm = stand.llm(BIG)
    for _ in range(3):
        llm.ask(QUESTION)
    asked = len(stand.server.asked)
    assert "not asked until" in llm.ask(QUESTION).failure
    assert len(stand.server.asked) == asked
    with pytest.raises(TransientError, match="the server failed"):
        llm.check()

    stand.server.usual = agree
    stand.clock.advance(61)
    assert llm.ask(QUESTION).answer is not None
    assert llm.ask(QUESTION).answer is not None
    llm.close()


def test_calls_that_hang_hold_a_few_threads_and_no_more(stand: Stand) -> None:
    """Given up on, they keep their place until they end: the next question is not let in."""
    stand.server.usual = hang
    llm = stand.llm(BIG, deadline=1.1, at_once=1)
    assert "in time" in llm.ask(QUESTION).failure
    assert llm.ask(QUESTION).failure == "too many questions at once"
    assert len(stand.server.asked) == 1
    llm.close()


def test_health_tells_a_refused_key(stand: Stand) -> None:
    """Without asking a model, and without loading its packages."""
    stand.server.offered = 401
    llm = stand.llm()
    with pytest.raises(Forbidden, match="check GROQ_API_KEY"):
        llm.check()
    assert stand.server.asked == []


def test_health_tells_a_wrong_address_and_a_missing_model(stand: Stand) -> None:
    """What the list says, looked at again only after a while."""
    stand.server.offered = 404
    llm = stand.llm()
    with pytest.raises(PermanentError, match="GROQ_API_BASE"):
        llm.check()
    stand.server.offered = (SMALL,)
    with pytest.raises(PermanentError, match="GROQ_API_BASE"):
        llm.check()
    stand.clock.advance(31)
    assert llm.check() == f"asks {BIG}, then {SMALL}; not offered by the server: {BIG}"
    llm.check()
    assert stand.server.listed == 2


def test_a_redirect_does_not_carry_the_key_away(stand: Stand) -> None:
    """Neither of the list nor of a question."""
    with groq_server() as other:
        stand.server.moved_to = other.base
        stand.server.usual = lambda body: Served(
            307, b"", {"Location": f"{other.base}/openai/v1/chat/completions"}
        )
        llm = stand.llm(BIG)
        llm.check()
        reply = llm.ask(QUESTION)
        llm.close()
        assert other.listed == 1
        assert all("authorization" not in headers for headers in other.headers)
        assert reply.answer is None
        assert other.asked == []


def test_an_answer_proves_health(stand: Stand) -> None:
    """Whatever the list said before."""
    stand.server.offered = 403
    llm = stand.llm()
    with pytest.raises(Forbidden):
        llm.check()
    llm.ask(QUESTION)
    assert llm.check().startswith("asks")
    llm.close()


def test_fences_around_json_are_tolerated(stand: Stand) -> None:
    """Models without constrained decoding write them."""
    stand.server.usual = lambda body: says(f"```json\n{json.dumps(answer(body, 'c2'))}\n```")(body)
    llm = stand.llm("llama-something")
    reply = llm.ask(QUESTION)
    llm.close()
    assert reply.answer is not None
    assert reply.answer.choice == "c2"
    assert "strict" not in stand.server.asked[0]["response_format"]["json_schema"]
