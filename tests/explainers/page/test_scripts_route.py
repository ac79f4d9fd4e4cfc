"""Where the page's own files are served, also below the path of a proxy."""

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from explainers.page.scripts_route import FILES, Scripts, up_route

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"

DEPLOYED = re.search(r"GRADIO_ROOT_PATH: (/\S+?)[ ,}]", (DEPLOY / "compose.yml").read_text())[1]


@pytest.mark.parametrize("path", ["", DEPLOYED, "/lens", "/cxr-lens", "/page", "/a/b", "/scripts", "/panels"])
def test_files_are_served_below_any_path_of_a_proxy(path):
    scripts = Scripts(())
    app = Starlette(routes=[up_route(), scripts.route()])
    client = TestClient(app, root_path=path)
    # as the proxy of deploy/ passes an address on: without the path
    assert client.get(f"{FILES}/up").status_code == 200
    for place in scripts.places:
        assert client.get(f"{FILES}/{scripts.version}/{place}").status_code == 200, place


def test_the_proxy_of_the_repository_serves_below_the_path_that_the_server_is_told():
    assert f"location {DEPLOYED}/ {{" in (DEPLOY / "nginx.conf").read_text()
