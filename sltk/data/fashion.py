"""The four files of Fashion-MNIST: the format of MNIST, other content."""

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sltk.core.errors import SltkError
from sltk.data.mnist import FILES, parsed
from sltk.data.places import checked, download, first_file, places

NAME = "fashion-mnist"
SUBFOLDERS = (NAME, "fashion", "FashionMNIST/raw")
SOURCES = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
MD5 = {  # of the archives, as their publishers give them
    "train_images": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train_labels": "25c81989df183df01b3e8a0aad5dffbe",
    "test_images": "bef4ecab320f06d8554ea6380940ec79",
    "test_labels": "bb300cfdad3c16e7a12a480ee83cd310",
}


def fashion_arrays(folder: Path | None) -> dict[str, NDArray[np.uint8]]:
    """Images ``(rows, 28, 28)`` and labels ``(rows,)``, by the names of ``MD5``, original order.

    Args:
        folder: where the four ``.gz`` files must lie; ``None`` looks in ``$SLTK_DATA`` and the cache, else downloads.
            Files of the same names directly in ``folder`` or ``$SLTK_DATA`` may be MNIST's: the hash tells.

    Raises:
        SltkError: a file that is missing, or is not the published one.
    """
    where = places(NAME, folder, SUBFOLDERS)
    where = where[1:] if folder is None and len(where) > 1 else where  # $SLTK_DATA itself may hold MNIST
    arrays = {}
    for key, (name, header, _) in FILES.items():
        path = first_file((f"{name}.gz",), where)
        if path is None and folder is not None:
            raise SltkError(f"folder {folder} holds no {name}.gz; name the folder with the files of {NAME}.")
        known = f"md5:{MD5[key]}"
        path = path or download([f"{source}{name}.gz" for source in SOURCES], known, NAME, where)
        arrays[key] = parsed(gzip.decompress(checked(path, known, NAME)), header, name)
    return arrays
