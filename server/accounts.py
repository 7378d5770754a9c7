"""Which accounts the agent uses: its own for writes, and with READER_TOKEN_FILE another one for all that it reads."""

from __future__ import annotations

from server.settings import Settings
from tools.cluster import Cluster, ClusterReader, KubernetesCluster
from tools.two_accounts import TwoAccounts

ONE = "one account reads and writes: READER_TOKEN_FILE would part them"
TWO = "one account reads, another one writes"


def reader_of(settings: Settings) -> KubernetesCluster | None:
    """The reader's own connection; None: the agent's account reads too. Raises Invalid for an unusable token."""
    if settings.reader_token_file is None:
        return None
    return KubernetesCluster.connect(settings.kubeconfig or None, token_file=str(settings.reader_token_file))


def acting(executor: Cluster, reader: ClusterReader | None) -> Cluster:
    """What the agent works with."""
    return TwoAccounts(reader, executor) if reader else executor


def words(settings: Settings) -> str:
    """For /health: whether a token that leaks could do both."""
    return ONE if settings.reader_token_file is None else TWO
