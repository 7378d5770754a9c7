"""The WSGI application: who asks, for what, may they, and what is the answer."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response

from tools.cluster import JsonObject
from tools.sandbox import discovery, kinds, reads, subresources
from tools.sandbox.authz import ANONYMOUS, Attributes, Authorizer, Tokens, User, denied
from tools.sandbox.errors import ApiError, PageNotFound, bad_request, method_not_allowed, no_such_page
from tools.sandbox.evictions import evict
from tools.sandbox.executions import EXEC, execute
from tools.sandbox.reads import Reader
from tools.sandbox.requests import Call, Recorded, Route, parse_path, verb_of
from tools.sandbox.subresources import Subresources
from tools.sandbox.switches import Switch
from tools.sandbox.world import World
from tools.sandbox.writes import Writer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_REVIEWS = "/apis/authorization.k8s.io/v1/"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_RECORDED = 20_000
_LARGEST = 8 * 1024 * 1024


class Application:
    """One request at a time, under the sandbox's lock, with the world brought up to date before and after."""

    def __init__(
        self,
        world: World,
        lock: threading.RLock,
        tokens: Tokens,
        authorizer: Authorizer,
        reader: Reader,
        run: Callable[[], None],
    ) -> None:
        self._world = world
        self._lock = lock
        self._tokens = tokens
        self._authorizer = authorizer
        self._reader = reader
        self._run = run
        self._writer = Writer(world)
        self._subresources = Subresources(world, self._writer, tokens, authorizer)
        self.guard: Callable[[Call, str], None] = lambda call, verb: None
        """Called before every request on a resource; a frozen sandbox refuses here."""
        self.recorded: deque[Recorded] = deque(maxlen=_RECORDED)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = _LARGEST
        with self._lock:
            response = self._answer(request)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        user, body, warnings = ANONYMOUS, None, []
        try:
            user = self._tokens.user(request.headers.get("Authorization", ""))
            body = _body(request)
            call = self._resource_call(request, user, body)
            if call:
                warnings = call.warnings
                response = self._on_resource(call)
            else:
                response = self._on_path(request, user, body)
        except ApiError as error:
            response = self._error(error)
        for text in warnings:
            response.headers.add("Warning", "299 - " + json.dumps(text))
        self._record(request, user, body, response.status_code)
        return response

    def _record(self, request: Request, user: User, body: Any, status: int) -> None:
        query = request.args.to_dict()
        told = isinstance(body, dict) and "All" in (body.get("dryRun") or [])
        asked = query.get("dryRun") == "All" and not (request.method == "DELETE" and isinstance(body, dict))
        dry = asked or told
        if words := request.args.getlist("command"):
            body = {"command": words}
        entry = Recorded(request.method, request.path, query, user.name, body, dry, status, self._world.now())
        self.recorded.append(entry)

    def _resource_call(self, request: Request, user: User, body: Any) -> Call | None:
        if request.path.startswith(_REVIEWS) or len(request.path.split("/")) < 4:
            return None
        if discovery.api_resources(self._world.kinds, *_group_version(request.path)) and _is_root(
            request.path
        ):
            return None
        route = parse_path(request.path, self._world.kinds)
        content_type = request.mimetype
        agent = request.headers.get("User-Agent", "")
        call = Call(request.method, route, request.args.to_dict(), body, content_type, user, agent)
        call.path, call.headers = request.path, dict(request.headers)
        call.command = tuple(request.args.getlist("command"))
        return call

    def _on_resource(self, call: Call) -> Response:
        if call.method not in _METHODS:
            raise method_not_allowed()
        verb = verb_of(call.method, call.route.name, call.query)
        self._require(call, verb)
        self.guard(call, verb)
        self._run()
        if call.route.subresource == EXEC:
            response = execute(self._world, call)
            self._run()
            return response
        if call.method == "GET":
            return self._read(call)
        answer, status = self._write(call)
        self._require_no_effects(call)
        response = _json(answer, status)
        self._run()
        return response

    def _require_no_effects(self, call: Call) -> None:
        """A webhook that has side effects cannot be called for a dry run, which has changed nothing until here."""
        route = call.route
        name = self._world.webhooks.get("/".join(filter(None, (route.kind.plural, route.subresource))))
        if name and call.dry_run:
            raise bad_request(f'admission webhook "{name}" does not support dry run')

    def _require(self, call: Call, verb: str) -> None:
        if Switch.RBAC in self._world.broken:
            return
        route = call.route
        resource = "/".join(part for part in (route.kind.plural, route.subresource) if part)
        namespace = route.name if route.kind is kinds.NAMESPACE else route.namespace
        self._authorizer.require(
            call.user, Attributes(verb, route.kind.group, resource, namespace, route.name)
        )

    def _read(self, call: Call) -> Response:
        if reads.is_log(call):
            return Response(self._reader.log(call), content_type="text/plain; charset=utf-8")
        if call.query.get("watch") in ("true", "1", "True"):
            raise bad_request("the sandbox serves no watches: list again instead")
        if not call.route.name:
            return Response(self._reader.many(call), content_type="application/json")
        found = self._reader.one(call)
        if call.metadata_only:
            return _json(reads.partial(found))
        return _json(subresources.scale_of(found) if call.route.subresource == kinds.SCALE else found)

    def _write(self, call: Call) -> tuple[JsonObject, int]:
        route = call.route
        if route.kind.key in self._world.computed:
            raise method_not_allowed()
        if route.subresource in ("eviction", "token"):
            if call.method != "POST":
                raise method_not_allowed()
            if route.subresource == "eviction":
                return evict(self._world, call), 201
            return self._subresources.issue_token(call), 201
        if route.subresource == kinds.SCALE and call.method in ("PUT", "PATCH"):
            return self._subresources.write_scale(call), 200
        if call.method == "POST" and not route.name:
            return self._writer.create(call), 201
        if call.method == "DELETE" and not route.name:
            return self._delete_all(call), 200
        handlers = {"PUT": self._writer.replace, "PATCH": self._writer.patch, "DELETE": self._writer.delete}
        if call.method not in handlers or not route.name or route.subresource not in ("", kinds.STATUS):
            raise method_not_allowed()
        return handlers[call.method](call), 200

    def _delete_all(self, call: Call) -> JsonObject:
        """DELETE of a collection: every object that the selectors name."""
        answer: JsonObject = json.loads(self._reader.many(call))
        for item in answer["items"]:
            route = Route(call.route.kind, call.route.namespace, item["metadata"]["name"])
            self._writer.delete(Call("DELETE", route, call.query, call.body, call.content_type, call.user))
        return answer

    def _on_path(self, request: Request, user: User, body: Any) -> Response:
        if request.path.startswith(_REVIEWS):
            return self._review(request, user, body)
        if Switch.RBAC not in self._world.broken:
            self._authorizer.require(user, Attributes("get", path=request.path))
        if request.path in ("/healthz", "/livez", "/readyz"):
            return Response("ok", content_type="text/plain; charset=utf-8")
        group, version = _group_version(request.path)
        answers: dict[str, JsonObject | None] = {
            "/version": discovery.VERSION,
            "/api": discovery.api_versions(),
            "/apis": discovery.api_groups(self._world.kinds),
        }
        answer = answers.get(request.path) or discovery.api_resources(self._world.kinds, group, version)
        if answer is None or request.method != "GET":
            raise no_such_page()
        return _json(answer)

    def _review(self, request: Request, user: User, body: Any) -> Response:
        if user.anonymous:
            review = request.path.rpartition("/")[2]
            raise denied(user, Attributes("create", "authorization.k8s.io", review))
        if request.method != "POST" or not isinstance(body, dict):
            raise bad_request("a review is a POST of a JSON object")
        self._run()
        if request.path == _REVIEWS + "selfsubjectaccessreviews":
            return _json(self._subresources.access_review(user, body), 201)
        if request.path == _REVIEWS + "selfsubjectrulesreviews":
            return _json(self._subresources.rules_review(user, body), 201)
        raise no_such_page()

    def _error(self, error: ApiError) -> Response:
        if Switch.STATUS_BODY in self._world.broken or isinstance(error, PageNotFound):
            return Response(str(error), status=error.code, content_type="text/plain; charset=utf-8")
        response = _json(error.body(), error.code)
        if error.retry_after is not None:
            response.headers["Retry-After"] = str(error.retry_after)
        return response


def _json(body: JsonObject, status: int = 200) -> Response:
    text = json.dumps(body, separators=(",", ":"))
    return Response(text, status=status, content_type="application/json")


def _body(request: Request) -> Any:
    text = request.get_data()
    if not text or (request.mimetype and "json" not in request.mimetype):
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise bad_request(f"error decoding the body as JSON: {error}") from error


def _group_version(path: str) -> tuple[str, str]:
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) == 2:
        return "", parts[1]
    if parts[:1] == ["apis"] and len(parts) == 3:
        return parts[1], parts[2]
    return "", ""


def _is_root(path: str) -> bool:
    return _group_version(path) != ("", "")
