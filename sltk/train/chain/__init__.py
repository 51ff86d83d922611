"""Chains of dense layers and ReLUs: loss and gradients without a graph."""
