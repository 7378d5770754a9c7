"""The webhook over real HTTP: what only a socket shows."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest
from flask import Flask

from server import problems, webhooks
from tests.made_alerts import body, firing
from tests.served import serving
from tools.clock import SystemClock
from tools.database import Database
from tools.inbox import Inbox

pytest_plugins = ("tests.record_store",)


@pytest.fixture
def sender(store: Database) -> Iterator[http.client.HTTPConnection]:
    """A connection to a webhook that takes 100,000 bytes."""
    app = Flask("served", template_folder="server/ui/templates")
    problems.register(app)
    app.register_blueprint(webhooks.blueprint(Inbox(store, SystemClock()), lambda: None, max_bytes=100_000))
    with serving(app) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        yield connection
        connection.close()


def test_a_chunked_body_is_read(sender: http.client.HTTPConnection) -> None:
    """Nothing says beforehand how much comes."""
    data = json.dumps(body(firing())).encode()
    sender.request("POST", "/webhook", iter([data[:100], data[100:]]), encode_chunked=True)
    answer = sender.getresponse()
    assert (answer.status, json.load(answer)["opened"]) == (202, 1)


def test_a_chunked_body_that_is_too_large_is_a_413(sender: http.client.HTTPConnection) -> None:
    """The limit holds without a Content-Length too."""
    sender.request("POST", "/webhook", iter([b" " * 60_000, b" " * 60_000]), encode_chunked=True)
    answer = sender.getresponse()
    assert (answer.status, json.load(answer)["type"]) == (413, "/problems/body-too-large")
