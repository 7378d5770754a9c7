"""The lookups as tools of a model: the same functions that the rules call, their results marked as data.

A tool never raises for what it reads: a failed read, an unknown name and a bad time are texts that say so. Results
are redacted and capped at `answer_words.LONGEST` bytes before the marks are put around them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from graph.causes import cause
from graph.chat_conduct import conduct
from graph.chat_services import ChatServices
from prompts import render
from tools import lookups, lookups_changes, lookups_events, lookups_logs, lookups_record, lookups_things
from tools.answer_words import capped
from tools.lookups_record import Told
from tools.lookups_workload import status
from tools.record_reader import RecordReader
from tools.subjects import Subject, census
from tools.survey import Survey

LONGEST_WINDOW = 7 * 24 * 60
"""Minutes."""


@dataclass
class Toolbox:
    """The tools of one question; what they have told of incidents is kept."""

    services: ChatServices
    survey: Survey
    record: RecordReader
    incidents: dict[str, None] = field(default_factory=dict)

    def functions(self) -> tuple[Callable[..., str], ...]:
        """Every tool; name, docstring and signature are what a model is told."""
        return (
            self.list_namespaces,
            self.list_nodes,
            self.list_workloads,
            self.get_pods,
            self.get_problem_pods,
            self.get_status,
            self.get_logs,
            self.get_events,
            self.get_changes,
            self.get_images,
            self.list_incidents,
            self.get_incident,
            self.get_agent_actions,
            self.get_pending_approvals,
            self.get_conduct,
        )

    def list_namespaces(self) -> str:
        """All namespaces with the number of pods in each."""
        return self._shown("list_namespaces", lookups.namespaces(self.survey))

    def list_nodes(self) -> str:
        """All nodes, whether they are ready, cordoned or under pressure, and how many pods each runs."""
        return self._shown("list_nodes", lookups_things.nodes(self.survey))

    def list_workloads(self, namespace: str = "") -> str:
        """Deployments, StatefulSets, DaemonSets, CronJobs and Jobs with ready and wanted replicas."""
        subjects, problem = self._find(namespace, "")
        return self._shown("list_workloads", problem or lookups_things.workloads(self.survey, subjects))

    def get_pods(self, namespace: str = "", name: str = "") -> str:
        """Count and list pods: of the cluster, of a namespace, or of the workload, Service or pod called `name`."""
        subjects, problem = self._find(namespace, name)
        return self._shown("get_pods", problem or lookups.pods(self.survey, subjects, listing=True))

    def get_problem_pods(self, namespace: str = "") -> str:
        """The pods that are not well, each with its reason."""
        subjects, problem = self._find(namespace, "")
        return self._shown("get_problem_pods", problem or lookups.problem_pods(self.survey, subjects))

    def get_status(self, name: str, namespace: str = "") -> str:
        """How a workload or pod is and, where it is not well, the cause that the evidence proves."""
        subjects, problem = self._find(namespace, name)
        told = [
            "\n".join(part for part in (status(self.survey, s), cause(self.services, self.survey, s)) if part)
            for s in subjects[:3]
            if s.is_workload or s.kind == "Pod"
        ]
        return self._shown("get_status", problem or "\n\n".join(told) or f"{name} runs no pods.")

    def get_logs(self, name: str, namespace: str = "", container: str = "", previous: bool = False) -> str:
        """Log excerpt of a workload's worst pod, or of a pod; `previous`: of the run that ended."""
        subjects, problem = self._find(namespace, name)
        told = [
            lookups_logs.logs(self.survey, [s], container=container, previous=previous or None)
            for s in subjects[:2]
        ]
        return self._shown("get_logs", problem or "\n\n".join(told))

    def get_events(self, namespace: str = "", name: str = "", warnings_only: bool = False) -> str:
        """Kubernetes events, newest first, of the cluster, a namespace, a workload or a pod."""
        subjects, problem = self._find(namespace, name)
        told = problem or lookups_events.events(self.survey, subjects, warnings=warnings_only)
        return self._shown("get_events", told)

    def get_changes(self, namespace: str = "", name: str = "", minutes: int = 60) -> str:
        """New revisions with what they changed, scaling, edits and node changes in the last `minutes`."""
        subjects, problem = self._find(namespace, name)
        since = self.survey.now - timedelta(minutes=max(1, min(minutes, LONGEST_WINDOW)))
        return self._shown(
            "get_changes", problem or lookups_changes.changes(self.survey, subjects, since=since)
        )

    def get_images(self, namespace: str = "", name: str = "") -> str:
        """Which images run, by workload."""
        subjects, problem = self._find(namespace, name)
        return self._shown("get_images", problem or lookups_things.images(self.survey, subjects))

    def list_incidents(
        self, namespace: str = "", name: str = "", open_only: bool = False, most: int = 10
    ) -> str:
        """The agent's newest incidents with id, status, action and verdict."""
        subjects, problem = self._find(namespace, name)
        most = max(1, min(most, 20))
        told = lookups_record.incidents(
            self.record, subjects, self.survey.now, still_open=open_only, most=most
        )
        return self._shown("list_incidents", problem or self._kept(told))

    def get_incident(self, incident_id: str) -> str:
        """One incident: what it was, what was decided and why, who approved, what was done, whether it helped."""
        incident = self.record.incident(incident_id.strip()[:64])
        if incident is None:
            return self._shown("get_incident", "The record has no such incident.")
        told = lookups_record.explain(self.record, incident, self.survey.now)
        return self._shown("get_incident", self._kept(told))

    def get_agent_actions(self, hours: int = 24) -> str:
        """Everything that the agent wrote to the cluster in the last `hours`."""
        since = self.survey.now - timedelta(hours=max(1, min(hours, LONGEST_WINDOW // 60)))
        told = lookups_record.acted(self.record, since, self.survey.now)
        return self._shown("get_agent_actions", self._kept(told))

    def get_pending_approvals(self) -> str:
        """What waits for a person to decide."""
        return self._shown("get_pending_approvals", self._kept(lookups_record.waiting(self.record)))

    def get_conduct(self) -> str:
        """Whether the agent may act: mode, kill switch, global holds, freeze windows, levels of autonomy, approvals."""
        return self._shown("get_conduct", self._kept(conduct(self.services, self.survey)))

    def _find(self, namespace: str, name: str) -> tuple[Sequence[Subject], str]:
        """What is called so, or why there is nothing to tell."""
        place, word = namespace.strip().lower(), name.strip().lower().rpartition("/")[2]
        if not place and not word:
            return (), ""
        known = census(self.survey)
        if known.unreachable:
            return (), "The Kubernetes API does not answer."
        places = [s for s in known.of_kind("Namespace") if s.name == place]
        if place and not places:
            return (), f"There is no namespace {place[:80]!r}."
        if not word:
            return places, ""
        found = known.named(word, place).subjects or known.guessed(word, place).subjects
        return found, "" if found else f"Nothing is called {word[:80]!r}{f' in {place}' if place else ''}."

    def _kept(self, told: Told) -> str:
        self.incidents |= dict.fromkeys(told.incidents)
        return told.text

    def _shown(self, name: str, text: str) -> str:
        return render("chat.tool.md.j2", id=name, text=capped(text))
