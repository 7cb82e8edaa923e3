"""Settings of these tests."""

from __future__ import annotations

from hypothesis import settings

# How long one example takes says more about the other tests on the machine than about the code.
settings.register_profile("drawing", deadline=None)
settings.load_profile("drawing")
