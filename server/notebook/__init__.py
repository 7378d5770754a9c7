"""What the notebooks under `notebooks/` call: they show a record and decide again, always on a copy.

The commands that decide again use parts of it; nothing that serves does.
"""
