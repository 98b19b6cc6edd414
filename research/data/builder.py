"""Our TensorFlow Datasets builder: verified IDX files in, ArrayRecord out; needs no TensorFlow.

The stock `mnist` builder unzips, encodes PNG and writes through TensorFlow. This one reads the gzipped IDX
files itself and stores each image as 784 bytes, in the published order. TFDS finds the files by name in the
source's folder (`manual_dir`) and refuses bytes whose sha256 is not the recorded one.

Importing this module imports `tensorflow_datasets` (seconds): only `digits` does so, and only to prepare.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download.checksums import UrlInfo

from research.data import idx
from research.data.sources import IDX_FILES, DataError, Source

SHAPE = (28, 28)
CLASSES = 10


class IdxDigits(tfds.core.GeneratorBasedBuilder):
    """28x28 grey images with labels 0-9 from the four IDX files of one `Source`."""

    VERSION = tfds.core.Version("1.0.0")

    def __init__(self, source: Source, **options: Any):
        self.source = source
        super().__init__(**options)

    @property
    def url_infos(self) -> dict[str, UrlInfo]:
        """What TFDS verifies each file against."""
        return {f.url: UrlInfo(size=f.size, checksum=f.sha256, filename=f.name) for f in self.source.files}

    def _info(self) -> tfds.core.DatasetInfo:
        features = tfds.features.FeaturesDict(
            {
                "image": tfds.features.Tensor(shape=SHAPE, dtype=np.uint8, encoding="bytes"),
                "label": tfds.features.ClassLabel(num_classes=CLASSES),
            }
        )
        return tfds.core.DatasetInfo(
            builder=self,
            description=f"{self.source.name}: 28x28 grey images of ten classes",
            features=features,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        paths = dl_manager.download({file.name: file.url for file in self.source.files})
        return {
            split: self._generate_examples(Path(paths[images]), Path(paths[labels]))
            for split, (images, labels) in IDX_FILES.items()
        }

    def _generate_examples(self, images_path: Path, labels_path: Path) -> Iterator[tuple[int, dict]]:
        images, labels = idx.read(images_path), idx.read(labels_path)
        if images.shape[1:] != SHAPE or labels.shape != images.shape[:1] or labels.max(initial=0) >= CLASSES:
            raise DataError(
                f"{self.source.name}: expected images [n, 28, 28] with n labels 0-9, found images "
                f"{images.shape} with labels {labels.shape} up to {labels.max(initial=0)}"
            )
        for i, (image, label) in enumerate(zip(images, labels)):
            yield i, {"image": image, "label": int(label)}


def build(source: Source, folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Prepares `source` as ArrayRecord under `folder` and reads it back: {split: (images, labels)}."""
    tfds.disable_progress_bar()
    builder = IdxDigits(source, data_dir=folder, file_format="array_record")
    config = tfds.download.DownloadConfig(manual_dir=source.folder, try_download_gcs=False)
    builder.download_and_prepare(download_dir=folder / "downloads", download_config=config)
    return {split: _read(builder.as_data_source(split)) for split in IDX_FILES}


def _read(examples: Any) -> tuple[np.ndarray, np.ndarray]:
    found = examples.__getitems__(range(len(examples)))
    images = np.stack([example["image"] for example in found])
    return images, np.array([example["label"] for example in found], np.int32)
