"""What phases work on: one state, samples and their order, recipes, penalties, evaluation."""
