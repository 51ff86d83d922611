"""One engine: a weight is ``W = B (gate * c)``, with basis, coefficients, mask and gate.

``Ticket`` is the one type. What it holds, and who writes it:

- ``basis`` ``B``: fixed. A new basis is one file under ``engine/basis`` with a subclass of ``Basis``, and one subclass
  of the contract in ``tests/property/test_basis.py``. Tensors of its own are buffers of the basis.
- ``coefficients`` ``c``: written by an optimiser where they are trainable (a parameter), or by a rewind, which copies a
  stored ``c_k`` into them in place and never hands the stored tensor over. Frozen (a buffer) for constructed tickets
  and for search by scores. An optimiser works in ``c``, not in ``W``.
- ``mask``: the structure that was chosen. Written once by a construction; by a pruning step, from a score of the
  coefficients over a scope (a layer, or all), cumulatively; or at random.
- ``gate``: what the forward pass applies now. ``gate = mask`` after a cut. Before it, a soft method keeps the gate open
  and its penalty acts on ``(1 - mask) c``, a term of the loss that reads a ticket and changes nothing in it.

A method is then a list of phases over one state, ``Train | Prune | Cut | Rewind``, and each phase writes one of these:
``Train`` writes ``c``, ``Prune`` the mask, ``Cut`` the gate, ``Rewind`` ``c`` again. A search by scores replaces
``gated`` alone, by a top-k of the scores with a straight-through gradient. Replicas are a leading axis of all three
tensors. Since ``gated`` selects and does not multiply, a closed coefficient is exactly 0 in ``W`` whatever momentum or
weight decay did to ``c``.

Modules: ``ticket`` the type; ``attach`` puts one behind every weight of a module; ``basis`` the bases, one a file.

Training: ``replicas`` arms x seeds on one axis; ``samples`` data and their order; ``state`` the one state; ``phases``
what changes it, of which ``train`` is the longest, under a ``recipe``; ``scores``, ``scopes``, ``choose`` and
``schedules`` say which coefficients go, ``followers`` which arms copy that; ``penalties`` act before a cut,
``statistics`` after it; ``search`` learns scores; ``checkpoint`` stores it all.

Frozen tickets: ``layers`` dense layers over tickets; ``sparse`` frozen layers that hold the kept weights alone, over
``sparse_products`` (gradients), ``sparse_tables`` (sorting), ``shift_maps`` (passes and threads) and ``shift_kernels``
(compiled loops); ``geometry`` shape arithmetic.
"""
