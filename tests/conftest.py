"""Settings of the whole suite."""

import os

import torch
from hypothesis import settings

os.environ["COLUMNS"] = "112"  # what is printed is asserted, whatever the terminal that the suite runs in

# The nets of the tests are tiny: a second thread costs more than it brings, most of all on a busy machine.
torch.set_num_threads(1)

# A busy machine makes an example slow, and no example wrong.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")
