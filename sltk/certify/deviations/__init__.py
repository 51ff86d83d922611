"""Slopes as a middle and deviations: products of deviations are expanded, and summed over neurons before bounds."""
