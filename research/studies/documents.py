"""Whether a study's networks are those of the documents: noted in its results, and the reason if they are not."""

from typing import Any

import xarray as xr

from research.training.recipes import is_recipe, recipe


def attributes(config: Any, *fields: str, **named: str) -> dict[str, Any]:
    """Of each of these networks of a config its label, and whether it is the document's: {cnn, cnn_is_documents}.

    `named` are fields that are noted under another name.
    """
    found: dict[str, Any] = {}
    for name, field in {**dict(zip(fields, fields)), **named}.items():
        network = getattr(config, field)
        found |= {name: network.model.label, f"{name}_is_documents": int(is_recipe(network, field))}
    return found


def others(results: xr.Dataset, *names: str) -> str:
    """Why a document cannot be judged on the networks of `attributes`; empty if all of them are its own."""
    return "; ".join(
        f"{name} is {results.attrs[name]}, not the document's"
        for name in names
        if not results.attrs[f"{name}_is_documents"]
    )


def single(config: Any, field: str) -> dict[str, Any]:
    """What results note of the one network that a document is judged on: see `not_documents`."""
    network = getattr(config, field)
    return {
        "data": config.data, "network": network.model.label, "document_network": recipe(field).model.label,
        "of_document": int(is_recipe(network, field) and config.data == "mnist"),
    }  # fmt: skip


def not_documents(results: xr.Dataset) -> str:
    """Why a document cannot be judged on the network of `single`; empty if it is the document's own."""
    of = results.attrs
    if of["of_document"]:
        return ""
    if of["data"] != "mnist":
        return f"the data are {of['data']}, the document's are mnist"
    return difference(of["network"], of["document_network"])


def difference(own: str, documents: str) -> str:
    """How a network differs from a document's, by their labels."""
    if own == documents:
        return f"the network is {own} with other settings than the document's"
    return f"the network is {own}, the document's is {documents}"
