"""Each strictness of the sandbox can be broken, and then a named contract test fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.contract import (
    test_conflicts,
    test_container_logs,
    test_dry_run,
    test_identity,
    test_lists,
    test_patches,
    test_rights,
    test_status_bodies,
)
from tests.contract.api_server import ApiServer
from tests.contract.backends import SandboxBackend
from tools.sandbox import Switch

Contract = Callable[[ApiServer], None]

GUARDS: list[tuple[Switch, Contract]] = [
    (Switch.UID, test_identity.test_a_recreated_object_has_another_uid),
    (Switch.UID, test_conflicts.delete_precondition_refuses),
    (Switch.RESOURCE_VERSION, test_identity.test_a_write_moves_the_resource_version),
    (Switch.GENERATION, test_identity.test_a_spec_change_counts_as_a_generation),
    (Switch.CONFLICT, test_conflicts.stale_patch_conflicts),
    (Switch.CONFLICT, test_conflicts.test_a_replacement_with_a_stale_resource_version_conflicts),
    (Switch.NOT_FOUND, test_conflicts.test_what_is_not_there_is_not_found),
    (Switch.UNPROCESSABLE, test_conflicts.test_a_negative_number_of_replicas_is_invalid),
    (Switch.DRY_RUN, test_dry_run.test_a_dry_patch_answers_with_the_change_and_changes_nothing),
    (Switch.DRY_RUN, test_dry_run.test_a_dry_create_stores_nothing),
    (Switch.STRATEGIC_MERGE, test_patches.test_strategic_merge_joins_containers_by_name),
    (Switch.JSON_PATCH_TEST, test_patches.test_json_patch_fails_when_a_test_fails),
    (Switch.LABEL_SELECTOR, test_lists.every_label_selector_selects),
    (Switch.FIELD_SELECTOR, test_lists.test_field_selectors_select),
    (Switch.LIMIT_CONTINUE, test_lists.test_pages_cover_everything_once),
    (Switch.LOG, test_container_logs.test_tail_and_limit_cut_the_log),
    (Switch.LOG, test_container_logs.test_there_is_no_previous_log_without_a_crash),
    (Switch.STATUS_BODY, test_status_bodies.test_errors_carry_a_status_body),
    (Switch.ACCESS_REVIEW, test_rights.test_an_account_can_ask_what_it_may),
    (Switch.RULES_REVIEW, test_rights.test_an_account_can_list_its_rights),
    (Switch.RBAC, test_rights.test_rights_end_at_the_namespace),
    (Switch.RBAC, test_rights.test_reading_is_not_writing),
]


@pytest.fixture
def broken(request: pytest.FixtureRequest) -> Iterator[SandboxBackend]:
    """A sandbox with one strictness turned off."""
    backend = SandboxBackend({request.param})
    yield backend
    backend.stop()


@pytest.mark.parametrize(
    ("broken", "contract"),
    GUARDS,
    indirect=["broken"],
    ids=[f"{switch}-{contract.__name__}" for switch, contract in GUARDS],
)
def test_a_broken_strictness_fails_its_contract(broken: SandboxBackend, contract: Contract) -> None:
    """The contract test notices; that it passes otherwise is what tests/contract shows."""
    with pytest.raises(AssertionError):
        contract(ApiServer(broken))


def test_every_switch_has_a_guard() -> None:
    """No strictness can be added without a test that misses it."""
    assert {switch for switch, _ in GUARDS} == set(Switch)


@pytest.mark.parametrize(
    "contract", [test_lists.every_label_selector_selects, test_conflicts.stale_patch_conflicts]
)
def test_the_shared_bodies_pass_on_a_whole_sandbox(contract: Contract) -> None:
    """What only this file calls by name must hold where nothing is broken."""
    backend = SandboxBackend()
    try:
        contract(ApiServer(backend))
    finally:
        backend.stop()
