"""The ordeal that most fault tests put the three parts through."""

import pytest

from harness.ordeal import Ordeal


@pytest.fixture
def ordeal(stack):
    made = Ordeal(stack)
    yield made
    made.close()
