"""The log: what happened, never what was sent."""

import json
import logging
import subprocess
import sys
import traceback

import pytest

from explainers.page import logs

SECRET = "SECRET^JANE"


def raised() -> tuple:
    try:
        raise ValueError(f"{SECRET} in /home/ada/{SECRET}.png")
    except ValueError:
        return sys.exc_info()


def record(message: str = "an event failed", **extra: object) -> logging.LogRecord:
    made = logging.getLogger("explainers").makeRecord(
        "explainers", logging.ERROR, __file__, 1, message, (), raised() if not extra else None, extra=extra
    )
    return made


@pytest.mark.parametrize("formatter", [logs.TextFormatter(), logs.JsonFormatter()])
def test_of_an_exception_its_type_and_place_are_logged_and_not_its_message(formatter):
    line = formatter.format(record())
    assert "ValueError" in line
    assert "page/test_logs.py:" in line
    assert SECRET not in line
    assert "/home" not in line
    assert "\n" not in line


def test_json_lines_have_the_fields_of_a_call():
    fields = {"request": "ab12", "endpoint": "explain", "milliseconds": 12, "outcome": "OK"}
    line = json.loads(logs.JsonFormatter().format(record("call ended", **fields)))
    assert line["message"] == "call ended"
    assert fields.items() <= line.items()


def test_a_message_over_several_lines_stays_one_line():
    assert "\n" not in logs.TextFormatter().format(record("a\nb", outcome="OK"))


def logged(code: str, kind: str = "json") -> str:
    """What a process writes to standard error that has the server's log; in a process, since the log is global."""
    begin = f"from explainers.page import logs; logs.configure({kind!r}); SECRET = {SECRET!r}\n"
    done = subprocess.run([sys.executable, "-c", begin + code], capture_output=True, text=True, check=True)
    assert SECRET not in done.stderr
    return done.stderr


def test_pydicom_says_nothing_even_after_it_set_its_own_level():
    code = "import logging; log = logging.getLogger('pydicom'); log.setLevel(10); log.error('%s is odd', SECRET)"
    assert logged(code) == ""


def test_a_warning_is_logged_by_its_kind():
    assert "UserWarning in <string>, line 2" in logged("import warnings; warnings.warn(SECRET + ' is odd')", "text")


def test_gradios_tracebacks_come_to_the_log():
    code = "try:\n    raise ValueError(SECRET)\nexcept ValueError:\n    logs._QuietTraceback('traceback').print_exc()"
    line = json.loads(logged(code))
    assert (line["error"], line["at"]) == ("ValueError", "<string>:3")


def test_the_modules_of_gradio_that_print_tracebacks_are_made_quiet(monkeypatch, caplog, capfd):
    from gradio import queueing, routes

    for module in (queueing, routes):  # as they are, once this test has ended
        monkeypatch.setattr(module, "traceback", traceback)
    logs.quiet_gradio()
    for module in (queueing, routes):
        try:
            raise ValueError(SECRET)
        except ValueError:
            module.traceback.print_exc()
    assert [record.exc_info[0] for record in caplog.records] == [ValueError, ValueError]
    assert SECRET not in capfd.readouterr().err
