"""Why a layer of torch is not read, and what to do instead."""

from types import MappingProxyType

_BY_VALUES = (
    "it divides by a spread that it takes from the values themselves, so it is no affine map followed by a function of "
    "each entry, which is all that subset sums build. Train with batch norm, whose statistics are fixed in eval mode"
)
_OWN_WEIGHTS = (
    "its weights are products of values of the network, and a ticket's are fixed. Use convolutions or linear layers in "
    "its place, or hand over the part of the network before it"
)
_ENDING = "leave it out of the module and apply it to the outputs: it does not change which is largest"
_PRODUCT = (
    "products of two values are not built, only sums of values with fixed weights; a product with parameters is "
    "F.linear(x, weight), and one with a number goes into the weights of the next layer"
)
_STATE = "it applies one map again and again to its own output. Unroll it into layers of its own"
_LOOKUP = "it looks rows of a table up by whole numbers. Read the network behind it, on the rows"
_SPACE = "volumes have no kind of their own. Use Conv2d on slices"
_MOVES = "it moves entries between channels and pixels. Use Upsample(mode='nearest') or ConvTranspose2d"

_REASONS = {
    _BY_VALUES: ("LayerNorm", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "RMSNorm",
                 "LocalResponseNorm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "local_response_norm",
                 "normalize"),
    _OWN_WEIGHTS: ("MultiheadAttention", "TransformerEncoderLayer", "TransformerDecoderLayer", "TransformerEncoder",
                   "TransformerDecoder", "Transformer", "scaled_dot_product_attention", "multi_head_attention_forward",
                   "Bilinear", "bilinear"),
    _PRODUCT: ("matmul", "mul", "bmm", "einsum", "baddbmm", "div", "truediv"),
    _ENDING: ("Softmax", "LogSoftmax", "Softmax2d", "Softmin", "softmax", "log_softmax", "softmin"),
    _STATE: ("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"),
    _LOOKUP: ("Embedding", "EmbeddingBag", "embedding", "embedding_bag"),
    _SPACE: ("Conv3d", "ConvTranspose3d", "MaxPool3d", "AvgPool3d", "BatchNorm3d", "conv3d", "conv_transpose3d"),
    _MOVES: ("PixelShuffle", "PixelUnshuffle", "ChannelShuffle", "pixel_shuffle", "pixel_unshuffle",
             "channel_shuffle"),
    "a transposed convolution is read in 2-D: use ConvTranspose2d on an image of height 1": (
        "ConvTranspose1d", "conv_transpose1d",
    ),
}  # fmt: skip
REASONS = MappingProxyType({name: reason for reason, names in _REASONS.items() for name in names})

_KNOWN = (
    "known are Linear, Conv1d, Conv2d, ConvTranspose2d, batch norm, average and max pooling, flattening, upsampling to "
    "the nearest pixel, dropout, sums, concatenations of channels, and the activations of the table. Write it with "
    "these; a function of your own goes into read(..., custom={...})"
)


def cure(what: str) -> str:
    """Why the module or function ``what`` is not read, and what to do, as the end of a sentence."""
    return f"{REASONS.get(what, _KNOWN)}."
