"""ASGI middleware that checks calls before Gradio sees them, and refuses what it can't check.

Gradio fetches a payload's web address before the function runs, answers a path of its own choosing with an error of
its own, and fails without a sentence on a body of another form. So the JSON is read strictly here, every file that was
not uploaded to this server is taken out of it, and arguments that were left out get their defaults.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explainers.errors import OptionError
from explainers.page.error_boundary import ErrorMessage, error_message
from explainers.page.private_folder import PrivateFolder
from explainers.page.refusals import refuse, route_path
from hub.errors import CxrLensError, names_hint

LARGEST_CALL_BYTES = 2 * 2**20
"""Largest JSON of one call; files come by upload."""

DEEPEST = 32
"""Levels of nesting in a call's JSON; the deepest that the page or an endpoint needs is 8."""

SLOWEST_BODY_S = 30
"""How long the body of a call may take to arrive."""

LONGEST_SESSION = 100
"""Characters of a session's name; Gradio's clients send 11 to 36."""

CLOSED = (
    "/gradio_api/component_server",
    "/gradio_api/deep_link",
    "/gradio_api/dev/",
    "/gradio_api/file=http",
    "/gradio_api/process_recording",
    "/gradio_api/profiling",
    "/gradio_api/proxy=",
    "/gradio_api/stream/",
    "/gradio_api/undo-vibe-edit",
    "/gradio_api/vibe-",
    "/login",
    "/monitoring",
)
"""Gradio's addresses that the page doesn't use: recordings, states on disk, editing by a language model, proxies, and
redirections to other hosts."""

NAMED = re.compile(r"/gradio_api/call/(?P<v2>v2/)?(?P<endpoint>[^/]+)/?")
BY_INDEX = re.compile(r"/gradio_api/(?:queue/join|run/[^/]+|api/[^/]+)/?")
CANCEL = re.compile(r"/gradio_api/(?:cancel|reset)/?")

REQUIRED = object()
"""Marks an argument without a default."""

REFUSED = "refused"
"""Replaces a file in a call's arguments that this server doesn't have."""

Parameters = Mapping[str, object]
"""{name: default} of an endpoint's arguments, in their order."""


class RequestError(CxrLensError):
    """A call is not JSON, or not of the form of a call."""

    code = "REQUEST"


class UnknownEndpointError(CxrLensError):
    """There is no endpoint of that name or number."""

    code = "NOT_FOUND"


class CallFilter:
    """Checks the JSON bodies of calls.

    endpoints   the parameters of each endpoint that can be called by name
    is_event    whether an event of the page, or an endpoint, has this number
    on_joined   called with the session of an accepted call whose results come in the session's stream
    on_cancel   called with the event that a caller cancels
    """

    def __init__(
        self,
        app: ASGIApp,
        folder: PrivateFolder,
        endpoints: Mapping[str, Parameters] = MappingProxyType({}),
        is_event: Callable[[int], bool] = lambda number: True,
        on_joined: Callable[[str], None] = lambda session: None,
        on_cancel: Callable[[str], None] = lambda event: None,
    ) -> None:
        self.app, self.folder, self.endpoints = app, folder, endpoints
        self.is_event, self.on_joined, self.on_cancel = is_event, on_joined, on_cancel

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = route_path(scope)
        if path.startswith(CLOSED):
            await refuse(send, ErrorMessage("NOT_FOUND", "There is nothing at this address."))
            return
        check = self._check_of(path)
        if scope["method"] != "POST" or check is None:
            await self.app(scope, receive, send)
            return
        try:
            call = check(strict_json(await body_of(receive)))
        except CxrLensError as error:
            await refuse(send, error_message(error))
            return
        body = json.dumps(call).encode()
        await self.app(with_json(scope, len(body)), replay_body(body, receive), send)

    def _check_of(self, path: str) -> Callable[[Any], Any] | None:
        """What checks calls to this address; None for addresses that take no call."""
        if match := NAMED.fullmatch(path):
            check = self._by_keyword if match["v2"] else self._by_name
            return lambda call: check(match["endpoint"], call)
        if BY_INDEX.fullmatch(path):
            return self._by_index
        return self._cancelling if CANCEL.fullmatch(path) else None

    def _parameters(self, endpoint: str) -> Parameters:
        if endpoint not in self.endpoints:
            raise UnknownEndpointError(
                f"There is no endpoint {endpoint[:LONGEST_SESSION]!r}.", names_hint(endpoint, self.endpoints)
            )
        return self.endpoints[endpoint]

    def _by_name(self, endpoint: str, call: Any) -> dict[str, Any]:
        """{"data": [arguments in their order]}, those left out at the end filled in."""
        parameters = self._parameters(endpoint)
        given = call.get("data") if isinstance(call, dict) else None
        if not isinstance(given, list):
            raise RequestError("The body must be of the form {'data': [arguments in their order]}.")
        if len(given) > len(parameters):
            raise OptionError(f"There are {len(given)} arguments.", _expected(endpoint, parameters))
        return {"data": [*self._without_files(given), *_defaults(list(parameters.values())[len(given) :])]}

    def _by_keyword(self, endpoint: str, call: Any) -> dict[str, Any]:
        """{argument: value}, those left out filled in."""
        parameters = self._parameters(endpoint)
        if not isinstance(call, dict):
            raise RequestError("The body must be of the form {argument: value}.")
        for name in call:
            if name not in parameters:
                hint = names_hint(name[:LONGEST_SESSION], parameters)
                raise OptionError(f"{endpoint} has no argument {name[:LONGEST_SESSION]!r}.", hint)
        given = self._without_files(call)
        return dict(zip(parameters, _defaults(list(parameters.values())), strict=True)) | given

    def _by_index(self, call: Any) -> dict[str, Any]:
        """An event of the page, or an endpoint called by Gradio's clients."""
        if not isinstance(call, dict) or not isinstance(call.get("data"), list):
            raise RequestError("The body must be of the form {'data': […], 'fn_index': number, 'session_hash': text}.")
        number, session = call.get("fn_index"), call.get("session_hash")
        if isinstance(number, bool) or not isinstance(number, int) or not self.is_event(number):
            raise UnknownEndpointError("There is no endpoint of that number.", "Load the page again.")
        if not isinstance(session, str) or not 0 < len(session) <= LONGEST_SESSION:
            raise RequestError("'session_hash' must be a text of 1 to 100 characters.")
        trigger = call.get("trigger_id")
        if trigger is not None and (isinstance(trigger, bool) or not isinstance(trigger, int)):
            raise RequestError("'trigger_id' must be a whole number.")
        self.on_joined(session)
        kept = {name: call.get(name) for name in ("fn_index", "session_hash", "trigger_id", "event_data")}
        return self._without_files({**kept, "data": call["data"]})

    def _cancelling(self, call: Any) -> Any:
        if not isinstance(call, dict) or not isinstance(call.get("event_id"), str):
            raise RequestError("The body must be of the form {'event_id': text, …}.")
        self.on_cancel(call["event_id"])
        return call

    def _without_files(self, value: Any) -> Any:
        """The same JSON with every file that is not an upload of this server replaced by a mark."""
        if isinstance(value, list):
            return [self._without_files(each) for each in value]
        if not isinstance(value, dict):
            return value
        if "path" in value and ("meta" in value or "url" in value):
            if not self.folder.holds(value["path"]):
                return {REFUSED: "address" if "://" in str(value["path"]) else "not uploaded"}
            self.folder.expect(value["path"])
        return {key: self._without_files(each) for key, each in value.items()}


def _defaults(values: Sequence[object]) -> list[Any]:
    """The defaults, null where there is none: the endpoint says what is missing."""
    return [None if each is REQUIRED else each for each in values]


def _expected(endpoint: str, parameters: Parameters) -> str:
    return f"{endpoint} takes at most {len(parameters)}: {', '.join(parameters)}."


def strict_json(body: bytes) -> Any:
    """JSON as its standard has it: no NaN, no lone surrogates, no number that a float can't hold.

    Raises RequestError, also for JSON that is nested too deeply to be checked.
    """
    try:
        value = json.loads(body, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise RequestError(f"The JSON is nested more than {DEEPEST} levels deep.") from None
    except ValueError:  # JSONDecodeError, UnicodeDecodeError, and an integer of more than 4,300 digits
        raise RequestError("The body is not valid JSON in UTF-8.") from None
    _check_depth(value)
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise RequestError("The JSON holds text that is not valid Unicode.") from None
    return value


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(text[:20])
    return number


def _check_depth(value: Any) -> None:
    """Level by level rather than by recursion, which a deep body would exhaust."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, list | dict)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise RequestError(f"The JSON is nested more than {DEEPEST} levels deep.")


class TooLargeError(CxrLensError):
    """A call's JSON is larger than any call needs."""

    code = "TOO_LARGE"


async def body_of(receive: Receive, *, most_bytes: int | None = None) -> bytes:
    """The whole body. Raises TooLargeError, and RequestError for one that doesn't arrive in time."""
    most_bytes = LARGEST_CALL_BYTES if most_bytes is None else most_bytes
    parts, size, more = [], 0, True
    try:
        async with asyncio.timeout(SLOWEST_BODY_S):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise RequestError("The caller went away.")
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > most_bytes:
                    raise TooLargeError("The call's arguments are too large.", "Upload files instead.")
                more = message.get("more_body", False)
    except TimeoutError:
        raise RequestError("The body of the request did not arrive in time.", "Send it again.") from None
    return b"".join(parts)


def with_json(scope: Scope, length: int) -> Scope:
    """The request with a JSON body of that many bytes."""
    others = [(name, value) for name, value in scope["headers"] if name not in (b"content-length", b"content-type")]
    headers = [*others, (b"content-type", b"application/json"), (b"content-length", str(length).encode())]
    return {**scope, "headers": headers}


def replay_body(body: bytes, receive: Receive) -> Receive:
    """`receive` that gives this body first."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
