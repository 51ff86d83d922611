"""Measurements that commands run: the main job, bases, RST, edge-popup, the residual table."""
