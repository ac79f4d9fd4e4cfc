"""The folder of uploads: whose it is, what is read from it, when it is emptied."""

import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

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


@pytest.mark.parametrize("at_once", [True, False])
def test_reading_one_upload_leaves_another_of_the_same_content(folder, at_once):
    """Gradio names an upload's folder after its content: equal files of two visitors lie side by side."""
    one, other = upload(folder, "a.png"), upload(folder, "b.png")
    folder.take(str(one), at_once=at_once)
    aged(one.parent, private_folder.GRACE_S + 1)
    if not at_once:
        aged(one, private_folder.GRACE_S + 1)
    folder.sweep()
    assert not one.exists()
    assert folder.take(str(other), at_once=True) == b"pixels"
    assert not other.parent.exists()


@pytest.mark.parametrize("calls", [2, 3])
def test_an_upload_stays_until_every_call_that_waits_has_read_it(folder, calls):
    """Equal files of one name are one file, and a call may wait in the queue for longer than the time of grace."""
    file = upload(folder)
    for _ in range(calls):
        folder.expect(str(file))
    for _ in range(calls - 1):
        folder.take(str(file), at_once=False)
        aged(file, private_folder.GRACE_S + 1)
        folder.sweep()
        assert file.exists()
    folder.take(str(file), at_once=False)
    folder.sweep()
    assert file.exists()
    aged(file, private_folder.GRACE_S + 1)
    folder.sweep()
    assert not file.exists()


def test_an_upload_that_a_call_never_came_to_read_goes_when_it_is_old(folder):
    file = upload(folder)
    folder.expect(str(file))
    aged(file.parent, private_folder.OLDEST_S + 1)
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


@pytest.mark.parametrize("jump_s", [86_400, -86_400, 3_600, -3_600])
def test_a_clock_that_is_set_deletes_nothing_that_is_waiting_and_keeps_nothing_for_ever(folder, monkeypatch, jump_s):
    clock, file = time.time, upload(folder)
    monkeypatch.setattr("time.time", lambda: clock() + jump_s)
    monkeypatch.setattr(private_folder.os, "utime", by_the_changed_clock(os.utime))
    folder.sweep()
    assert file.exists()
    monkeypatch.setattr("time.time", lambda: clock() + jump_s + private_folder.OLDEST_S + 1)
    monkeypatch.setattr(private_folder, "LARGEST_DRIFT_S", 2 * private_folder.OLDEST_S)  # time has passed, as it does
    folder.sweep()
    assert not file.exists()


def by_the_changed_clock(utime):
    """`os.utime` where the test has set the clock: the system's own is as it was."""

    def moved(path, times=None):
        utime(path, times or (time.time(), time.time()))

    return moved


def test_sweeping_goes_on_where_a_file_vanished_meanwhile(folder):
    """Gradio moves uploads while the folder is swept; a link to nowhere is listed and can't be looked at just so."""
    (folder.uploads / "a").symlink_to(folder.uploads / "vanished")
    old = upload(folder)
    aged(old.parent, private_folder.OLDEST_S + 1)
    folder.sweep()
    assert not old.exists()


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "", None, 7, "a\0b", ["x"], "{uploads}/" + "n" * 300, "{uploads}/\ud800", "{uploads}", "~"]
)
def test_nothing_else_is_read(folder, path):
    path = path.replace("{uploads}", str(folder.uploads)) if isinstance(path, str) else path
    assert not folder.holds(path)
    with pytest.raises(RadiographError):
        folder.take(path, at_once=True)


def test_the_folder_of_a_killed_process_is_swept_and_a_living_one_is_left(folder, tmp_path):
    """Whatever its process id was: in a container the next process has the same one."""
    code = (
        "import os, signal, tempfile; tempfile.tempdir = os.environ['HERE'];"
        "from explainers.page.private_folder import PrivateFolder;"
        "made = PrivateFolder(); (made.uploads / 'left.png').write_bytes(b'pixels'); print(made.root, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"HERE": str(tmp_path)}, capture_output=True, text=True
    )
    orphan = Path(killed.stdout.strip())
    assert (orphan / "uploads" / "left.png").exists()
    sweep_orphans()
    assert not orphan.exists()
    assert folder.root.exists()


def test_a_folder_that_is_being_made_is_left_alone(folder, tmp_path):
    young = tmp_path / f"{private_folder.PREFIX}young"
    (young / "uploads").mkdir(parents=True)
    sweep_orphans()
    assert young.exists()
    aged(young, private_folder.YOUNG_S + 1)
    sweep_orphans()
    assert not young.exists()


@pytest.mark.parametrize("name", ["notes.txt", "pytest-of-me", "uploads.zip"])
def test_a_folder_of_others_with_the_same_prefix_is_left_alone(folder, tmp_path, name):
    other = tmp_path / f"{private_folder.PREFIX}of-others"
    (other / name).mkdir(parents=True)
    (other / "uploads").mkdir()
    aged(other, 10 * private_folder.YOUNG_S)
    sweep_orphans()
    assert (other / name).exists()


def test_an_empty_folder_of_others_with_the_same_prefix_is_left_alone(folder, tmp_path):
    """Such as the folder for all temporary files of a test run that has just begun."""
    other = tmp_path / f"{private_folder.PREFIX}of-others"
    other.mkdir()
    aged(other, 10 * private_folder.YOUNG_S)
    sweep_orphans()
    assert other.exists()


@pytest.mark.parametrize("removed", ["root", "uploads", "answers"])
def test_what_a_cleaner_of_temporary_files_removed_is_made_again(folder, removed):
    shutil.rmtree(getattr(folder, removed))
    folder.sweep()
    assert folder.take(str(upload(folder)), at_once=True) == b"pixels"
    assert folder.answer_folder().is_dir()
    sweep_orphans()
    assert folder.root.exists()


def test_the_size_of_all_uploads_is_known(folder):
    assert folder.uploaded_bytes() == 0
    upload(folder, place="a")
    upload(folder, place="b")
    assert folder.uploaded_bytes() == 2 * len(b"pixels")


def test_removing_leaves_nothing(folder):
    upload(folder)
    folder.remove()
    assert not folder.root.exists()
