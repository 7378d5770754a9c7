"""The demo: a sandbox cluster, an agent with its pages, and scenes that go wrong one after another.

Everything goes through the doors that a real installation has: alerts over `POST /webhook`, decisions over
`POST /approve/<id>`. Settling and verification are shortened, and the clock runs fast; both are announced.
"""

from server.demo.play import play

__all__ = ["play"]
