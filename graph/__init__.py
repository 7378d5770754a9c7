"""What the agent thinks: state machines and rules, free of Flask, kubernetes, SQL and SMTP."""
