"""The mutations: one small wrong change each, the tests that have to notice it, and what would go wrong unnoticed."""

from dataclasses import dataclass
from pathlib import Path

from sltk.core.errors import SltkError

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Mutation:
    """One change of a source file.

    Attributes:
        name: of the mutation.
        file: of the project, from its root.
        find: text that stands exactly once in it.
        replace: what takes its place.
        tests: files or folders that have to notice.
        why: what a user would get if nobody noticed.
    """

    name: str
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]
    why: str

    def applied(self, text: str) -> str:
        """``text`` with the change.

        Raises:
            SltkError: the text to be found is not there exactly once.
        """
        count = text.count(self.find)
        if count != 1:
            raise SltkError(
                f"mutation {self.name!r} finds its text {count} times in {self.file}, but needs it once; write the "
                "mutation anew for the code as it is now."
            )
        return text.replace(self.find, self.replace)


MUTATIONS = (
    Mutation(
        "names of a stream run together", "sltk/core/rng.py",
        'return kind + len(text).to_bytes(8, "little") + text', "return kind + text",
        ("tests/core/test_rng.py",), "the streams ('ab', 'c') and ('a', 'bc') would be one",
    ),
    Mutation(
        "high half of the index dropped", "sltk/core/philox.py",
        "c0, c1, c2, c3 = _rounds(block & np.uint64(_LOW), block >> np.uint64(32), word",
        "c0, c1, c2, c3 = _rounds(block & np.uint64(_LOW), np.uint64(0), word",
        ("tests/golden/test_philox.py",), "a source of more than 2^34 weights would repeat itself",
    ),
    Mutation(
        "a failed write leaves its temporary", "sltk/core/temporary.py",
        "        place.unlink(missing_ok=True)\n        raise", "        raise",
        ("tests/core/test_files.py",), "folders fill up with parts of files",
    ),
    Mutation(
        "one-sided limits sold as two-sided", "sltk/core/statistics/stats.py",
        '_require_open("confidence", confidence)) / 2.0\n    low', '_require_open("confidence", confidence))\n    low',
        ("tests/core/statistics/test_stats.py",), "every printed interval would err twice as often as it says",
    ),
    Mutation(
        "the test's false alarm ignores the estimated null", "sltk/core/statistics/verdict.py",
        "own = self.false_alarm - self.null_alarm", "own = self.false_alarm",
        ("tests/core/statistics/test_verdict.py",), "a true claim would be refuted more often than declared",
    ),
    Mutation(
        "Holm without its maximum", "sltk/core/statistics/paired.py",
        "largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))",
        "largest = min(1.0, (len(p_values) - rank) * p_values[name])",
        ("tests/core/statistics/test_paired.py",), "a comparison could be found significant where a clearer one is not",
    ),
    Mutation(
        "no second search where rounding lifts an error above eps", "sltk/subset_sum/solve.py",
        "    if beyond.any():", "    if False:",
        ("tests/subset_sum/test_second_look.py", "tests/subset_sum/test_solve.py"),
        "a pool with a subset within eps would count as a failure",
    ),
    Mutation(
        "locked samples are not written back", "sltk/subset_sum/restrict.py",
        "        mask[:, :n] |= self.locked\n", "",
        ("tests/property/test_solver_contract.py", "tests/subset_sum/test_solve.py"),
        "a subset would lack the samples that it was told to take",
    ),
    Mutation(
        "rounded sums are believed", "sltk/subset_sum/kernels/side_by_side.py",
        "1 << n - 2 * h, 2 * (n + 2) + 2\n    for start", "1 << n - 2 * h, 0\n    for start",
        ("tests/subset_sum/kernels/test_side_by_side.py",), "some subsets would not have the least error",
    ),
    Mutation(
        "a guess gives up too early", "sltk/subset_sum/kernels/affordable.py",
        "        end += bound_of(m, aim[0] - p, aim) <= most\n",
        "        end += bound_of(m, aim[0] - p, aim) < 0.9 * most\n",
        ("tests/subset_sum/kernels/test_affordable.py", "tests/property/test_solver_contract.py"),
        "the search for least cost would not be exact",
    ),
    Mutation(
        "the whole pool is never searched", "sltk/construct/pools/sub_pool.py",
        "left = np.flatnonzero(~reached)", "left = np.flatnonzero(~reached)[:0]",
        ("tests/construct/pools/test_sub_pool.py",), "parameters would fail that their pools reach",
    ),
    Mutation(
        "the largest copies are searched first", "sltk/construct/pools/sub_pool.py",
        'np.argsort(-scale, kind="stable")', 'np.argsort(scale, kind="stable")',
        ("tests/construct/pools/test_sub_pool.py", "tests/construct/choose/test_few_copies.py"),
        "copies would come apart, layer by layer",
    ),
    Mutation(
        "a wide window asks for the samples of a narrow one", "sltk/subset_sum/widths/required_size.py",
        "return groups * closed_form_size(", "return closed_form_size(",
        ("tests/subset_sum/widths/test_required_size.py",), "a width would be promised that is too small",
    ),
    Mutation(
        "the hull takes the left ends of its cells", "sltk/subset_sum/widths/width_kernel.py",
        "x, y = np.int64(ends[i]), values[i]", "x, y = np.int64(ends[i - 1] if i else 0), values[i]",
        ("tests/subset_sum/widths",), "a certificate would be no upper bound",
    ),
    Mutation(
        "grouped convolutions in the wrong order", "sltk/networks/ops/conv.py",
        "rows = weight.unflatten(0, (-1, self.groups, each)).transpose(0, 1).flatten(0, 2)",
        "rows = weight.unflatten(0, (-1, self.groups, each)).flatten(0, 2)",
        ("tests/networks/ops", "tests/networks/reading", "tests/certify", "tests/construct/test_blocks.py"),
        "a grouped network would be read as another one",
    ),
    Mutation(
        "rounding of an average left out", "sltk/networks/ops/avg_pool.py",
        "slack = gamma(self._terms + 8) * size + underflow(self._terms, x.low, x.high)", "slack = 0.0 * size",
        ("tests/networks/ops", "tests/certify/test_intervals.py"),
        "the range of an average could miss a value by an ulp: no certificate",
    ),
    Mutation(
        "batch norm without its eps", "sltk/networks/reading/norms.py",
        "torch.rsqrt(module.running_var + module.eps)", "torch.rsqrt(module.running_var)",
        ("tests/networks/reading/test_read.py",), "a folded network would differ from the user's",
    ),
    Mutation(
        "MNIST's hash is not looked at", "sltk/data/mnist.py",
        "    if found != digest:", "    if not found:",
        ("tests/data",), "numbers would be reported on another data set than MNIST",
    ),
    Mutation(
        "hashes of CIFAR and Fashion-MNIST are not looked at", "sltk/data/places.py",
        "    if found != digest:", "    if not found:",
        ("tests/data",), "numbers would be reported on damaged data",
    ),
    Mutation(
        "pruned coefficients come back", "sltk/train/phases/prune.py",
        "torch.where(t.mask, scores[n].detach(), -torch.inf)", "scores[n].detach()",
        ("tests/train/phases", "tests/train/methods"),
        "IMP would not be iterative: a mask need not lie in the one before",
    ),
    Mutation(
        "a rewind leaves the batches where they are", "sltk/train/phases/rewind.py",
        "        state.position = position\n", "",
        ("tests/train/phases", "tests/train/methods"), "a round would see other batches than the one before",
    ),
    Mutation(
        "a checkpoint forgets the generator", "sltk/train/checkpoint.py",
        '    state.generator = tensors["g:"]\n', "",
        ("tests/train/test_checkpoint.py",), "a resumed run with dropout would end elsewhere",
    ),
    Mutation(
        "errors of a skip are not added", "sltk/certify/propagate.py",
        "errors = up(errors + skip)", "errors = up(errors)",
        ("tests/certify/test_propagate.py", "tests/property/test_certify.py"),
        "the bound of a residual ticket would be too small",
    ),
    Mutation(
        "numbers are not rounded upward", "sltk/core/numerics/rounding.py",
        "return torch.where(x == 0, x, torch.nextafter(x, torch.full_like(x, math.inf)))", "return x",
        ("tests/core/numerics", "tests/certify"), "a bound would hold only almost",
    ),
    Mutation(
        "biases are drawn from the weights' stream", "sltk/construct/source.py",
        'return self._draw(spec.name, "bias", flat)', 'return self._draw(spec.name, "weight", flat)',
        ("tests/construct/test_source.py", "tests/golden/test_ticket_masks.py"),
        "a source's biases would be copies of its weights: not independent",
    ),
    Mutation(
        "a loader does not compare the content with its hash", "sltk/construct/file.py",
        "if claimed != content_hash(tensors, metadata):", "if claimed is None:",
        ("tests/construct/test_file.py",), "a damaged ticket would load as another one",
    ),
    Mutation(
        "a loader does not compare the redrawn weights", "sltk/construct/file.py",
        'if found != metadata["weights_sha256"]:', "if not found:",
        ("tests/construct/test_file.py",), "a generator that draws other numbers would go unnoticed",
    ),
    Mutation(
        "a solved stage is taken unread", "sltk/construct/checkpoint.py",
        "if digest != self._digest(stage, outputs, data):", "if not digest:",
        ("tests/construct/test_checkpoint.py",), "a damaged checkpoint would become part of a ticket",
    ),
    Mutation(
        "pruned constants still count", "sltk/construct/realise.py",
        "return np.where(kept, values, constants.activation.intercept)", "return values",
        ("tests/construct/test_realise.py", "tests/verify"), "the effective bias read back would not be the ticket's",
    ),
    Mutation(
        "the check does not ask where a kept weight is", "sltk/verify/bits.py",
        "return self.different == 0 and self.misplaced == 0", "return self.different == 0",
        ("tests/verify",), "weights that the mask does not keep would pass",
    ),
    Mutation(
        "the check believes the file's tolerances", "sltk/verify/derived.py",
        "if not np.allclose(tolerances, ticket.tolerances, rtol=CLOSE, atol=0.0):", "if False:",
        ("tests/verify",), "a file could grant itself any error",
    ),
    Mutation(
        "a row is believed without its seal", "sltk/harness/lines.py",
        'canonical_json(sealed(row["inputs"], row["outputs"])) == line', 'row["id"] == row_id(row["inputs"])',
        ("tests/harness",), "a damaged row would enter a result",
    ),
)  # fmt: skip
