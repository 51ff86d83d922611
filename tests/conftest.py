"""Settings of the whole suite."""

import torch

# The nets of the tests are tiny: a second thread costs more than it brings, most of all on a busy machine.
torch.set_num_threads(1)
