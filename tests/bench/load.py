"""An open-loop client: requests are due at a fixed rate, whether the earlier ones have been answered or not."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Sequence

CLIENTS = 8


def send_at_rate(port: int, bodies: Sequence[bytes], rate: float) -> tuple[list[float], dict[int, int]]:
    """Post the bodies to the webhook; returns seconds from when each was due to its answer, and the statuses."""
    begin = time.monotonic() + 0.2
    turn, lock = itertools.count(), threading.Lock()
    taken: list[float] = []
    statuses: Counter[int] = Counter()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                number = next(turn)
            if number >= len(bodies):
                break
            due = begin + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            connection.request("POST", "/webhook", bodies[number], {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            with lock:
                taken.append(time.monotonic() - due)
                statuses[answer.status] += 1
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, dict(statuses)
