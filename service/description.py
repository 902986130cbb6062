"""The OpenAPI document, where it has to say more than the framework finds in the routes by itself."""

from typing import Any, Final

from service.schemas import problem_schemas

__all__ = ["MOST_FIELDS", "MOST_FIELD_BYTES", "MOST_FILES", "completed"]

# One picture and a few short fields: a parser needs a limit on every count.
MOST_FILES: Final = 1
MOST_FIELDS: Final = 8
MOST_FIELD_BYTES: Final = 4096

_BYTES_PER_CHARACTER: Final = 4  # at most, in UTF-8


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the shape of errors, and with parameters and forms as HTTP carries them.

    Parameters
    ----------
    document : dict
        As the framework wrote it; it is changed.

    Returns
    -------
    dict
        The same document.
    """
    shapes = document["components"]["schemas"]
    shapes.update(problem_schemas())
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _never_null(parameter["schema"])
    for name, shape in shapes.items():
        if name.startswith("Body_"):
            _bound(shape)
    return document


def _bound(form: dict[str, Any]) -> None:
    """Say how much a form may hold; what nobody asked for is passed over."""
    form["properties"] = {name: _never_null(field) for name, field in form["properties"].items()}
    form["maxProperties"] = MOST_FILES + MOST_FIELDS
    longest = MOST_FIELD_BYTES // _BYTES_PER_CHARACTER
    form["additionalProperties"] = {"type": "string", "maxLength": longest}


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Take null from the kinds of a value: outside JSON what is not there is left out."""
    kinds: list[dict[str, Any]] = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {name: value for name, value in schema.items() if name != "anyOf"} | kinds[0]
