"""Ways to break the sandbox on purpose, so that a test can show that its checks would notice."""

from __future__ import annotations

from enum import StrEnum


class Switch(StrEnum):
    """One strictness that `Sandbox(broken={...})` turns off."""

    UID = "uid"
    """Preconditions on uid are ignored and every object of one name keeps one uid."""
    RESOURCE_VERSION = "resource_version"
    """A write leaves resourceVersion as it was."""
    GENERATION = "generation"
    """metadata.generation stays at 1."""
    CONFLICT = "conflict"
    """A stale resourceVersion is accepted (no 409)."""
    NOT_FOUND = "not_found"
    """A missing object reads as an empty one instead of 404."""
    UNPROCESSABLE = "unprocessable"
    """Invalid objects are stored (no 422)."""
    DRY_RUN = "dry_run"
    """dryRun=All is persisted."""
    STRATEGIC_MERGE = "strategic_merge"
    """Strategic merge replaces lists, as a merge patch does."""
    JSON_PATCH_TEST = "json_patch_test"
    """`test` operations of a JSON Patch always hold."""
    LABEL_SELECTOR = "label_selector"
    """labelSelector is ignored."""
    FIELD_SELECTOR = "field_selector"
    """fieldSelector is ignored."""
    LIMIT_CONTINUE = "limit_continue"
    """limit is ignored: every list is complete."""
    LOG = "log"
    """The options of pods/log are ignored."""
    STATUS_BODY = "status_body"
    """Errors come as plain text instead of a Status object."""
    ACCESS_REVIEW = "access_review"
    """SelfSubjectAccessReview always answers yes."""
    RULES_REVIEW = "rules_review"
    """A webhook seems to authorize beside RBAC: SelfSubjectRulesReview lists no role's rules, and says so."""
    RBAC = "rbac"
    """Every known user may do everything."""
