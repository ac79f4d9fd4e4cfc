"""Synthetic chest radiographs with planted signs."""

from cxr.phantom.synthesis import Phantom, phantom

__all__ = ["Phantom", "phantom"]
