"""How people and Alertmanager reach the agent: parse, call, shape."""
