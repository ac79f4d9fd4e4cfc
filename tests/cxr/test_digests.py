"""Digests of arrays: equal for equal content, remembered only where nothing can change."""

import gc

import numpy as np

from cxr import digests
from cxr.digests import digest_of
from explainers.contract.read_only import read_only


def array(seed: int = 0, *, writeable: bool = False) -> np.ndarray:
    made = np.random.default_rng(seed).standard_normal((4, 5, 3)).astype(np.float32)
    made.flags.writeable = writeable
    return made


def test_equal_content_has_one_digest_and_other_content_or_shape_another():
    assert digest_of(array()) == digest_of(array()) == digest_of(array(writeable=True))
    assert digest_of(array()) != digest_of(array(1))
    assert digest_of(array()) != digest_of(array().reshape(5, 4, 3))
    assert digest_of(array()[::-1]) == digest_of(array()[::-1].copy()) != digest_of(array())


def test_a_read_only_array_is_hashed_once_however_it_is_lent(monkeypatch):
    ours, calls, hashed = array(), [], digests._hashed
    monkeypatch.setattr(digests, "_hashed", lambda each: (calls.append(1), hashed(each))[1])
    first = digest_of(ours)
    assert digest_of(read_only(ours)) == digest_of(read_only(ours)[None][0]) == digest_of(ours[:]) == first
    assert len(calls) == 1
    assert digest_of(ours[:2]) != first, "a part of it has its own"


def test_an_array_that_may_change_is_hashed_again():
    ours = array(writeable=True)
    before = digest_of(ours)
    ours[0, 0, 0] += 1
    assert digest_of(ours) != before
    lent = ours[:]
    lent.flags.writeable = False
    before = digest_of(lent)
    ours[0, 0, 0] += 1
    assert digest_of(lent) != before, "its owner can change it"


def test_nothing_stays_of_an_array_that_is_gone():
    before = len(digests._known)
    ours = array()
    digest_of(ours)
    assert len(digests._known) == before + 1
    del ours
    gc.collect()
    assert len(digests._known) == before
