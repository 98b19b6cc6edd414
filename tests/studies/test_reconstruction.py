"""The study "reconstruction": identikits that climb, students that learn from them alone, its claim and one tiny run."""

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from configs.reconstruction import get_config
from research import data
from research.plotting import style
from research.runs.store import Run
from research.studies.preparing import prepared
from research.studies.reconstruction import (
    asking,
    claims,
    elsewhere,
    findings,
    measures,
    students,
    study,
    teachers,
)
from research.training.adversary import Adversary
from research.training.recipes import recipe


@pytest.fixture(scope="module")
def config():
    config = get_config("smoke")
    config.mlp.model.widths = (16,)
    config.mlp.examples = config.judge_cnn.examples = 1000
    config.mlp.training.batch = 20
    config.regimes = ("plain", "robust_1", "untrained", "shuffled")
    return config


@pytest.fixture(scope="module")
def results(config, tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("run"))
    run.save(prepared(config), study.run(prepared(config), run), 1.0)
    return run.results()


def linear(params, image):
    """A softmax regression whose templates are the parameters."""
    return params @ image.reshape(-1), {}


TEMPLATES = (
    jnp.eye(10, 784)[None] * jnp.array([10.0, 20.0])[:, None, None]
)  # class k wants pixel k, two networks


def test_an_identikit_is_the_pixel_that_a_linear_network_wants():
    reading = asking.Reading("blank", jitter=0, steps=60)
    images, logits = asking.ask_all(linear, TEMPLATES, 20, 10, jax.random.key(0), reading)
    assert images.shape == (2, 20, 28, 28)
    assert images.dtype == np.uint8
    ink = np.asarray(images).reshape(2, 20, 784)[:, :, :10]
    np.testing.assert_array_equal(ink.argmax(-1), np.tile(np.arange(20) % 10, (2, 1)))
    np.testing.assert_allclose(logits[0], 10.0 * ink[0] / 255, rtol=1e-5)
    alone, _ = asking.ask_all(linear, TEMPLATES[1:], 20, 10, jax.random.key(0), reading)
    np.testing.assert_array_equal(alone[0], images[1])


def test_a_varied_reading_aims_between_the_classes_and_stops_on_its_way():
    reading = asking.Reading("blank", varied=True, steps=8)
    wanted, steps = asking.targets(reading, 2000, 10, jax.random.key(0))
    np.testing.assert_allclose(wanted[0].sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(wanted[0].mean(0), 0.1, atol=0.03)
    np.testing.assert_allclose(np.bincount(steps) / 2000, np.full(9, 1 / 9), atol=0.03)
    plain, all_steps = asking.targets(asking.Reading("blank", steps=8), 20, 10, jax.random.key(0))
    np.testing.assert_array_equal(plain[0].argmax(1), np.arange(20) % 10)
    assert set(np.asarray(all_steps)) == {8}


def test_similar_classes_are_mixed_more_often():
    """A linear network whose classes 0 and 1 share their pixels: mixtures around 0 hold more of 1 than of 2."""
    templates = jnp.eye(10, 784).at[1, 0].set(1.0)
    alike = asking.likeness_of_classes(lambda image: linear(templates, image)[0], jnp.zeros((2, 28, 28)))
    np.testing.assert_allclose(alike[0, :3], [1, 0.01 + 0.99 / np.sqrt(2), 0.01], rtol=1e-5)
    reading = asking.Reading("blank", varied=True, similar=True)
    wanted, _ = asking.targets(reading, 1000, 10, jax.random.key(0), alike[None])
    mean = wanted[0][::10].mean(0)  # of the mixtures around class 0
    assert mean[0] > mean[1] > 10 * mean[2]


def test_growth_ends_where_the_identikit_does():
    reading = asking.Reading("low_frequency", jitter=0, steps=5)
    grown = asking.growth(linear, TEMPLATES, jnp.eye(10)[3], jax.random.key(1), reading, (0, 5))
    pixel = np.asarray(grown).reshape(2, 2, 784)[:, :, 3].astype(int)
    assert (pixel[:, 1] > pixel[:, 0]).all()


def test_students_learn_from_what_they_are_shown_and_from_nothing_else():
    """Two students, one shown a bar for 1 and the other for 2: each says so, and only so."""
    images = np.zeros((2, 10, 28, 28), np.uint8)
    images[:, :, 10:18, 10:18] = 255
    labels = jnp.array([[1] * 10, [2] * 10])
    lessons = students.Lessons(steps=40)
    taught, apply = students.teach(recipe("softmax"), jnp.asarray(images), labels, jax.random.key(0), lessons)
    shown = jnp.asarray(images[0, :1])
    for label, right in ((1, [1, 0]), (2, [0, 1])):
        one = data.Digits(np.asarray(shown), np.array([label]))
        np.testing.assert_array_equal(students.accuracy(apply, taught, one), right)


def test_settings_see_as_many_batches_whatever_the_number_of_images():
    for n in (10, 50, 1000):
        how = students.settings(students.Lessons(steps=400, batch=50), n, soft=True)
        assert how.epochs * (n // how.batch) == 400
        assert how.loss == "soft_cross_entropy"


def test_softened_outputs_flatten_with_the_temperature():
    logits = jnp.array([2.0, 0.0])
    np.testing.assert_allclose(students.softened(logits, 1.0), jax.nn.softmax(logits))
    np.testing.assert_allclose(students.softened(logits, 2.0), jax.nn.softmax(jnp.array([1.0, 0.0])))


def test_a_regime_changes_what_it_names_and_nothing_else():
    base = study.Config().mlp
    assert teachers.taught(base, "plain") == base
    assert teachers.taught(base, "robust_2").training.adversary == Adversary(eps=2.0)
    assert teachers.taught(base, "dropout").model.dropout == 0.2
    assert teachers.taught(base, "dropout").training == base.training
    assert set(teachers.LABELS) == {*teachers.REGIMES, *teachers.NULLS}


def hand_made(agreed, kinds=("plain", "robust_2", "untrained", "cnn_plain"), **attrs):
    """Twenty teachers of each kind; the judges agree with the intended class in about these shares."""
    rng = np.random.default_rng(0)
    shares = np.broadcast_to(np.array(agreed)[:, None, None, None, None], (len(kinds), 2, 20, 10, 4))
    return xr.Dataset(
        {
            "agreed": (
                ("kind", "reading", "teacher", "digit", "judge"),
                (rng.random(shares.shape) < shares) * 1.0,
            )
        },
        {"kind": list(kinds), "reading": ["search", "low_frequency"], "judge": list("abcd")},
        {"cnn_is_documents": 1, "cnn": "CNN", **attrs},
    )


def test_the_claim_is_about_the_documents_network_and_chance():
    def primary(results):
        [row] = [row for row in claims.claims(results) if row.primary]
        return row

    assert primary(hand_made((0.2, 0.9, 0.1, 0.6))).verdict == "reproduced"
    assert primary(hand_made((0.9, 0.9, 0.1, 0.02))).verdict == "not reproduced"
    assert primary(hand_made((0.9, 0.9, 0.1, 0.6), cnn_is_documents=0)).verdict == "not run"
    assert primary(hand_made((0.9, 0.9, 0.1), ("plain", "robust_2", "untrained"))).verdict == "not run"
    assert claims.ALIENS in "".join(row.quote for row in claims.claims(hand_made((0.2, 0.9, 0.1, 0.6))))


def test_a_tiny_run_has_all_parts(results):
    assert list(results.kind.values) == ["plain", "robust_1", "untrained", "shuffled"]
    assert results.alphabet.dtype == np.uint8
    plain, untrained = (measures.of_kind(results, "accuracy", kind) for kind in ("plain", "untrained"))
    assert plain.min() > 0.4 > untrained.max()
    assert [row.verdict for row in claims.claims(results) if row.primary] == ["not run"]
    ids = [each.id for each in findings.findings(results)]
    assert {f"student-{kind}-varied" for kind in ("plain", "robust-1", "untrained")} <= set(ids)
    with style.paper_style():
        from research.studies.reconstruction.figures import FIGURES

        for drawing in FIGURES.values():
            for width in style.WIDTHS:
                plt.close(drawing.draw(results, width))


def test_a_network_from_elsewhere_gives_its_alphabet_and_teaches():
    train, config = data.load("mnist", "train"), elsewhere.Config(identikits=20)
    config.lessons = students.Lessons(steps=60)
    means = np.stack([train.images[train.labels == d].mean(0) for d in range(10)]).reshape(10, -1) / 255
    w, b = jnp.asarray(means), -0.5 * jnp.asarray((means**2).sum(1))
    results = elsewhere.reconstruct(lambda image: w @ image.reshape(-1) + b, config)  # the nearest class mean
    assert results.alphabet.shape == (len(study.READINGS), 10, 28, 28)
    assert float(results.confidence.min()) > 0.9
    assert float(results.student) > 0.3
    again = elsewhere.reconstruct(lambda image: w @ image.reshape(-1) + b, config)
    xr.testing.assert_equal(results, again)
    with pytest.raises(ValueError, match="the network has 3 outputs and mnist 10 classes"):
        elsewhere.reconstruct(lambda image: w[:3] @ image.reshape(-1), config)
    with pytest.raises(ValueError, match="unknown start 'hot'; known: blank"):
        elsewhere.reconstruct(lambda image: w @ image.reshape(-1), elsewhere.Config(start="hot"))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"regimes": ("clever",)}, "unknown regime 'clever'; known: .*plain"),
        ({"regimes": ()}, "regimes must not be empty; known: .*plain"),
        ({"compared": 77}, "sizes must hold compared"),
        ({"sizes": (9, 1000)}, "sizes must be at least 10 each, got .9, 1000."),
        ({"lessons": students.Lessons(temperature=0.0)}, "temperature must be positive, got 0"),
        ({"cnn_sizes": (50,)}, "cnn_sizes must be some of sizes"),
        ({"teachers": 0}, "teachers must be at least 1, got 0"),
    ],
)
def test_bad_configs_say_what_is_wrong(how, message):
    config = study.Config()
    for name, value in how.items():
        setattr(config, name, value)
    with pytest.raises(ValueError, match=message):
        config.validate()
