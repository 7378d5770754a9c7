"""What the agent touches: one module per outside system, protocol and real adapter side by side."""
