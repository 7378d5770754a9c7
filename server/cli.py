"""`sre-agent serve | doctor | demo | replay | evaluate | capture | policy | agreement | rbac | db`.

A command imports what it needs when it is called.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Literal, NoReturn

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
@click.option("--json", "as_json", is_flag=True, help="The checks as one JSON object on stdout.")
def doctor(as_json: bool) -> None:
    """Look at everything that the agent rests on, and say how to mend what is broken. Changes nothing.

    Exit status: 0, or 1 when something is broken.
    """
    from server.doctor import as_json as printed
    from server.doctor import broken_ones, examine, text
    from server.settings import Settings
    from tools.clock import SystemClock

    checks = examine(Settings.from_process, SystemClock())
    click.echo(printed(checks) if as_json else text(checks))
    sys.exit(1 if broken_ones(checks) else 0)


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
@click.argument("bundle", type=click.Path(exists=True, path_type=Path))
@click.option("--mode", type=click.Choice(["shadow", "approve", "auto"]), help="Instead of the bundle's own.")
def replay(bundle: Path, mode: str | None) -> None:
    """Decide a stored incident again and print its decision records, a JSON line each. Nothing is written.

    BUNDLE is a folder, or the .tar.gz that GET /incidents/<id>/bundle gives.
    """
    from server.replay import replay_bundle
    from server.stage import Undecided
    from tools.errors import ToolError

    try:
        decided = replay_bundle(bundle, mode=mode or "")
    except (ToolError, ValueError, Undecided) as error:
        _fail(error)
    for note in decided.notes:
        click.echo(f"sre-agent: {note}", err=True)
    for decision in decided.decisions:
        click.echo(json.dumps(decision))


@main.command()
@click.option("--incident", default="", metavar="ID", help="An incident of the record, as it was decided.")
@click.option(
    "--alert",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The cluster as it is now, for this webhook body.",
)
@click.option("--workload", default="", metavar="NS/KIND/NAME", help="The cluster as it is now, about this.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="A new folder.")
def capture(incident: str, alert: Path | None, workload: str, out: Path) -> None:
    """Write an incident as a bundle, without secrets, to replay or to score elsewhere.

    Nothing is written to the cluster, and nothing in the record changes.
    """
    from server.capture import Asked
    from server.capture import capture as write_bundle
    from server.settings import Settings, SettingsError
    from server.stage import Undecided
    from tools.clock import SystemClock
    from tools.errors import ToolError

    asked = Asked(incident, alert, workload)
    try:
        bundle = write_bundle(asked, out, Settings.from_process(), SystemClock())
    except (SettingsError, ToolError, ValueError, Undecided, OSError) as error:
        _fail(error)
    click.echo(
        f"{out}: {len(bundle.objects)} objects, {len(bundle.logs)} logs. Decide it: sre-agent replay {out}"
    )
    click.echo(
        "Read it before you give it away: a secret that looks like a word is not recognised.", err=True
    )


@main.command()
@click.argument(
    "folders",
    metavar="DIR...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON on stdout.")
@click.option("--llm", type=click.Choice(["off", "recorded", "groq"]), default="off", show_default=True)
@click.option("--record", is_flag=True, help="With --llm groq: keep the answers in each case's llm.jsonl.")
@click.option("--runs", type=click.IntRange(1), default=1, show_default=True, help="Times to run each case.")
@click.option(
    "--jobs", type=click.IntRange(0), default=0, help="Processes side by side; 0: one for each core."
)
@click.option("--prompts", is_flag=True, help="Measure what a model would be asked, whether one is or not.")
@click.option(
    "--explain", metavar="CASE", default="", help="Tell one case in full: evidence, proofs, policy."
)
@click.option(
    "--calibrate",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Fit a calibration on these cases and score it on the others.",
)
@click.option("--write", type=click.Path(dir_okay=False, path_type=Path), help="Keep that calibration.")
@click.option(
    "--publish",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="PAGE",
    help="Make the tables of this page anew; blind batches without a first score get it now.",
)
@click.option("--min-accepted", metavar="N|N%", help="Fail with fewer accepted decisions.")
@click.option("--min-best", metavar="N|N%", help="Fail with fewer best ones.")
@click.option("--max-harmful", type=click.IntRange(0), help="Fail with more harmful ones.")
def evaluate(
    folders: tuple[Path, ...],
    as_json: bool,
    llm: Literal["off", "recorded", "groq"],
    record: bool,
    runs: int,
    jobs: int,
    prompts: bool,
    explain: str,
    calibrate: tuple[Path, ...],
    write: Path | None,
    publish: Path | None,
    min_accepted: str | None,
    min_best: str | None,
    max_harmful: int | None,
) -> None:
    """Decide stored incidents and score the decisions against what was expected.

    Exit status: 0, or 1 when a minimum or maximum is not met, or 2 when a case could not be run.
    """
    from server import evaluation_command
    from server.settings import SettingsError
    from tools.errors import ToolError

    wanted = evaluation_command.Wanted(min_accepted, min_best, max_harmful)
    try:
        how = evaluation_command.How(
            as_json, llm, record, runs, jobs, prompts, explain, calibrate, write, publish
        )
        status = evaluation_command.run(folders, wanted, how)
    except (SettingsError, ToolError, ValueError) as error:
        _fail(error)
    sys.exit(status)


@main.group()
def policy() -> None:
    """What stands between a proved problem and a write."""


@policy.command()
@click.argument("incident", metavar="INCIDENT")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def explain(incident: str, as_json: bool) -> None:
    """Say which rules spoke about an incident of the record, with what values, and which did not.

    Decided again on a copy of the record. Nothing is written, and no cluster is asked.
    """
    from server.notebook.stopping import Stop
    from server.policy_explain import as_text, explain_incident
    from server.settings import Settings, SettingsError
    from tools.errors import ToolError

    try:
        told = explain_incident(Settings.from_process(), incident)
    except (Stop, SettingsError, ToolError) as error:
        _fail(error)
    click.echo(told.model_dump_json(indent=1) if as_json else as_text(told))


@policy.command()
@click.option("--json", "as_json", is_flag=True, help="As a JSON list.")
def levels(as_json: bool) -> None:
    """Print how far each action may go by itself for each problem class, and what it has earned."""
    from server.policy_levels import as_text, levels_of
    from server.settings import Settings, SettingsError
    from tools.errors import ToolError

    try:
        rows = levels_of(Settings.from_process())
    except (SettingsError, ToolError) as error:
        _fail(error)
    click.echo(json.dumps([row.model_dump(mode="json") for row in rows]) if as_json else as_text(rows))


@policy.command()
def rules() -> None:
    """Print every rule, what it may answer and what it is for, as docs/policy.md has them."""
    from server.policy_rules import table

    click.echo(table())


@main.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def agreement(as_json: bool) -> None:
    """Print what the agent would have done against what people did, and which step up the numbers support."""
    from server import agreement_report
    from server.settings import Settings, SettingsError
    from tools.errors import ToolError

    try:
        rows = agreement_report.read(Settings.from_process())
    except (SettingsError, ToolError) as error:
        _fail(error)
    click.echo(json.dumps(agreement_report.as_json(rows)) if as_json else agreement_report.as_text(rows))


@main.command()
@click.option("--namespace", default="sre-agent", show_default=True, help="Where the agent runs.")
@click.option("--enable", multiple=True, help="An action that is off by default.")
@click.option("--write-namespace", multiple=True, help="Opt a namespace in: let it write there.")
@click.option("--nodes", is_flag=True, help="Let it cordon and drain nodes.")
@click.option("--cluster-wide-writes", is_flag=True, help="Let it write in every namespace, and to nodes.")
@click.option("--two-accounts", is_flag=True, help="Take reading from the account that writes.")
@click.option(
    "--fence", is_flag=True, help="Instead: admission policies that keep its account to its actions."
)
@click.option("--policy-file", type=click.Path(path_type=Path), help="Whose commands the fence allows.")
def rbac(
    namespace: str, enable: tuple[str, ...], fence: bool, policy_file: Path | None, **wanted: Any
) -> None:
    """Print the RBAC that readers and enabled actions need, as YAML. It writes only where it was opted in."""
    from server.fencing import PolicyFileError, fence_of
    from tools import rbac as rights

    if fence:
        try:
            text = fence_of(namespace, enable, policy_file)
        except (OSError, PolicyFileError) as error:
            _fail(error)
    else:
        wanted["write_namespaces"] = wanted.pop("write_namespace")
        text = rights.render(namespace, enabled=enable, **wanted)
    click.echo(text, nl=False)


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


if __name__ == "__main__":
    main()
