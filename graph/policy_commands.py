"""May these very words be run there? Only what POLICY_FILE names, asked again before the write. Pure."""

from __future__ import annotations

from graph.policy_facts import Answer, PolicyFacts, PolicySettings
from tools import argv
from tools.allowed_commands import CommandAsk
from tools.records import ActionCall

EXEC = "exec_command"


def command_ask(call: ActionCall) -> CommandAsk:
    """What a call would run; words that cannot be read are none, and no words are allowed nowhere."""
    if call.name != EXEC:
        return CommandAsk()
    try:
        words = argv.words_of(str(call.args.get("argv")))
    except ValueError:
        words = ()
    return CommandAsk(
        workload=str(call.args.get("workload") or ""),
        container=str(call.args.get("container") or ""),
        argv=words,
        seconds=int(call.args.get("seconds") or 0),
    )


def command_listed(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A command is run only where POLICY_FILE names it word for word, and for so long; none is named as shipped."""
    if facts.action != EXEC:
        return None
    ask = facts.guards.command
    if any(entry.allows(facts.target.namespace, ask) for entry in settings.exec_commands):
        return None
    told = f"{argv.as_text(ask.argv)} for {ask.seconds} s in container {ask.container} of {ask.workload}"
    return ("refuse", f"exec_commands in POLICY_FILE does not allow {told}")


COMMAND_RULES = (command_listed,)
