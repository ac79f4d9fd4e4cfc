"""The page's scripts as ES modules, at addresses that change when a script does."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from explainers.page.panel import Panel

FILES = "/page_files"
"""What addresses of the page's own files begin with. A path that a proxy serves the page below must be another one:
Starlette takes that path off the beginning of an address, and would take this one for it."""

MODULE = "text/javascript; charset=utf-8"


class Scripts:
    """All scripts of the page by their address below a version: `scripts/NAME.js` and `panels/PANEL/NAME.js`."""

    def __init__(self, panels: Sequence[Panel]) -> None:
        folders = {"scripts": files("explainers.page") / "scripts"}
        folders |= {f"panels/{panel.name}": panel.folder for panel in panels}
        self._by_place = _scripts(folders)
        content = "".join(f"{place}\0{text}\0" for place, text in sorted(self._by_place.items()))
        self.version = hashlib.sha256(content.encode()).hexdigest()[:12]

    @property
    def places(self) -> list[str]:
        """Addresses of all scripts below the version."""
        return sorted(self._by_place)

    def route(self) -> Route:
        """Serves them; browsers keep each for as long as its address is in use."""

        async def respond(request: Request) -> Response:
            text = self._by_place.get(request.path_params["place"])
            if text is None or request.path_params["version"] != self.version:
                return Response("There is no such script. Reload the page.", status_code=404)
            return Response(text, headers={"Cache-Control": "max-age=31536000, immutable"}, media_type=MODULE)

        return Route(f"{FILES}/{{version}}/{{place:path}}", respond)


def up_route() -> Route:
    """Answers at once with this start's name; the page asks whether the server is there, and is still the same one."""
    start = secrets.token_hex(8)
    return Route(f"{FILES}/up", lambda request: Response(start, headers={"Cache-Control": "no-store"}))


def _scripts(folders: Mapping[str, Traversable]) -> dict[str, str]:
    return {
        f"{place}/{file.name}": file.read_text(encoding="utf-8")
        for place, folder in folders.items()
        for file in folder.iterdir()
        if file.name.endswith(".js")
    }
