import gzip
from pathlib import Path

import jax
import numpy as np
import pytest

import research
from research.embedding import pca, tsne, tsne_repulsion


@pytest.fixture(scope="session")
def digits():
    """1,050 digits as 50 principal components: more than tsne.EXACT_BELOW, so their map goes by the grid."""
    packed = Path(research.__file__).parent / "data/mnist/t10k-images-idx3-ubyte.gz"
    images = np.frombuffer(gzip.decompress(packed.read_bytes()), np.uint8, count=1050 * 784, offset=16)
    images = images.reshape(1050, 784) / np.float32(255)
    return pca.fit(images, 50).transform(images)


@pytest.fixture
def few_grids(monkeypatch):
    """Two sizes of grid instead of four: the map still outgrows the first, and there is less to compile."""
    monkeypatch.setattr(tsne_repulsion, "SIZES", (200, 360))


@pytest.fixture(scope="session")
def mapped(digits):
    """Their map, on the same two sizes of grid."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tsne_repulsion, "SIZES", (200, 360))
        return tsne.fit(digits, jax.random.key(0))
