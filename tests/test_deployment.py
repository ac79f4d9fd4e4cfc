"""The files by which the page is deployed agree with each other: front matter, workflow, image, compose, nginx."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]

LONGEST_DESCRIPTION = 60
"""Characters of a Space's short description that the Hub takes."""


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def front_matter() -> dict:
    return yaml.safe_load(text("README.md").split("---\n")[1])


@pytest.fixture(scope="module")
def workflow() -> dict:
    return yaml.safe_load(text(".github/workflows/space.yml"))


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load(text("deploy/compose.yml"))


def test_what_the_front_matter_names_is_there(front_matter):
    assert (ROOT / front_matter["app_file"]).is_file()
    assert (ROOT / "requirements.txt").is_file()
    assert len(front_matter["short_description"]) <= LONGEST_DESCRIPTION
    assert front_matter["license"] == "apache-2.0"


def test_the_workflow_makes_the_space_that_the_front_matter_describes(front_matter, workflow):
    step = workflow["jobs"]["sync"]["steps"][-1]
    assert step["uses"].startswith("huggingface/hub-sync@v")
    inputs = step["with"]
    assert inputs["space_sdk"] == front_matter["sdk"]
    assert inputs["repo_type"] == "space"
    assert set(inputs) >= {"github_repo_id", "huggingface_repo_id", "hf_token"}
    assert inputs["hf_token"] == "${{ secrets.HF_TOKEN }}"


def test_nothing_goes_to_the_space_that_was_not_tested(workflow):
    sync, test = workflow["jobs"]["sync"], workflow["jobs"]["test"]
    assert sync["needs"] == "test"
    assert "refs/heads/main" in sync["if"]
    assert any(step.get("run") == "bash .ci/run" for step in test["steps"])


def test_space_workflow_and_image_have_one_version_of_python(front_matter, workflow):
    setup = next(step for step in workflow["jobs"]["test"]["steps"] if "setup-python" in step.get("uses", ""))
    image = re.search(r"^FROM python:([\d.]+)-slim$", text("Dockerfile"), re.MULTILINE)[1]
    assert front_matter["python_version"] == setup["with"]["python-version"] == image


def test_the_image_copies_what_it_starts_and_does_not_run_as_root():
    dockerfile = text("Dockerfile")
    copied = set(re.findall(r"[\w.]+", " ".join(re.findall(r"^COPY (.*) \S+$", dockerfile, re.MULTILINE))))
    assert {"demo.py", "hub", "cxr", "explainers", "pyproject.toml", "requirements.txt"} <= copied
    for name in copied:
        assert (ROOT / name).exists(), name
    (user,) = re.findall(r"^USER (\S+)$", dockerfile, re.MULTILINE)
    assert int(user) > 0
    assert "/health/ready" in dockerfile
    assert '["python", "demo.py"]' in dockerfile


def test_replicas_may_write_to_memory_alone(compose):
    for name in ("one", "two"):
        replica = compose["services"][name]
        assert replica["read_only"] is True
        assert replica["cap_drop"] == ["ALL"]
        assert any(each.startswith("/tmp") for each in replica["tmpfs"])
        assert replica["pids_limit"] > 0
        assert replica["mem_limit"]


def test_nginx_and_the_replicas_agree_on_port_and_path(compose):
    nginx = text("deploy/nginx.conf")
    path = compose["services"]["one"]["environment"]["GRADIO_ROOT_PATH"]
    command = compose["services"]["one"]["command"]
    port = command[command.index("--port") + 1]
    assert f"location {path}/ {{" in nginx
    for name in ("one", "two"):
        assert f"server {name}:{port} " in nginx
    assert "ip_hash;" in nginx
    published = compose["services"]["nginx"]["ports"][0].split(":")[1]
    assert f"listen {published};" in nginx
