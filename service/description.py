"""The OpenAPI document, where it has to say more than the framework finds in the routes by itself."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from service.schemas import problem_schemas

__all__ = ["MOST_FIELDS", "MOST_FIELD_BYTES", "MOST_FILES", "completed"]

# One picture and a few short fields: a parser needs a limit on every count.
MOST_FILES: Final = 1
MOST_FIELDS: Final = 8
MOST_FIELD_BYTES: Final = 4096

_LEADS: Final = {
    # The document is the reader's, and knows no id.
    "ReadingModel": ("reading_id", "$request.path.reading_id"),
    "JobModel": ("job_id", "$response.body#/id"),
    "BatchModel": ("batch_id", "$response.body#/id"),
}
"""For an answer of each shape: the parameter of further paths, and where its value stands."""


def completed(document: dict[str, Any], scopes: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """Return the document with the shape of errors, what follows an answer, and all as HTTP carries it.

    Parameters
    ----------
    document : dict
        As the framework wrote it; it is changed.
    scopes : mapping
        What each operation asks of a key, by the operation's id.

    Returns
    -------
    dict
        The same document.
    """
    shapes = document["components"]["schemas"]
    shapes.update(problem_schemas())
    for operations in document["paths"].values():
        for operation in operations.values():
            _introduce(operation, scopes[operation["operationId"]])
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _never_null(parameter["schema"])
    _link(document)
    for name, shape in shapes.items():
        if name.startswith("Body_"):
            _bound(shape)
    return document


def _introduce(operation: dict[str, Any], scopes: Iterable[str]) -> None:
    """Begin with the sentence that says what is done; end with what a key needs for it."""
    operation["summary"] = operation["description"].partition("\n")[0].removesuffix(".")
    for scope in scopes:
        operation["description"] += f"\n\nNeeds a key with the scope `{scope}`."


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
    """Say how much a form may hold, and that it holds nothing else."""
    form["properties"] = {name: _never_null(field) for name, field in form["properties"].items()}
    form["maxProperties"] = MOST_FILES + MOST_FIELDS
    form["additionalProperties"] = False


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Take null from the kinds of a value: outside JSON what is not there is left out."""
    kinds: list[dict[str, Any]] = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    if len(kinds) > 1:
        return rest | {"anyOf": kinds}
    return rest | kinds[0] if kinds else schema
