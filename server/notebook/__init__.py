"""What the notebooks under `notebooks/` call: they show a record and decide again, always on a copy.

Nothing else of the agent imports this.
"""
