"""`sre-agent serve | demo | replay | rbac | db`. Each command imports what it needs when it is called."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NoReturn

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """An SRE agent for Kubernetes: it proves, asks or acts, verifies, and undoes."""


@main.command()
def serve() -> None:
    """Run the agent: webhook, worker and pages in one process, until SIGTERM."""
    from server import lean

    lean.install()
    from server import logging, serving
    from server.bootstrap import build
    from server.settings import Settings, SettingsError
    from tools.errors import ToolError

    try:
        settings = Settings.from_process()
        logging.configure(settings.log_level, settings.log_format)
        serving.run(build(settings))
    except (SettingsError, ToolError) as error:
        _fail(error)
    except OSError as error:
        _fail(f"cannot listen: {error}. Set HOST and PORT to an address that is free.")


@main.command()
@click.option("--once", is_flag=True, help="Play every scene without a person, then stop.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line per incident.")
@click.option("--older-revision-breaks", is_flag=True, help="The revision that is rolled back to breaks too.")
@click.option("--port", default=5000, show_default=True, help="Where the pages are shown.")
def demo(once: bool, as_json: bool, older_revision_breaks: bool, port: int) -> None:
    """Start a sandbox cluster, the agent and a stream of faults."""
    from server.demo import play

    sys.exit(play(once=once, as_json=as_json, older_revision_breaks=older_revision_breaks, port=port))


@main.command()
@click.argument("bundle", type=click.Path(exists=True, file_okay=False, path_type=Path))
def replay(bundle: Path) -> None:
    """Decide a stored incident again and print its decision record as JSON. Nothing is written anywhere."""
    from server.replay import replay_bundle
    from tools.errors import ToolError

    try:
        decisions = replay_bundle(bundle)
    except (ToolError, ValueError) as error:
        _fail(error)
    for decision in decisions:
        click.echo(json.dumps(decision))


@main.command()
@click.option("--namespace", default="sre-agent", show_default=True, help="Where the agent runs.")
@click.option("--enable", multiple=True, help="An action that is off by default.")
def rbac(namespace: str, enable: tuple[str, ...]) -> None:
    """Print the RBAC that readers and enabled actions need, as YAML."""
    from tools.rbac import render

    click.echo(render(namespace=namespace, enabled=enable), nl=False)


@main.group()
def db() -> None:
    """The record's database."""


@db.command()
def upgrade() -> None:
    """Bring the schema up to date (serve does so by itself)."""
    from server.settings import Settings, SettingsError
    from tools.errors import ToolError
    from tools.migrations.run import upgrade as upgrade_schema

    try:
        settings = Settings.from_process()
        upgrade_schema(settings.database_url)
    except (SettingsError, ToolError) as error:
        _fail(error)
    click.echo("The schema is up to date.")


@db.command()
def check() -> None:
    """Prove that the database can be used and that the audit trail is whole."""
    from server.settings import Settings, SettingsError
    from tools.audit import SqlAudit
    from tools.database import Database
    from tools.errors import ToolError

    try:
        broken = SqlAudit(Database.open(Settings.from_process().database_url)).broken_at()
    except (SettingsError, ToolError) as error:
        _fail(error)
    if broken is not None:
        _fail(f"the audit trail is broken at entry {broken}: it was changed from outside")
    click.echo("The database is current and the audit trail is whole.")


def _fail(error: object) -> NoReturn:
    click.echo(f"sre-agent: {error}", err=True)
    sys.exit(2)
