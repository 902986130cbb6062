"""What Schemathesis cannot take from the OpenAPI document: pictures, kits, and fresh keys."""

from uuid import uuid4

import schemathesis
from hypothesis import strategies

from tests.api.service_helpers import draw_test, encode

# Small, for there are thousands.
PICTURES = strategies.sampled_from(
    [encode(draw_test(seed).resize((500, 300)), kind) for seed in range(2) for kind in ("JPEG", "WEBP")]
)
for kind in ("image/*", "application/octet-stream"):
    schemathesis.openapi.media_type(kind, PICTURES)


# A key that was used with another picture is refused with 422, as its draft standard says.
schemathesis.openapi.format("used-once", strategies.builds(lambda: str(uuid4())))


@schemathesis.hook
def before_load_schema(context, raw_schema):  # noqa: ARG001  (the hook's own signature)
    """Ask for a kit that there is, in a form for the same as beside it, and use every idempotency key once.

    The document lists no kits, or a client made from it would refuse those that a newer version knows.
    """
    kit = {"type": "string", "enum": ["generic"]}
    for operations in raw_schema["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "assay":
                    parameter["schema"] = kit
                if parameter["name"] == "idempotency-key":
                    parameter["schema"]["format"] = "used-once"
    raw_schema["components"]["schemas"]["Body_post_reading"]["properties"]["assay"] = kit
