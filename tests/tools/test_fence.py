"""The generated fence is the file's, follows the actions that are on, and names the account that it stands around."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.actions import REGISTRY
from tools.errors import Refused
from tools.fence import policies, render

FILE = Path(__file__).parents[2] / "k8s" / "components" / "fence" / "fence.yaml"
ACCOUNT = "system:serviceaccount:sre-agent:sre-agent"


def test_the_file_is_what_is_generated() -> None:
    """`python -m tools.fence > k8s/components/fence/fence.yaml` brings it up to date."""
    assert FILE.read_text(encoding="utf-8") == render()


def listed(*enabled: str) -> str:
    """The expression that names every write that may be made."""
    (declared, *_) = policies(ACCOUNT, enabled)
    return str(declared["spec"]["validations"][0]["expression"])


def test_every_write_of_an_action_is_on_the_list_and_no_read() -> None:
    """As RBAC has it, in the words of admission."""
    assert "'apps/deployments UPDATE'" in listed()
    assert "'/pods/eviction CREATE'" in listed()
    assert "'/events CREATE'" in listed()
    assert "secrets" not in listed()
    assert "'/pods CREATE'" not in listed()


def test_each_policy_fails_closed_denies_and_is_about_the_agent_alone() -> None:
    """A policy that cannot be evaluated lets nothing through, and it is in nobody else's way."""
    made = policies(ACCOUNT)
    names = {item["metadata"]["name"] for item in made if item["kind"] == "ValidatingAdmissionPolicy"}
    assert names == {item["spec"]["policyName"] for item in made if "policyName" in item["spec"]}
    for item in made:
        if item["kind"] == "ValidatingAdmissionPolicyBinding":
            assert item["spec"]["validationActions"] == ["Deny"]
            continue
        assert item["spec"]["failurePolicy"] == "Fail"
        (only,) = item["spec"]["matchConditions"]
        assert only["expression"] == f"request.userInfo.username == '{ACCOUNT}'"


def test_another_namespace_is_another_account() -> None:
    """The expression holds the name, which no kustomization changes."""
    assert "system:serviceaccount:ops:sre-agent" in render("ops")


def test_an_action_that_does_not_exist_is_refused() -> None:
    """A typing error may not open or close anything."""
    assert "no_such_action" not in REGISTRY
    with pytest.raises(Refused, match="no_such_action"):
        policies(ACCOUNT, ["no_such_action"])
