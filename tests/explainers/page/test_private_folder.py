"""The folder of uploads: whose it is, what is read from it, when it is emptied."""

import os
import stat
import subprocess
import sys

import pytest

from cxr.errors import RadiographError
from explainers.page import private_folder
from explainers.page.private_folder import PrivateFolder, sweep_orphans


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = PrivateFolder()
    yield made
    made.remove()


def upload(folder, name: str = "a.png", place: str = "0f"):
    (folder.uploads / place).mkdir(exist_ok=True)
    (folder.uploads / place / name).write_bytes(b"pixels")
    return folder.uploads / place / name


def aged(path, seconds: float) -> None:
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def test_only_its_owner_may_look_into_it(folder):
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700


def test_an_upload_of_the_page_is_read_once(folder):
    file = upload(folder)
    assert folder.take(str(file), at_once=True) == b"pixels"
    assert not file.exists()
    with pytest.raises(RadiographError, match="Upload"):
        folder.take(str(file), at_once=True)


def test_an_upload_of_a_program_goes_a_little_after_it_was_read(folder):
    file = upload(folder)
    folder.take(str(file), at_once=False)
    folder.sweep()
    assert file.exists()
    aged(file, private_folder.GRACE_S + 1)
    folder.sweep()
    assert not file.exists()


def test_what_nobody_read_goes_when_it_is_old(folder):
    file, answer = upload(folder), folder.answer_folder()
    folder.sweep()
    assert file.exists()
    for place in (file.parent, answer):
        aged(place, private_folder.OLDEST_S + 1)
    folder.sweep()
    assert not file.exists()
    assert not answer.exists()


def test_sweeping_goes_on_where_a_file_vanished_meanwhile(folder):
    """Gradio moves uploads while the folder is swept; a link to nowhere is listed and can't be looked at just so."""
    (folder.uploads / "a").symlink_to(folder.uploads / "vanished")
    old = upload(folder)
    aged(old.parent, private_folder.OLDEST_S + 1)
    folder.sweep()
    assert not old.exists()


@pytest.mark.parametrize("path", ["/etc/passwd", "", None, 7, "a\0b", ["x"]])
def test_nothing_else_is_read(folder, path):
    with pytest.raises(RadiographError):
        folder.take(path, at_once=True)


def test_the_folder_of_a_killed_process_is_swept_and_a_living_one_is_left(folder, tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    orphan = tmp_path / f"{private_folder.PREFIX}{ended.pid}-abc"
    orphan.mkdir()
    (orphan / "left.png").write_bytes(b"pixels")
    sweep_orphans()
    assert not orphan.exists()
    assert folder.root.exists()


def test_removing_leaves_nothing(folder):
    upload(folder)
    folder.remove()
    assert not folder.root.exists()
