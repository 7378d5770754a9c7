"""The Flask app: routes put together from their parts. Nothing global; several can live in one process."""

from __future__ import annotations

from collections.abc import Iterable

import jinja2
from flask import Blueprint, Flask

from server import (
    agreement,
    approvals,
    auth,
    autonomy,
    bundles,
    config,
    granting,
    health,
    hold,
    incidents,
    metrics,
    openapi,
    origins,
    pages,
    pause,
    problems,
    requests,
    undo,
)
from server.parts import AppParts
from server.requests import WEBHOOK_BYTES
from server.views import diff_lines
from tools import shared_causes

__all__ = ["AppParts", "create_app"]


def create_app(parts: AppParts, blueprints: Iterable[Blueprint] = ()) -> Flask:
    """An app over these parts, with further routes such as the webhook's."""
    app = Flask("server", template_folder="ui/templates", static_folder="ui/static")
    app.config["MAX_CONTENT_LENGTH"] = WEBHOOK_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.undefined = jinja2.StrictUndefined
    app.jinja_env.filters["diff_lines"] = diff_lines
    app.jinja_env.filters["cause"] = shared_causes.words
    app.jinja_env.filters["instant"] = lambda at: f"{at:%Y-%m-%d %H:%M:%S} UTC"
    problems.register(app)
    requests.install(app, parts)
    origins.install(app, parts.settings)
    people = auth.install(app, parts.settings)
    pages.install(app, parts, people)
    app.register_blueprint(health.blueprint(parts, people))
    app.register_blueprint(metrics.blueprint(parts.metrics, people))
    for routes in (incidents, bundles, approvals, granting, config, pause, hold):
        app.register_blueprint(routes.blueprint(parts, people))
    if parts.talk:
        for routes_of_talk in parts.talk.blueprints(people):
            app.register_blueprint(routes_of_talk)
    if parts.autonomy:
        app.register_blueprint(autonomy.blueprint(parts, people, parts.autonomy))
        app.register_blueprint(agreement.blueprint(parts, people, parts.autonomy))
    if parts.undo:
        app.register_blueprint(undo.blueprint(parts.undo, people))
    app.register_blueprint(openapi.blueprint(people))
    for further in blueprints:
        app.register_blueprint(further)
    return app
