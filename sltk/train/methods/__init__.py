"""Methods: each a page, and in it a list of engine phases.

``imp``, ``iht``, ``rst``, ``growing_l2``, ``edge_popup``, ``at_init``, ``after_training`` and ``scratch`` all take a
model (``seed -> module``, or one module for one seed) and data, and give an ``Outcome``.
"""
