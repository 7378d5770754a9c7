"""Several writers, one commit: who waits for the store meanwhile is stored together with the others.

A commit costs one fsync, some milliseconds, whatever it holds. A hundred bodies in a second would each wait for all
commits before their own; so whoever's turn it is takes along what has come in since. Nobody is answered before the
commit, and when one of them cannot be stored the others are stored without it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from sqlalchemy import Connection

from tools.database import Database
from tools.errors import StoreError

T = TypeVar("T")
MOST = 64
"""Writes in one commit: none has to wait for an endless row of others."""


@dataclass
class _Waiting(Generic[T]):
    work: Callable[[Connection], T]
    result: T | None = None
    error: StoreError | None = None
    over: bool = False
    """Committed, or certainly not stored."""


class SharedCommit(Generic[T]):
    """Writes to one database, grouped by who waits at the same time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = threading.Lock()
        self._waiting: deque[_Waiting[T]] = deque()

    @property
    def waiting(self) -> int:
        """Writes whose turn has not come."""
        return len(self._waiting)

    def do(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, once it is committed. Raises StoreError, and then nothing of it is stored.

        `work` may be called twice, the first time in a transaction that is rolled back.
        """
        mine = _Waiting(work)
        self._waiting.append(mine)
        while not mine.over:
            with self._turn:
                if not mine.over:
                    self._take_turn()
        if mine.error:
            raise mine.error
        return cast(T, mine.result)

    def _take_turn(self) -> None:
        group = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        try:
            if not self._commit(group) and len(group) > 1:
                for one in group:
                    self._commit([one])
        finally:
            for one in group:
                one.over = True

    def _commit(self, group: list[_Waiting[T]]) -> bool:
        """Whether all of them are stored; if not, none is. No savepoints: a full disk makes SQLite roll back the whole
        transaction behind them, and what came before would be believed to be stored.
        """
        failure: StoreError | None = StoreError("another write in the same commit failed: nothing was stored")
        try:
            with self._database.write() as connection:
                for one in group:
                    one.result = one.work(connection)
            failure = None
        except StoreError as error:
            failure = error
        finally:
            for one in group:
                one.error = failure
        return failure is None
