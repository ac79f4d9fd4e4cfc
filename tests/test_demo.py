"""The command that starts the page."""

import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def parsed(*arguments: str, **environment: str):
    """What demo.py makes of a command line, in a process of its own, since it reads the environment."""
    code = (
        f"import demo; given = vars(demo.parser().parse_args({list(arguments)!r}));"
        "print({name: value for name, value in given.items() if name != 'run'})"
    )
    clean = {name: value for name, value in os.environ.items() if name != "GRADIO_SERVER_NAME"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=clean | environment, check=True
    )
    return eval(done.stdout)


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


def test_a_container_names_its_address_in_the_environment():
    assert parsed(GRADIO_SERVER_NAME="0.0.0.0")["host"] == "0.0.0.0"
    assert parsed("--host", "127.0.0.2", GRADIO_SERVER_NAME="0.0.0.0")["host"] == "127.0.0.2"


def test_plugins_and_networks_may_be_repeated():
    given = parsed("--plugin", "a.py", "--plugin", "b", "--model", "medmae", "--model", "org/name@main")
    assert given["plugin"] == ["a.py", "b"]
    assert given["model"] == ["medmae", "org/name@main"]
    assert parsed("--port", "8000")["port"] == 8000


@pytest.mark.parametrize("seconds", ["0", "-1", "soon"])
def test_a_time_limit_that_is_none_is_refused(seconds):
    done = subprocess.run(
        [sys.executable, str(ROOT / "demo.py"), "--isolate", seconds], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 2
    assert "--isolate" in done.stderr


def test_plugins_may_be_run_in_the_server_or_isolated():
    assert parsed("--isolate", "off")["isolate"] == "off"
    assert parsed("--isolate", "30")["isolate"] == 30.0


@pytest.mark.parametrize("port", ["0", "65536", "x"])
def test_a_port_that_is_none_is_refused(port):
    done = subprocess.run(
        [sys.executable, str(ROOT / "demo.py"), "--port", port], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 2
    assert "--port" in done.stderr


def test_a_port_that_is_taken_and_paths_that_are_not_there_end_with_a_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for words, status, said in (
            (["--port", port], 1, f"Port {port} can't be had."),
            (["--presets", str(tmp_path / "none.toml")], 2, "There is no file"),
            (["--samples", str(tmp_path / "none")], 2, "There is no folder"),
        ):
            done = subprocess.run(
                [sys.executable, str(ROOT / "demo.py"), "--model", "starter", *words],
                capture_output=True,
                text=True,
                timeout=120,
            )
            assert done.returncode == status
            assert said in done.stderr
            assert "Traceback" not in done.stderr


def test_the_command_line_is_there_before_tensorflow_and_gradio():
    code = "import sys, demo; demo.parser(); print({'tensorflow', 'keras', 'gradio'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "set()"


def test_the_server_ends_on_request_and_leaves_nothing(tmp_path):
    """Started and ended at once: the network may still be loading then."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "demo.py"), "--model", str(tmp_path / "nowhere")],
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    said = process.stdout.readline()
    address = said.split()[-1]
    with urllib.request.urlopen(address, timeout=60) as page:
        assert page.status == 200
    assert list(tmp_path.glob("cxr-lens-*"))
    process.terminate()
    assert process.wait(60) == 0
    assert not list(tmp_path.glob("cxr-lens-*"))


def test_without_the_hub_the_page_starts_on_the_starter_and_says_so(tmp_path):
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    process = subprocess.Popen(
        [sys.executable, str(ROOT / "demo.py"), "--model", "someone/a-network"],
        # nobody listens on port 9 of this machine
        env=os.environ
        | {
            "TMPDIR": str(tmp_path),
            "HF_ENDPOINT": "http://127.0.0.1:9",
            "HF_HUB_OFFLINE": "0",
            "PYTHONUNBUFFERED": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        client = Client(process.stdout.readline().split()[-1], verbose=False)
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
    finally:
        process.terminate()
        process.wait(60)


def test_a_plugin_that_is_saved_is_loaded_anew_by_the_running_page(tmp_path):
    plugin = tmp_path / "mine.py"
    source = (ROOT / "tests" / "plugins" / "left_half.py").read_text()
    plugin.write_text(source)
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "demo.py"), "--model", "starter", "--plugin", str(plugin), "--reload"],
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        address = process.stdout.readline().split()[-1]
        plugin.write_text(source.replace('"left_half"', '"saved_anew"'))
        assert process.stdout.readline() == "mine.py was loaded again\n"
        with urllib.request.urlopen(address, timeout=60) as page:
            text = page.read().decode()
        assert "saved_anew" in text
        assert "left_half" not in text
    finally:
        process.terminate()
        process.wait(60)
