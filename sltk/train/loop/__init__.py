"""One state, the phases that change it, the steps of training, checkpoints."""
