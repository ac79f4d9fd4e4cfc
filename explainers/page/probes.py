"""Addresses for a supervisor: whether the process lives, and whether it should be sent visitors.

GET /health/live   200 while the process answers
GET /health/ready  200 once the default network is loaded, 503 before that, if it failed, and while shutting down
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from explainers.page.api.responses import health
from explainers.page.error_boundary import ErrorMessage
from explainers.page.refusals import PRIVATE, error_body
from explainers.page.state import AppState


def routes(state: AppState) -> list[Route]:
    """The two routes."""

    async def live(request: Request) -> Response:
        return JSONResponse({"live": True}, headers=PRIVATE)

    async def ready(request: Request) -> Response:
        found = health(state.networks, stopping=state.stopping.is_set())
        if found["ready"]:
            return JSONResponse({"ready": True, "status": found["status"]}, headers=PRIVATE)
        code = "STOPPING" if found["status"] == "stopping" else "BUSY"
        message = ErrorMessage(code, f"The server is not ready: {found['status']}.")
        return Response(error_body(message), status_code=503, media_type="application/json", headers=PRIVATE)

    return [Route("/health/live", live), Route("/health/ready", ready)]
