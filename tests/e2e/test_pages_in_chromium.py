"""The pages as people meet them: a real browser, a real server, a whole agent on the live sandbox."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from server import following
from tests.harness import Harness, deployment, harness
from tests.served import serving
from tests.server.chromium import Visitor, started, visiting

pytestmark = pytest.mark.timeout(300)
HOSTILE = '</pre><img src="x" onerror="window.ran = 1"><script>window.ran = 1</script>'
"""What an application prints, or an alert says, to be run by whoever reads it."""
STRANGERS = "img, iframe, script:not([src])"
"""Elements that no page of ours has."""


@dataclass
class Stage:
    """A release that breaks a workload, and the pages about it."""

    agent: Harness
    address: str
    incident_id: str

    @property
    def incident(self) -> str:
        return f"/incidents/{self.incident_id}"

    @property
    def status(self) -> str:
        return self.agent.incident(self.incident_id).status

    @property
    def approval(self) -> str:
        """The page of the one approval that waits."""
        (waiting,) = self.agent.agent.services.approvals.pending()
        return f"/approve/{waiting.id}"


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """The alert has come in and nobody has looked at it yet; `drive` and `advance` let things happen."""
    with harness(folder, MODE="auto") as agent, serving(agent.agent.app) as port:
        agent.sandbox.apply(deployment("web"))
        agent.advance(1200, step=60)
        agent.sandbox.apply(deployment("web", image="registry.example/web:1.1", fault="crashloop"))
        agent.sandbox.set_log("shop", "web", f"panic: no config\n{HOSTILE}\n", previous=True)
        agent.advance(180, step=15)
        broken = next(p for p in agent.pods("shop") if p["metadata"]["labels"].get("sim/fault"))
        alert = agent.crash_alert(broken)
        alert["annotations"]["summary"] = f"web crashes {HOSTILE}"
        alert["labels"]["team"] = HOSTILE
        yield Stage(agent, f"http://127.0.0.1:{port}", agent.alert(alert)[0])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all."""
    with started() as made:
        yield made


@pytest.fixture(scope="module")
def asked(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """An incident that waits for a person, whom no test here answers."""
    with stage(tmp_path_factory.mktemp("asked")) as made:
        made.agent.drive()
        yield made


@pytest.fixture
def begun(browser: Browser, tmp_path: Path) -> Iterator[Stage]:
    """An incident of one test alone, before anything has happened."""
    with stage(tmp_path) as made:
        yield made


def ask(visitor: Visitor, question: str) -> None:
    """Type a question into the first page, and press the button."""
    visitor.page.get_by_label("Your question").fill(question)
    visitor.page.get_by_role("button", name="Ask", exact=True).click()


def every_page(stage: Stage) -> list[str]:
    """The paths of all pages, an error's included."""
    return [
        "/",
        "/?refresh=1",
        "/incidents",
        "/incidents?q=web",
        stage.incident,
        "/pending",
        stage.approval,
        "/autonomy",
        "/agreement",
        "/docs",
        "/login",
        "/incidents/none",
    ]


def test_a_question_is_answered_where_it_was_asked(browser: Browser, asked: Stage) -> None:
    """The answer comes into the page with what it rests on, and is still there after a reload."""
    with visiting(browser, asked.address) as visitor:
        page = visitor.page
        page.goto("/")
        ask(visitor, "Any problem pods?")
        turn = page.locator("#turns .turn")
        expect(turn.locator(".question")).to_have_text("Any problem pods?")
        expect(turn.locator("summary")).to_contain_text("Rests on")
        expect(turn.locator(".said")).to_contain_text("web-")

        ask(visitor, "How many pods are there in shop?")
        expect(turn.nth(1).locator("summary")).to_contain_text("Rests on")

        answers = page.locator("#turns .said").all_text_contents()
        page.reload()
        assert page.locator("#turns .said").all_text_contents() == answers
        assert visitor.complaints == []


def test_an_incident_is_followed_and_approved_by_clicking(browser: Browser, begun: Stage) -> None:
    """From the list to its page; the page tells by itself what happens, up to the recovery after the click."""
    with visiting(browser, begun.address) as visitor:
        page = visitor.page
        page.goto("/incidents")
        page.locator(f'a[href="{begun.incident}"]').click()
        heading, timeline = page.get_by_role("heading", level=1), page.locator("#timeline")
        expect(heading).to_contain_text("received")
        expect(page.locator("#live")).to_have_text("live")

        begun.agent.drive()
        expect(heading).to_contain_text("awaiting approval")
        panel = page.locator("#approval")
        expect(panel.locator(".diff .added")).to_contain_text("registry.example/web:1.0")
        expect(page.locator("#live")).to_have_text("live")

        panel.get_by_label("Reason").first.fill("the diff is what I want")
        panel.get_by_role("button", name="Approve").click()
        expect(page.locator("main")).to_contain_text("the diff is what I want")
        page.goto(begun.incident)
        begun.agent.advance(400)
        expect(heading).to_contain_text("RECOVERED")
        expect(timeline).to_contain_text("RECOVERED: ")
        # a page that was left holds its place for a moment, and the one after it may have to come back
        assert [c for c in visitor.complaints if "503" not in c] == []
        assert begun.status == "recovered"
    assert {p["spec"]["containers"][0]["image"] for p in begun.agent.pods("shop")} == {
        "registry.example/web:1.0"
    }


def test_a_page_that_found_every_place_taken_follows_later(browser: Browser, begun: Stage) -> None:
    """Three readers follow already: the page is refused, tries again, and misses nothing."""
    with ExitStack() as others:
        for _ in range(following.MOST):
            others.enter_context(urllib.request.urlopen(f"{begun.address}{begun.incident}/events"))
        with visiting(browser, begun.address) as visitor:
            page = visitor.page
            with page.expect_response(lambda answer: "/events" in answer.url) as refused:
                page.goto(begun.incident)
            assert refused.value.status == 503
            others.close()
            expect(page.locator("#live")).to_have_text("live")
            begun.agent.drive()
            expect(page.get_by_role("heading", level=1)).to_contain_text("awaiting approval")


def test_without_scripts_people_ask_read_and_decide(browser: Browser, begun: Stage) -> None:
    """Forms post and pages come back whole."""
    begun.agent.drive()
    with visiting(browser, begun.address, scripts=False) as visitor:
        page = visitor.page
        page.goto("/")
        ask(visitor, "Any problem pods?")
        expect(page.locator("#turns .said")).to_contain_text("web-")

        page.goto(begun.incident)
        expect(page.locator("#timeline")).to_contain_text("approval")
        page.get_by_role("link", name="Refresh every 5 s").click()
        page.goto("/pending")
        page.get_by_role("link", name="rollback_deployment").click()
        page.get_by_role("button", name="Approve").click()
        expect(page.locator("main")).to_contain_text("approved")
    begun.agent.drive()
    assert begun.status == "verifying"


def test_no_page_asks_another_server_for_anything(browser: Browser, asked: Stage) -> None:
    """Styles, scripts and pictures are the server's own; the browser finds nothing to complain about."""
    with visiting(browser, asked.address) as visitor:
        for path in every_page(asked):
            visitor.page.goto(path)
            expect(visitor.page.locator("header.top")).to_be_visible()
        assert len(visitor.asked) > len(every_page(asked))
        assert visitor.elsewhere() == []
        assert [c for c in visitor.complaints if "404" not in c] == []


def test_every_page_fits_a_phone(browser: Browser, asked: Stage) -> None:
    """Nothing has to be pushed sideways to be read."""
    with visiting(browser, asked.address) as visitor:
        visitor.page.set_viewport_size({"width": 390, "height": 844})
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        for path in every_page(asked):
            visitor.page.goto(path)
            assert visitor.page.evaluate(wider) == 0, path


def test_text_from_outside_stays_text(browser: Browser, asked: Stage) -> None:
    """Whatever logs, alerts and questions say, nothing of it becomes an element, even without the policy's guard."""
    with visiting(browser, asked.address, guarded=False) as visitor:
        page = visitor.page
        for path in every_page(asked):
            page.goto(path)
            assert page.locator(STRANGERS).count() == 0, path
        page.goto(asked.incident)
        for place in ("Alerts", "Evidence"):
            section = page.locator("section", has=page.get_by_role("heading", name=place, exact=True))
            expect(section).to_contain_text("onerror=")

        page.goto("/")
        ask(visitor, f"Logs of the crashed container of web? {HOSTILE}")
        turn = page.locator("#turns .turn")
        expect(turn.locator("summary")).to_contain_text("Rests on")
        for part in (".question", ".said"):
            expect(turn.locator(part)).to_contain_text("onerror=")
        assert page.locator(STRANGERS).count() == 0
        assert page.evaluate("window.ran") is None
        page.reload()
        expect(turn.locator(".said")).to_contain_text("onerror=")
        assert page.locator(STRANGERS).count() == 0
        assert visitor.elsewhere() == []


def test_a_form_without_its_token_decides_nothing(browser: Browser, asked: Stage) -> None:
    """Neither a form whose token is gone nor a script of the page itself."""
    with visiting(browser, asked.address) as visitor:
        page = visitor.page
        page.goto(asked.approval)
        send = "path => fetch(path, {method: 'POST'}).then(answer => answer.status)"
        assert page.evaluate(send, asked.approval) == 400
        page.evaluate("document.querySelectorAll('[name=csrf_token]').forEach(field => field.remove())")
        with page.expect_response(lambda answer: answer.request.method == "POST") as refused:
            page.get_by_role("button", name="Approve").click()
        assert refused.value.status == 400
    assert asked.status == "awaiting_approval"


def test_another_sites_page_decides_nothing(browser: Browser, asked: Stage) -> None:
    """A page of another server on this machine, whose forms carry the visitor's cookies."""
    strange = Flask("strange")
    target = f"{asked.address}{asked.approval}"
    form = f'<form method="post" action="{target}"><button>You have won</button></form>'
    strange.get("/")(lambda: form)
    with serving(strange) as port, visiting(browser, asked.address) as visitor:
        page = visitor.page
        page.goto(asked.approval)
        page.goto(f"http://127.0.0.1:{port}/")
        send = "url => fetch(url, {method: 'POST', mode: 'no-cors', credentials: 'include'})"
        with page.expect_response(target) as by_script:
            page.evaluate(send, target)
        with page.expect_response(target) as by_form:
            page.get_by_role("button", name="You have won").click()
        assert (by_script.value.status, by_form.value.status) == (403, 403)
    assert asked.status == "awaiting_approval"
