"""What the tests of learning share."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Test processes run side by side: threads of torch on top of them would only wait for each other."""
    torch.set_num_threads(1)
