"""The API described: as a document made from the routes, and as a page that needs no internet."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from server.openapi import routes
from tests.harness import Harness, harness
from tests.server.app_stand import HTML


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """A whole agent, with every route."""
    with harness(tmp_path_factory.mktemp("api")) as running:
        yield running


def test_every_route_is_described(agent: Harness) -> None:
    """Each path and method of the app, with words, and nothing that is not there."""
    paths = agent.client.get("/openapi.json").get_json()["paths"]
    described = {(path, method.upper()) for path, methods in paths.items() for method in methods}
    there = {(re.sub(r"<(\w+)>", r"{\1}", rule.rule), method) for rule, method in routes(agent.agent.app)}
    assert described == there
    assert all(operation["summary"] for methods in paths.values() for operation in methods.values())


def test_references_lead_somewhere(agent: Harness) -> None:
    """Every `$ref` names a schema of the document."""
    text = agent.client.get("/openapi.json").get_data(as_text=True)
    schemas = agent.client.get("/openapi.json").get_json()["components"]["schemas"]
    names = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert names
    assert names <= set(schemas)


def test_the_page_needs_nothing_from_elsewhere(agent: Harness) -> None:
    """Every path stands on it; no asset comes from another host."""
    page = agent.client.get("/docs", headers=HTML).get_data(as_text=True)
    for path in agent.client.get("/openapi.json").get_json()["paths"]:
        assert path in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
