"""How people and Alertmanager reach the agent: parse, call, shape."""

import graph as graph  # sets LangGraph's import-time switches before any module here imports it
