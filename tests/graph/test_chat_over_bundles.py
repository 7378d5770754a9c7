"""Questions over recorded clusters that the rules were not written against: what is told is what the bundles hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from graph.chat import Answer, ChatServices, Topic
from tests.graph.chat_worlds import GRAPH, frozen
from tools.bundle import Bundle
from tools.database import Database

pytest_plugins = ("tests.record_store",)
INCIDENTS = Path("tests/incidents")
NAMES = ("shop-web", "loans-scoring", "rack-two", "chat-presence", "checkout-cart", "analytics-agg")
Check = Callable[[str, "Recorded"], None]


class Recorded:
    """One bundle, served, and what it says of itself."""

    def __init__(self, bundle: Bundle, services: ChatServices) -> None:
        self.bundle = bundle
        self.services = services

    def ask(self, question: str) -> Answer:
        given: Any = {"question": question, "topic": Topic()}
        answer: Answer = GRAPH.invoke(given, context=self.services)["answer"]
        return answer

    def of(self, kind: str, namespace: str = "") -> list[dict[str, Any]]:
        """Its objects of a kind, by name."""
        found = [o for o in self.bundle.objects if o["kind"] == kind]
        found = [o for o in found if not namespace or o["metadata"].get("namespace") == namespace]
        return sorted(found, key=_name)

    def pods(self, holds: Callable[[dict[str, Any]], bool]) -> set[str]:
        """Names of the pods with a container status for which this holds."""
        return {
            _name(pod)
            for pod in self.of("Pod")
            if any(holds(status) for status in pod["status"].get("containerStatuses", []))
        }

    def named(self, text: str) -> set[str]:
        """Names of the pods that a text speaks of."""
        return {name for name in map(_name, self.of("Pod")) if name in text}


def _name(item: dict[str, Any]) -> str:
    return str(item["metadata"]["name"])


def _waits_for(*reasons: str) -> Callable[[dict[str, Any]], bool]:
    return lambda status: status["state"].get("waiting", {}).get("reason") in reasons


def _oom_killed(status: dict[str, Any]) -> bool:
    states = (status.get("lastState", {}), status["state"])
    return any(state.get("terminated", {}).get("reason") == "OOMKilled" for state in states)


def counts_pods(namespace: str = "") -> Check:
    """As many as the bundle holds."""
    return lambda text, made: _says(text, f"There are {len(made.of('Pod', namespace))} pods")


def counts_containers(text: str, made: Recorded) -> None:
    """Of all pods: how many there are and how many are ready."""
    statuses = [s for pod in made.of("Pod") for s in pod["status"]["containerStatuses"]]
    ready = sum(status["ready"] for status in statuses)
    _says(text, f"{len(statuses)} containers in {len(made.of('Pod'))} pods", f"{ready} ready")


def names_exactly(holds: Callable[[dict[str, Any]], bool]) -> Check:
    """The pods for which this holds, counted first, and no other."""

    def check(text: str, made: Recorded) -> None:
        wanted = made.pods(holds)
        assert made.named(text) == wanted, text
        assert text.startswith(f"{len(wanted)} of {len(made.of('Pod'))} pods"), text

    return check


def lists_namespaces(text: str, made: Recorded) -> None:
    """Every one, and `default`, which every cluster has."""
    names = sorted({"default", *map(_name, made.of("Namespace"))})
    assert text.startswith(f"{len(names)} namespaces: {', '.join(names)}."), text


def names_cordoned(text: str, made: Recorded) -> None:
    """Nodes whose spec says so are called cordoned, and no others."""
    for node in made.of("Node"):
        (line,) = [line for line in text.splitlines() if line.startswith(f"- {_name(node)}:")]
        assert ("cordoned" in line) == bool(node["spec"].get("unschedulable")), line


def names_ill_deployments(text: str, made: Recorded) -> None:
    """Those of which a pod waits for a bad reason or that lack ready pods, counted first, and no others."""
    bad = made.pods(_waits_for("CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull"))
    every = {f"{d['metadata']['namespace']}/{_name(d)}": d for d in made.of("Deployment")}
    ill = {
        place
        for place, item in every.items()
        if any(pod.startswith(f"{_name(item)}-") for pod in bad)
        or int(item["status"].get("readyReplicas") or 0) < int(item["spec"]["replicas"])
    }
    noun = "Deployment" if len(every) == 1 else "Deployments"
    assert text.startswith(f"{len(every)} {noun}, {len(ill)} not well"), text
    assert {place for place in every if f"- Deployment {place}:" in text} == ill, text


def lists_pods_on(node: str) -> Check:
    """Every pod that is bound to it, and no other."""

    def check(text: str, made: Recorded) -> None:
        assert made.named(text) == {_name(p) for p in made.of("Pod") if p["spec"].get("nodeName") == node}, (
            text
        )

    return check


def shows_log(pod_prefix: str) -> Check:
    """Every line that the bundle keeps of the crashed run of this workload's pod."""

    def check(text: str, made: Recorded) -> None:
        logs = [log for name, log in made.bundle.logs.items() if name.pod.startswith(pod_prefix)]
        assert logs
        assert "Log of the run that ended" in text
        assert all(line.strip() in text for line in logs[0].splitlines()), text

    return check


def says(*words: str) -> Check:
    """All of these."""
    return lambda text, made: _says(text, *words)


def _says(text: str, *words: str) -> None:
    for word in words:
        assert word in text, text


CRASHING = names_exactly(_waits_for("CrashLoopBackOff"))
NOT_PULLED = names_exactly(_waits_for("ImagePullBackOff", "ErrImagePull"))
NEVER_RESTARTED = says("has not restarted Deployment", "no incident about it")
QUESTIONS: tuple[tuple[str, str, Check], ...] = (
    ("shop-web", "How many pods are there?", counts_pods()),
    ("shop-web", "What about shop?", counts_pods("shop")),
    ("shop-web", "how is the shop namespace doing", counts_pods("shop")),
    ("shop-web", "Any problem pods?", CRASHING),
    ("shop-web", "anything that went wrong lately?", CRASHING),
    ("shop-web", "Recent incidents?", says("No incidents.")),
    ("shop-web", "List namespaces", lists_namespaces),
    ("shop-web", "Why did you restart web?", NEVER_RESTARTED),
    ("shop-web", "what made you bounce web?", NEVER_RESTARTED),
    ("shop-web", "What changed in shop in the last hour?", says("web:1.4.0 became", "web:1.5.0")),
    ("shop-web", "did somebody deploy to shop within the last 60 minutes?", says("got revision 2")),
    ("shop-web", "Logs of the crashed container of web", shows_log("web-")),
    ("shop-web", "show me the last words of web before it crashed", shows_log("web-")),
    ("shop-web", "tail 20 lines of the crashed web pod", shows_log("web-")),
    (
        "shop-web",
        "what do I have to do now?",
        says("Nothing waits for a decision", "1 of 6 pods is not well"),
    ),
    ("shop-web", "what must we look at first?", says("Nothing waits for a decision", "CrashLoopBackOff")),
    ("loans-scoring", "how many pods are crashing in loans?", says("7 of 8 pods in namespace loans")),
    ("loans-scoring", "How many pods are there?", counts_pods()),
    ("loans-scoring", "why can't scoring reach its database?", says("Service postgres has no ready pod")),
    ("loans-scoring", "What changed in loans in the last hour?", says("Nothing is seen to have changed")),
    ("loans-scoring", "which images cannot be pulled?", NOT_PULLED),
    ("loans-scoring", "any OOM kills?", names_exactly(_oom_killed)),
    ("loans-scoring", "how many containers are not ready", counts_containers),
    ("loans-scoring", "what does the scoring pod say in its log?", shows_log("scoring-")),
    ("rack-two", "is any node cordoned?", names_cordoned),
    ("rack-two", "which nodes are unschedulable?", names_cordoned),
    ("rack-two", "which node is down?", says("node-2: NOT ready")),
    ("rack-two", "did you cordon a node?", says("The agent has not cordoned anything")),
    ("checkout-cart", "pod total please", counts_pods()),
    ("checkout-cart", "give me a headcount of pods", counts_pods()),
    ("checkout-cart", "tell me about checkout", counts_pods("checkout")),
    ("checkout-cart", "Which pods need attention?", CRASHING),
    ("checkout-cart", "what's on fire?", CRASHING),
    ("checkout-cart", "who is crashing?", CRASHING),
    ("checkout-cart", "is everything green?", counts_pods()),
    ("checkout-cart", "Has anything paged in the last 24 hours?", says("No incidents since")),
    ("checkout-cart", "anything new in checkout since an hour ago?", says("cart:8.1.3 became")),
    ("checkout-cart", "What was rolled out in the last 60 minutes?", says("got revision 2", "cart:8.2.0")),
    ("checkout-cart", "print the previous logs of cart", shows_log("cart-")),
    ("checkout-cart", "last words of the crashed cart container", shows_log("cart-")),
    ("checkout-cart", "which deployments are degraded?", names_ill_deployments),
    ("analytics-agg", "what namespaces do I have", lists_namespaces),
    ("analytics-agg", "enumerate all ns", lists_namespaces),
    ("analytics-agg", "For what reason did the agent bounce agg?", NEVER_RESTARTED),
    ("analytics-agg", "why was agg restarted?", NEVER_RESTARTED),
    ("analytics-agg", "what error did agg die with?", says("analytics/agg", "OOMKilled", "exit code 137")),
    ("analytics-agg", "how are things in analytics?", counts_pods("analytics")),
    ("analytics-agg", "did somebody deploy to analytics today?", says("Nothing is seen to have changed")),
    ("shop-web", "how many pods does shop run?", counts_pods("shop")),
    ("shop-web", "is any deployment down?", names_ill_deployments),
    ("loans-scoring", "list the unhealthy deployments", names_ill_deployments),
    ("shop-web", "which namespace is web in?", says("Deployment shop/web")),
    ("shop-web", "what runs on node-1?", lists_pods_on("node-1")),
    ("shop-web", "has web rolled out successfully?", says("Its rollout is stuck")),
    ("shop-web", "what about default?", says("There are no pods in namespace default")),
    ("chat-presence", "any OOM kills?", names_exactly(_oom_killed)),
    ("chat-presence", "were there any out of memory kills in chat?", says("1 of 4 pods", "OOMKilled")),
    ("chat-presence", "Why was presence OOMKilled?", says("exceeds its limit of 512Mi")),
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[dict[str, Recorded]]:
    """The bundles, served with an empty record beside them."""
    folder = tmp_path_factory.mktemp("bundles")
    with ExitStack() as stack:
        store = Database.open(f"sqlite:///{migrated_file}")
        stack.callback(store.close)
        bundles = {name: Bundle.load(INCIDENTS / name) for name in NAMES}
        yield {
            name: Recorded(bundle, stack.enter_context(frozen(bundle, folder, store)))
            for name, bundle in bundles.items()
        }


@pytest.mark.parametrize(
    ("name", "question", "check"), QUESTIONS, ids=[f"{name}: {question}" for name, question, _ in QUESTIONS]
)
def test_the_answer_agrees_with_the_bundle(
    recorded: dict[str, Recorded], name: str, question: str, check: Check
) -> None:
    """Counts, names, reasons and log lines are those in the bundle's files."""
    answer = recorded[name].ask(question)
    check(answer.text, recorded[name])
    assert answer.answered_by == "rules"
    assert answer.sources
