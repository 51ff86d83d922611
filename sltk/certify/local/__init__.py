"""What is proved around given inputs: the error over a ball, and whether the ticket's answer is the target's there.

`balls` are boxes around inputs, many at once; `pair_map` carries values of the target and signed differences of target
and ticket through one stage; `forward` through all; `margins` bounds how far the target's answer is ahead, by intervals
and by a backward linear relaxation; `certificates` puts them together; `attack` searches for other answers. `observed`
certifies one run at points, by the enclosures of `points`, which hold in deep networks too.
"""
