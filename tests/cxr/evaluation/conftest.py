"""Quick resampling, for tests that look at no exact end of an interval."""

import pytest

from cxr.evaluation import bootstrap


@pytest.fixture
def few_resamples(monkeypatch) -> None:
    """A hundred resamples of the patients in place of a thousand."""
    for function in (bootstrap.patient_resamples, bootstrap.interval):
        monkeypatch.setitem(function.__kwdefaults__, "count", 100)
