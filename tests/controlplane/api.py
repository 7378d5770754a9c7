"""The API server as its administrator sees it: JSON in, JSON out."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """The server answered with a status of 400 or more; `status` is the code, `body` its Status object or text."""

    def __init__(self, method: str, path: str, status: int, body: str) -> None:
        super().__init__(f"{method} {path}: {status} {body}")
        self.status = status
        self.body = body


class AdminApi:
    """Unlimited rights by a static token: for setting a stage and looking at it, never for the agent under test."""

    def __init__(self, url: str, token: str, ca: Path) -> None:
        self.url = url
        self._token = token
        self._tls = ssl.create_default_context(cafile=str(ca))

    def get(self, path: str) -> Json:
        return self._json("GET", path)

    def text(self, path: str) -> str:
        """For answers that are not JSON, such as logs."""
        return self._call("GET", path)

    def post(self, path: str, body: Json) -> Json:
        return self._json("POST", path, body)

    def put(self, path: str, body: Json) -> Json:
        return self._json("PUT", path, body)

    def patch(self, path: str, body: Json, kind: str = "strategic-merge") -> Json:
        """`kind` is strategic-merge, merge or apply."""
        return self._json("PATCH", path, body, f"application/{kind}-patch+json")

    def apply(self, path: str, body: Json, *, dry_run: bool = False) -> Json:
        """Server-side apply with strict validation; conflicts with other managers are taken over."""
        query = "fieldManager=test&force=true&fieldValidation=Strict" + ("&dryRun=All" if dry_run else "")
        return self._json("PATCH", f"{path}?{query}", body, "application/apply-patch+yaml")

    def delete(self, path: str) -> Json:
        return self._json("DELETE", path)

    def items(self, path: str) -> list[Json]:
        listed: list[Json] = self.get(path)["items"]
        return listed

    def _json(
        self, method: str, path: str, body: Json | None = None, content: str = "application/json"
    ) -> Json:
        answer: Json = json.loads(self._call(method, path, body, content))
        return answer

    def _call(
        self, method: str, path: str, body: Json | None = None, content: str = "application/json"
    ) -> str:
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": content},
        )
        try:
            with urllib.request.urlopen(request, context=self._tls, timeout=30) as answer:
                text: str = answer.read().decode()
                return text
        except urllib.error.HTTPError as error:
            with error:
                raise ApiError(method, path, error.code, error.read().decode()) from None
