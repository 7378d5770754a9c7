"""A cluster that is read under one account and written to under another, so that no token can do both (R4.10)."""

from __future__ import annotations

from tools.cluster import Cluster, ClusterReader


class TwoAccounts:
    """Reads by the reader, writes and dry runs by the executor; what may be written is asked for the executor."""

    def __init__(self, reader: ClusterReader, executor: Cluster) -> None:
        self.get, self.list, self.logs, self.version = reader.get, reader.list, reader.logs, reader.version
        self.patch, self.create, self.delete = executor.patch, executor.create, executor.delete
        self.run_command = executor.run_command
        self.allowed = executor.allowed
