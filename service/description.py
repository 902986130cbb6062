"""The OpenAPI document, where it has to say more than the framework finds in the routes by itself."""

from typing import Any, Final

from service.schemas import problem_schemas

__all__ = ["MOST_FIELDS", "MOST_FIELD_BYTES", "MOST_FILES", "completed"]

# One picture and a few short fields: a parser needs a limit on every count.
MOST_FILES: Final = 1
MOST_FIELDS: Final = 8
MOST_FIELD_BYTES: Final = 4096

_BYTES_PER_CHARACTER: Final = 4  # at most, in UTF-8
_LEADS: Final = {
    "ReadingModel": (
        "reading_id",
        "$request.path.reading_id",
    ),  # the document is the reader's, and knows no id
    "JobModel": ("job_id", "$response.body#/id"),
    "BatchModel": ("batch_id", "$response.body#/id"),
}
"""For an answer of each shape: the parameter of further paths, and where its value stands."""


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the shape of errors, what follows an answer, and all as HTTP carries it.

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
    _link(document)
    for name, shape in shapes.items():
        if name.startswith("Body_"):
            _bound(shape)
    return document


def _link(document: dict[str, Any]) -> None:
    """Say of each answer that has an id what can be asked with it.

    https://spec.openapis.org/oas/v3.1.0#link-object
    """
    operations = [(path, operation) for path, of in document["paths"].items() for operation in of.values()]
    for asked, answer in ((path, answer) for path, of in operations for answer in of["responses"].values()):
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
        parameter, value = _LEADS.get(schema.get("$ref", "").rpartition("/")[2], ("", ""))
        if parameter and (value.startswith("$response") or f"{{{parameter}}}" in asked):
            answer["links"] = {
                operation["operationId"]: {
                    "operationId": operation["operationId"],
                    "parameters": {f"path.{parameter}": value},
                }
                for path, operation in operations
                if f"{{{parameter}}}" in path
            }


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
