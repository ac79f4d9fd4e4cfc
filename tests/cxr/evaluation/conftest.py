"""Quick resampling, for tests that look at no exact end of an interval."""

from collections.abc import Iterator

import pytest

from cxr.evaluation import bootstrap


@pytest.fixture(scope="module")
def few_resamples() -> Iterator[None]:
    """A hundred resamples of the patients in place of a thousand, for a whole module."""
    with pytest.MonkeyPatch.context() as patch:
        for function in (bootstrap.patient_resamples, bootstrap.interval):
            patch.setitem(function.__kwdefaults__, "count", 100)
        yield
