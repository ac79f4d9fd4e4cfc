"""The server of the Model Context Protocol at /gradio_api/mcp, over streamable HTTP without sessions.

Needs the extra `mcp`. A middleware rather than a route: what serves the protocol runs as long as the application, and
the application's lifespan passes through its middleware.
"""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import ASGIApp, Receive, Scope, Send

from explainers.client import CallError, Client
from explainers.page.api.mcp_tools import Tools
from explainers.page.call_filter import body_of, replay_body, strict_json, with_json
from explainers.page.error_boundary import ErrorMessage, error_message
from explainers.page.refusals import refuse, route_path
from explainers.page.state import AppState
from hub.errors import CxrLensError

PATH = "/gradio_api/mcp"

LARGEST_MESSAGE_BYTES = 4 * 2**20
"""Of one call, whose picture may be in it as a data URL."""

AT_ONCE = 4
"""Calls of tools that wait for an endpoint at the same time; the endpoints' own queue bounds what is computed."""


class McpServer:
    """Answers requests below PATH; everything else goes on.

    address  of this server, once it is known
    """

    def __init__(self, app: ASGIApp, state: AppState, address: Callable[[], str]) -> None:
        self.app, self._address = app, address
        self._clients: list[Client] = []
        self._connecting = threading.Lock()
        self._limiter = anyio.CapacityLimiter(AT_ONCE)
        self._tools = Tools(state, self._client)
        self._manager = StreamableHTTPSessionManager(app=self._server(), json_response=True, stateless=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            async with self._manager.run():
                await self.app(scope, receive, send)
            for client in self._clients:
                client.close()
        elif scope["type"] == "http" and route_path(scope).rstrip("/") in (PATH, f"{PATH}/http"):
            await self._answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await self._manager.handle_request(scope, receive, send)
            return
        try:
            body = await body_of(receive, most_bytes=LARGEST_MESSAGE_BYTES)
            strict_json(body)
        except CxrLensError as error:
            await refuse(send, error_message(error))
            return
        await self._manager.handle_request(with_json(scope, len(body)), replay_body(body, receive), send)

    def _client(self) -> Client:
        """Calls this server's own endpoints; one for all tools, made when the first is called."""
        with self._connecting:
            if not self._clients:
                self._clients.append(Client(self._address(), retries=0))
            return self._clients[0]

    def _server(self) -> Server:
        server: Server = Server("cxr-lens")

        @server.list_tools()
        async def list_tools() -> list[types.Tool]:
            return [types.Tool(**each) for each in self._tools.described()]

        @server.call_tool(validate_input=False)
        async def call_tool(name: str, arguments: dict[str, Any]) -> types.CallToolResult:
            gone = threading.Event()
            call = partial(self._called, name, arguments, gone.is_set)
            try:
                return await anyio.to_thread.run_sync(call, limiter=self._limiter, abandon_on_cancel=True)
            finally:
                gone.set()

        return server

    def _called(self, name: str, arguments: object, cancelled: Callable[[], bool]) -> types.CallToolResult:
        try:
            found = self._tools.call(name, arguments, cancelled)
        except CallError as error:
            return _failed(ErrorMessage(error.code, error.sentence))
        except Exception as error:  # noqa: BLE001 - the last place before the agent
            return _failed(error_message(error))
        return types.CallToolResult.model_validate(
            {"content": found["content"], "structuredContent": found["structured"]}
        )


def _failed(message: ErrorMessage) -> types.CallToolResult:
    text = types.TextContent(type="text", text=f"{message.sentence} ({message.code})")
    return types.CallToolResult(content=[text], structuredContent=message.to_json(), isError=True)
