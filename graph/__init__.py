"""What the agent thinks: state machines and rules, free of Flask, kubernetes, SQL and SMTP.

Two switches of LangGraph are read when it is first imported, so they are set here, before any module of ours
imports it: checkpoints may only revive types that the state's schema names (whoever can write the file could
run code otherwise), and no trace leaves this process.
"""

import os

os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
os.environ["LANGSMITH_TRACING"] = "false"
