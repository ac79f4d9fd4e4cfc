"""The command that starts the page."""

import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import demo

ROOT = Path(__file__).resolve().parents[1]
LEFT_HALF = ROOT / "tests" / "plugins" / "left_half.py"


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """No address in the environment, whatever this machine has."""
    monkeypatch.delenv("GRADIO_SERVER_NAME", raising=False)


def parsed(*arguments: str) -> dict:
    """What demo.py makes of a command line."""
    given = vars(demo.parser().parse_args(arguments))
    return {name: value for name, value in given.items() if name != "run"}


def refused(capsys, *arguments: str) -> str:
    """What is printed of a command line with a usage error."""
    with pytest.raises(SystemExit) as ended:
        demo.main(arguments)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_without_arguments_it_serves_the_starter_to_this_machine_alone():
    assert parsed() == {
        "model": [],
        "outputs": None,
        "input": None,
        "presets": [],
        "plugin": [],
        "reload": False,
        "isolate": "auto",
        "engine": "auto",
        "samples": None,
        "host": "127.0.0.1",
        "port": None,
        "limit": [],
        "log": "text",
        "mcp": False,
        "metrics_port": None,
    }


def test_a_container_names_its_address_in_the_environment(monkeypatch):
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    assert parsed()["host"] == "0.0.0.0"
    assert parsed("--host", "127.0.0.2")["host"] == "127.0.0.2"


def test_plugins_and_networks_may_be_repeated():
    given = parsed("--plugin", "a.py", "--plugin", "b", "--model", "medmae", "--model", "org/name@main")
    assert given["plugin"] == ["a.py", "b"]
    assert given["model"] == ["medmae", "org/name@main"]
    assert parsed("--port", "8000")["port"] == 8000


@pytest.mark.parametrize("seconds", ["0", "-1", "soon"])
def test_a_time_limit_that_is_none_is_refused(seconds, capsys):
    assert "--isolate" in refused(capsys, "--isolate", seconds)


def test_plugins_may_be_run_in_the_server_or_isolated():
    assert parsed("--isolate", "off")["isolate"] == "off"
    assert parsed("--isolate", "30")["isolate"] == 30.0


@pytest.mark.parametrize("port", ["0", "65536", "x"])
def test_a_port_that_is_none_is_refused(port, capsys):
    assert "--port" in refused(capsys, "--port", port)


def test_paths_that_are_not_there_end_with_a_sentence(tmp_path, capsys):
    assert "There is no file" in refused(capsys, "--presets", str(tmp_path / "none.toml"))
    assert "There is no folder" in refused(capsys, "--samples", str(tmp_path / "none"))


@pytest.mark.slow
def test_a_port_that_is_taken_ends_with_a_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        words = [sys.executable, str(ROOT / "demo.py"), "--model", "starter", "--port", port]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert f"Port {port} can't be had." in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_line_is_there_before_tensorflow_and_gradio():
    code = "import sys, demo; demo.parser(); print({'tensorflow', 'keras', 'gradio'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "set()"


def start(folder: Path, *arguments: str, **environment: str) -> tuple[subprocess.Popen, str]:
    """(process, address) of a page whose temporary files are in a folder."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "demo.py"), *arguments],
        env=os.environ | {"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return process, process.stdout.readline().split()[-1]


def read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=60) as page:
        assert page.status == 200
        return page.read().decode()


def end(process: subprocess.Popen, folder: Path) -> None:
    """The page ends on request and leaves nothing."""
    assert list(folder.glob("cxr-lens-*"))
    process.terminate()
    assert process.wait(60) == 0
    assert not list(folder.glob("cxr-lens-*"))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """(process, address, plugin) of a page without the Hub, which reloads its plugin."""
    folder = tmp_path_factory.mktemp("page")
    plugin = folder / "mine.py"
    plugin.write_text(LEFT_HALF.read_text())
    # nobody listens on port 9 of this machine
    unreachable = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}
    words = ["--model", "someone/a-network", "--plugin", str(plugin), "--reload"]
    process, address = start(folder, *words, **unreachable)
    try:
        yield process, address, plugin
        end(process, folder)
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow  # by default, the end of a page that has loaded its network
def test_the_server_ends_on_request_and_leaves_nothing(tmp_path):
    """Started and ended at once: the network may still be loading then."""
    process, address = start(tmp_path, "--model", str(tmp_path / "nowhere"))
    read(address)
    end(process, tmp_path)


def test_without_the_hub_the_page_starts_on_the_starter_and_says_so(page):
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    _, address, _ = page
    client = Client(address, verbose=False)
    assert client.predict(api_name="/health")["status"] in ("loading", "ready")  # a fast machine is ready at once
    assert client.predict(model="", api_name="/model_info")["model"]["source"] == "starter"
    answer = client.predict(api_name="/health")
    assert answer["status"] == "ready"
    assert "'someone/a-network' could not be loaded, so the packaged starter is in use." in answer["notes"][0]
    for each in (client.predict(model="", api_name="/findings"), client.predict(api_name="/explainers"), answer):
        assert (each["model"]["name"], each["requested"]) == ("starter", "someone/a-network")
        assert "the packaged starter is in use" in each["fallback"]
        assert each["fallback"] in each.get("warnings", each.get("notes"))
    # a network that is named is never replaced; the one in use may be asked for by its own name
    with pytest.raises(AppError, match="the packaged starter is in use") as caught:
        client.predict(model="someone/a-network", api_name="/findings")
    assert caught.value.title == "SOURCE"
    assert client.predict(model="starter", api_name="/findings")["model"]["name"] == "starter"


def test_a_plugin_that_is_saved_is_loaded_anew_by_the_running_page(page):
    process, address, plugin = page
    plugin.write_text(LEFT_HALF.read_text().replace('"left_half"', '"saved_anew"'))
    assert process.stdout.readline() == "mine.py was loaded again\n"
    text = read(address)
    assert "saved_anew" in text
    assert "left_half" not in text
