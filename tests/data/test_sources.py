"""Source files are the published ones or are refused; missing ones are fetched whole or not at all."""

import hashlib
import http.server
import re
import threading

import pytest

from research.data import DataError, checksum, sources

IMAGES = "train-images-idx3-ubyte.gz"


@pytest.fixture
def server(tiny_folder, monkeypatch):
    """Serves `server.files` on this machine."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            content = self.server.files.get(self.path.lstrip("/"))
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(self.server.announced or len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_):
            pass

    monkeypatch.setenv("no_proxy", "*")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files = {path.name: path.read_bytes() for path in tiny_folder.iterdir()}
        server.announced = None
        server.address = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def test_every_known_dataset_has_its_four_files():
    assert set(sources.SOURCES) >= {"mnist", "fashion_mnist", "kmnist"}
    for source in sources.SOURCES.values():
        assert sorted(file.name for file in source.files) == sorted(sum(sources.IDX_FILES.values(), ()))
    assert len({checksum(name) for name in sources.SOURCES}) == len(sources.SOURCES)


def test_the_bundled_files_are_the_published_ones():
    mnist = sources.find("mnist")
    mnist.ensure()
    listed = dict(reversed(line.split()) for line in (mnist.folder / "SHA256SUMS").read_text().splitlines())
    assert listed == {file.name: file.sha256 for file in mnist.files}


def test_the_checksum_names_the_content():
    # Trained networks are stored under this value: it may change only when the published bytes do.
    expected = hashlib.sha256(
        b"3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c  train-labels-idx1-ubyte.gz\n"
        b"440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609  train-images-idx3-ubyte.gz\n"
        b"8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6  t10k-images-idx3-ubyte.gz\n"
        b"f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6  t10k-labels-idx1-ubyte.gz\n"
    ).hexdigest()
    assert checksum("mnist") == expected


def test_an_unknown_dataset_lists_the_known_ones():
    with pytest.raises(DataError, match="unknown dataset 'mnits'; known: fashion_mnist, kmnist, mnist"):
        sources.find("mnits")


@pytest.mark.parametrize("damage", ["truncated", "altered", "emptied", "missing"])
def test_a_damaged_bundled_file_is_named_with_both_hashes_and_a_remedy(damage, tiny):
    path = tiny.folder / IMAGES
    published = path.read_bytes()
    damaged = {
        "truncated": published[:-100],
        "altered": published[:500] + bytes([published[500] ^ 1]) + published[501:],
        "emptied": b"",
    }.get(damage)
    if damaged is None:
        path.unlink()
        found = "No such file or directory"
    else:
        path.write_bytes(damaged)
        found = hashlib.sha256(damaged).hexdigest()
    with pytest.raises(DataError) as refusal:
        tiny.ensure()
    message = str(refusal.value)
    assert "\n" not in message
    for part in (str(path), hashlib.sha256(published).hexdigest(), found, "restore it from the repository"):
        assert part in message


def test_missing_files_are_fetched_once(empty_cache, publish, server):
    source = publish(server.address, bundled=False)
    source.ensure()
    for file in source.files:
        assert (empty_cache / "sources" / "tiny" / file.name).read_bytes() == server.files[file.name]
    server.files = {}
    source.ensure()
    (source.folder / IMAGES).write_bytes(b"cut off")
    with pytest.raises(DataError, match=f"{IMAGES} is not the published file: .*; delete it"):
        source.ensure()


def test_what_is_not_published_is_not_kept(empty_cache, publish, server):
    source = publish(server.address, bundled=False)
    whole = server.files[IMAGES]
    reasons = [
        ({IMAGES: whole[:-1]}, None, "is not the published file: expected sha256"),
        ({IMAGES: whole}, len(whole) + 10, "cannot download .*IncompleteRead"),
        ({}, None, "cannot download .*404"),
    ]
    for server.files, server.announced, reason in reasons:
        with pytest.raises(DataError) as refusal:
            source.ensure()
        message = str(refusal.value)
        assert re.search(reason, message)
        assert f"put the published {IMAGES} into {source.folder}" in message
        assert "\n" not in message
        assert not list(source.folder.glob("*"))


def test_without_a_network_the_message_says_what_to_do(empty_cache, publish, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    source = publish("http://127.0.0.1:9/", bundled=False)
    with pytest.raises(
        DataError, match=f"cannot download http://127.0.0.1:9/{IMAGES}: .*refused.*; try again later"
    ):
        source.ensure()
