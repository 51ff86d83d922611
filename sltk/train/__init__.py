"""Training tickets: a weight is ``W = B (gate * c)``, with basis, coefficients, mask and gate.

``Ticket`` is the one type. What it holds, and who writes it:

- ``basis`` ``B``: fixed. Tensors of its own are buffers of the basis.
- ``coefficients`` ``c``: written by an optimiser where they are trainable (a parameter), or by a rewind, which copies a
  stored ``c_k`` into them in place and never hands the stored tensor over. Frozen (a buffer) for constructed tickets
  and for search by scores. An optimiser works in ``c``, not in ``W``.
- ``mask``: the structure that was chosen. Written once by a construction; by a pruning step, from a score of the
  coefficients over a scope (a layer, or all), cumulatively; or at random.
- ``gate``: what the forward pass applies now. ``gate = mask`` after a cut. Before it, a soft method keeps the gate open
  and its penalty acts on ``(1 - mask) c``, a term of the loss that reads a ticket and changes nothing in it.

A method is a sequence of phases over one state, and each phase writes one of these: ``Train`` writes ``c``, ``Prune``
the mask, ``Cut`` the gate, ``Rewind`` ``c`` again. A search by scores replaces ``gated`` alone, by a top-k of scores,
with a straight-through gradient. Replicas are a leading axis of all three tensors. Since ``gated`` selects and does not
multiply, a closed coefficient is exactly 0 in ``W`` whatever momentum or weight decay did to ``c``.

From the bottom up, each folder importing only those above it in this list:

- ``basis``: bases, one a file; ``bases`` knows them by name.
- ``stacked``: a stack of replicas layer by layer, one kind of layer a file.
- ``tickets``: the type; ``attach`` puts one behind every weight of a module; ``replicas`` stacks arms x seeds.
- ``loop``: the one state; data as users have them, their order and corruptions; recipes, penalties, evaluation.
- ``pruning``: which coefficients go: scores, scopes, densities; controls that copy a ticket; search by scores.
- ``phases``: one a file.
- ``levels``: what a run was at a measurement, on disk; ``branches`` trains from one again.
- ``methods``: one a file, run by ``runner.run(method, model, data, setup)``, which gives an ``Outcome``; ``setup`` is
  what all of them share. ``checkpoint`` stores a state between two steps, ``resume`` a run where it is worth it.
- ``export``, ``analyse``: what leaves as plain tensors or smaller modules, and what can be said about a ticket.
"""
