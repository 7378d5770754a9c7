"""What a release changed is told in one line, from a difference that holds no values of the environment."""

from __future__ import annotations

import pytest

from graph.release_changes import changes
from tests.graph.evidence_builders import NEW, OLD, evidence, item, revision, workload
from tools.records import Evidence

HEAD = "--- revision 1\n+++ revision 2\n@@ -5,5 +5,5 @@\n   containers:\n   - name: web\n"


def released(diff: str, *, newest: str = NEW) -> Evidence:
    """Two revisions and what differs between them."""
    kept = item("revision_diff").model_copy(update={"excerpt": HEAD + diff})
    both = (revision(2, digest=newest), revision(1, digest=OLD))
    return evidence(items=(kept,), revisions=both, workload=workload(template_digest=NEW))


@pytest.mark.parametrize(
    ("diff", "told"),
    [
        ("-    image: r.io/shop/web:1\n+    image: r.io/shop/web:2", "image r.io/shop/web:1 -> 2"),
        ("-    image: r.io/web:1\n+    image: other.io/web:1", "image r.io/web:1 -> other.io/web:1"),
        (
            "-    image: r.io/web:<redacted:value:1>\n+    image: r.io/web:<redacted:value:2>",
            "image r.io/web:<redacted:value:1> -> r.io/web:<redacted:value:2>",
        ),
        (
            "       limits:\n         cpu: '1'\n-        memory: 512Mi\n+        memory: 128Mi",
            "memory limit 512Mi -> 128Mi",
        ),
        (
            "     - name: TZ\n-      value: <redacted:env:1>\n+      value: <redacted:env:2>",
            "TZ has another value",
        ),
        (
            "+    - name: BANNER\n+      valueFrom:\n+        configMapKeyRef:\n+          name: texts",
            "BANNER added",
        ),
        ("-    - name: BANNER\n-      value: <redacted:env:1>", "BANNER removed"),
        ("+    livenessProbe:\n+      failureThreshold: 2\n+      timeoutSeconds: 1", "livenessProbe added"),
        ("+    kubectl.kubernetes.io/restartedAt: 2026-01-05T11:00:00Z", ""),
    ],
)
def test_it_names_what_a_person_would_look_at_first(diff: str, told: str) -> None:
    """An image by its tag, resources by what they are, the environment by its names; a restart is no change."""
    assert changes(released(diff)) == told


def test_many_changes_are_counted() -> None:
    """The first four, and how many more."""
    diff = "\n".join(f"+    - name: V{number}\n+      value: <redacted:env:1>" for number in range(6))
    assert changes(released(diff)) == "V0 added, V1 added, V2 added, V3 added and 2 more"


def test_nothing_is_said_of_another_revision() -> None:
    """After a rollback the newest by number is not what the template asks for."""
    assert changes(released("-    image: a/b:1\n+    image: a/b:2", newest="elsewhere")) == ""
    assert changes(evidence()) == ""
