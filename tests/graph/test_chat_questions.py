"""Questions of on-call engineers over three clusters: answers agree with what the clusters' own objects say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from graph.chat import Answer
from tests.graph.chat_worlds import World, fill_ai, fill_media, fill_shop, world
from tools.database import Database

pytest_plugins = ("tests.record_store",)
Worlds = dict[str, World]
Check = Callable[[Answer, World], None]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Worlds]:
    """Three clusters, filled once: the tests here only read."""
    folder = tmp_path_factory.mktemp("worlds")
    with ExitStack() as stack:
        store = Database.open(f"sqlite:///{migrated_file}")
        stack.callback(store.close)
        made = {
            "shop": stack.enter_context(world(folder, store)),
            "media": stack.enter_context(world(folder, store, nodes=4, seed=2)),
            "ai": stack.enter_context(world(folder, store, nodes=2, seed=3)),
        }
        fill_shop(made["shop"])
        fill_media(made["media"])
        fill_ai(made["ai"])
        yield made


def first_number(text: str) -> int:
    """The number that an answer begins with."""
    found = re.search(r"\d+", text)
    assert found, text
    return int(found[0])


def counts_pods(namespace: str = "") -> Check:
    """The count is right, of the cluster with its namespaces or of one namespace."""

    def check(answer: Answer, made: World) -> None:
        assert first_number(answer.text) == len(made.pods(namespace)), answer.text
        if not namespace:
            for place, number in made.per_namespace().items():
                assert f"{place} {number}" in answer.text

    return check


def counts_of(namespace: str, workload: str) -> Check:
    """The pods of a workload are counted, and how many of them are wanted."""

    def check(answer: Answer, made: World) -> None:
        wanted = made.sandbox.get("Deployment", namespace, workload)
        assert wanted is not None
        assert f"{namespace}/{workload} has {len(made.of(namespace, workload))} pod" in answer.text
        assert f"of {wanted['spec']['replicas']} ready" in answer.text

    return check


def names_ill(namespace: str = "") -> Check:
    """Every pod that is not well is named, and no other."""

    def check(answer: Answer, made: World) -> None:
        ill, every = made.ill(namespace), {pod["metadata"]["name"] for pod in made.pods()}
        assert {name for name in every if name in answer.text} == ill, answer.text
        assert first_number(answer.text) == len(ill)

    return check


def names_waiting(reason: str) -> Check:
    """Exactly the pods with this reason, counted first."""

    def check(answer: Answer, made: World) -> None:
        named = {name for name in (pod["metadata"]["name"] for pod in made.pods()) if name in answer.text}
        assert named == made.waiting(reason), answer.text
        assert first_number(answer.text) == len(named)

    return check


def lists_namespaces(answer: Answer, made: World) -> None:
    """All, counted, none invented."""
    line = answer.text.splitlines()[0]
    assert first_number(line) == len(made.namespaces())
    assert set(line.partition(": ")[2].rstrip(".").split(", ")) == made.namespaces()


def counts_nodes(answer: Answer, made: World) -> None:
    """How many there are, how many are ready, and every name."""
    nodes = made.sandbox.list("Node")
    ready = [
        node
        for node in nodes
        if {c["type"]: c["status"] for c in node["status"]["conditions"]}.get("Ready") == "True"
    ]
    assert answer.text.startswith(f"{len(nodes)} nodes, {len(ready)} ready")
    assert all(node["metadata"]["name"] in answer.text for node in nodes)


def says(*words: str, without: tuple[str, ...] = ()) -> Check:
    """All of these words, none of those."""

    def check(answer: Answer, made: World) -> None:
        for word in words:
            assert word in answer.text, answer.text
        for word in without:
            assert word not in answer.text, answer.text

    return check


def counts_ready(namespace: str, workload: str) -> Check:
    """How many pods of a workload are ready, and the name of each that is not."""

    def check(answer: Answer, made: World) -> None:
        ours = {pod["metadata"]["name"] for pod in made.of(namespace, workload)}
        ill = made.ill(namespace) & ours
        assert ill
        assert f"{namespace}/{workload}: {len(ours) - len(ill)} of {len(ours)} ready" in answer.text
        assert {name for name in ours if name in answer.text} == ill

    return check


def explains_web(answer: Answer, made: World) -> None:
    """Status, proved cause, what changed and the last words of the crashed container."""
    for words in ("Deployment shop/web", "bad release", "Revision 2", "exit code 1", "web:1.1", "fatal"):
        assert words in answer.text, answer.text


def shows_crashed_log(answer: Answer, made: World) -> None:
    """The run that ended, of a pod that crashes."""
    assert "Log of the run that ended of container web" in answer.text
    assert "fatal" in answer.text
    assert any(name in answer.text for name in made.waiting("CrashLoopBackOff"))
    assert any("previous=true" in source for source in answer.sources)


def refuses(name: str, kind: str = "Deployment") -> Check:
    """Chat says that it does not act, and offers an incident for exactly this workload."""

    def check(answer: Answer, made: World) -> None:
        namespace, _, title = name.partition("/")
        assert "only reads" in answer.text
        assert "POST /incidents" in answer.text
        assert answer.offer is not None
        body = answer.offer["body"]
        assert (body["namespace"], body["workload"], body["kind"]) == (namespace, title, kind)

    return check


QUESTIONS: list[tuple[str, str, Check]] = [
    # how many
    ("shop", "How many pods are there?", counts_pods()),
    ("media", "what's the total number of pods in the cluster", counts_pods()),
    ("ai", "Pod count?", counts_pods()),
    ("media", "how many pods does each namespace have?", counts_pods()),
    ("shop", "How many pods run in the pay namespace?", says("3 of 3 pods in namespace pay")),
    ("ai", "count the pods in ai-sre please", counts_pods("ai-sre")),
    ("ai", "What about ai-sre?", says("namespace ai-sre", "worker", "agent-core")),
    ("shop", "How many replicas does web have?", counts_of("shop", "web")),
    ("media", "how many instances of sensors are there", counts_of("fleet", "sensors")),
    ("media", "How many nodes do we have?", counts_nodes),
    ("shop", "Are all machines ready?", counts_nodes),
    # what is not well
    ("shop", "Any problem pods?", names_ill()),
    ("media", "Which pods are unhealthy?", names_ill()),
    ("ai", "is anything broken?", names_ill()),
    ("media", "Show me failing pods in media", names_ill("media")),
    ("shop", "Are there any pods in trouble in pay?", says("No problem pods in namespace pay", "3 ready")),
    ("shop", "which pods are crash looping", names_waiting("CrashLoopBackOff")),
    ("media", "Do any pods have image pull errors?", names_waiting("ImagePullBackOff")),
    ("media", "Which images can't be pulled?", names_waiting("ImagePullBackOff")),
    ("media", "is node-4 ok?", says("node-4: NOT ready")),
    # why
    ("shop", "Why is web failing?", explains_web),
    ("shop", "what's wrong with the web deployment in shop?", explains_web),
    ("shop", "How come web keeps dying?", explains_web),
    ("media", "Why can't thumbs start?", says("thumbs:2.0", "image name", "ImagePullBackOff")),
    (
        "ai",
        "What is the reason that worker in ai-sre dies",
        says("ai-sre/worker", "OOMKilled", without=("batch/worker",)),
    ),
    ("media", "Is sensors healthy?", counts_ready("fleet", "sensors")),
    # names
    ("shop", "List namespaces", lists_namespaces),
    ("ai", "which namespaces exist?", lists_namespaces),
    ("media", "What namespaces are there", lists_namespaces),
    ("ai", "list the statefulsets", says("1 StatefulSet", "batch/queue")),
    (
        "shop",
        "show the deployments in pay",
        says("2 Deployments", "checkout-api", "database", without=("shop/web",)),
    ),
    ("shop", "What services are in pay?", says("1 service", "pay/checkout: 2 of 2 pods ready")),
    ("shop", "which version of checkout is running?", says("registry.example/checkout:7.2 (2 pods)")),
    ("ai", "How is monitoring doing in default?", says("Deployment default/monitoring: 1 of 1 ready")),
    ("ai", "status of log-shipper", says("Deployment ops/log-shipper: 2 of 2 ready")),
    # what happened
    (
        "shop",
        "What changed in shop in the last hour?",
        says("web got revision 2", "web:1.0 became registry.example/web:1.1"),
    ),
    (
        "ai",
        "Was anything deployed in the past 10 minutes?",
        says("agent-core got revision 2", without=("began with",)),
    ),
    ("media", "what has changed in fleet during the last 2 minutes", says("Nothing is seen to have changed")),
    ("shop", "Any warnings for web?", says("BackOff", "warning event", without=("Scheduled",))),
    ("shop", "Logs of the crashed container of web", shows_crashed_log),
    ("shop", "what did web print before it died", shows_crashed_log),
    (
        "media",
        "show me the logs of sensors",
        says("Log of the present run of container sensors of fleet/sensors-"),
    ),
    ("shop", "how often has web restarted?", says("restarts in all", "shop/web-")),
    # whom nobody knows
    ("shop", "How many pods are in staging?", says("no namespace called staging", without=("There are",))),
    ("media", "logs of frobnicator", says("called frobnicator")),
    ("ai", "is the agent-coer deployment ok?", says("I take agent-coer for agent-core", "2 of 2 ready")),
    # orders
    ("shop", "restart web", refuses("shop/web")),
    ("media", "Could you please scale sensors to 9?", refuses("fleet/sensors")),
    ("ai", "I'd like you to roll back the worker in ai-sre", refuses("ai-sre/worker")),
    ("ai", "kubectl delete statefulset queue", refuses("batch/queue", "StatefulSet")),
]


@pytest.mark.parametrize(
    ("name", "question", "check"), QUESTIONS, ids=[question for _, question, _ in QUESTIONS]
)
def test_the_answer_agrees_with_the_cluster(worlds: Worlds, name: str, question: str, check: Check) -> None:
    """Counts, names and reasons are those of the cluster; every answer names its sources."""
    answer = worlds[name].ask(question)
    check(answer, worlds[name])
    assert answer.sources
    assert "not asked" not in answer.sources
    assert answer.answered_by == "rules"


def test_without_a_model_it_says_so(worlds: Worlds) -> None:
    """Once per answer, at its end."""
    assert "No model is configured" in worlds["shop"].ask("Any problem pods?").text


def test_nothing_but_reading_is_ever_asked_of_the_cluster(worlds: Worlds) -> None:
    """Whatever the question, orders included: GET only."""
    for made in worlds.values():
        for question in ("restart web", "delete everything", "why is web failing?", "what changed today?"):
            made.ask(question)
        assert {request.method for request in made.sandbox.requests} == {"GET"}


def test_what_changed_in_a_namespace_reads_the_events_of_that_one(worlds: Worlds) -> None:
    """A cluster's events are many; without a namespace all of them are read."""
    of_one = worlds["shop"].ask("What changed in shop in the last hour?").sources
    of_all = worlds["shop"].ask("What changed in the last hour?").sources
    assert "GET /api/v1/namespaces/shop/events" in of_one
    assert "GET /api/v1/events" not in of_one
    assert "GET /api/v1/events" in of_all


def test_questions_that_follow_up_take_over_what_they_leave_out(worlds: Worlds) -> None:
    """The kind of question, or whom it is about; a question about everything starts anew."""
    made = worlds["shop"]
    made.ask("How many pods are in shop?")
    assert made.ask("And in pay?", follow=True).text.startswith("There are 3 pods in namespace pay")
    assert "3 pods in namespace pay" in made.ask("What about pay?", follow=True).text
    made.ask("Is web ok?")
    shows_crashed_log(made.ask("and its logs?", follow=True), made)
    assert "BackOff" in made.ask("events?", follow=True).text
    assert "9 pods" not in made.ask("why?", follow=True).text
    names_ill()(made.ask("Any problem pods?", follow=True), made)


@pytest.mark.parametrize(
    "question",
    [
        "?",
        "🤷",
        "SELECT * FROM pods; DROP TABLE pods",
        "‮evil",
        "a" * 3000,
        "../../etc/passwd",
        "in in in of of",
        "{{7*7}}",
    ],
)
def test_odd_questions_get_an_answer(worlds: Worlds, question: str) -> None:
    """Never an exception, never a claim about the cluster that nobody asked for."""
    assert worlds["shop"].ask(question).text
