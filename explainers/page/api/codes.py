"""The codes of errors: part of the API, so that a program can decide what to do without reading sentences.

Every error that leaves the server carries one of these, whichever way the call came in. A code is never renamed and
never changes its meaning; new ones may be added. `python -m explainers.page.api.codes` prints the
documentation's page of them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorCode:
    """What a code means.

    status   the HTTP status where an error is a response of its own, rather than an event of a stream
    meaning  when it is raised
    action   what a program does about it
    """

    status: int
    meaning: str
    action: str


CODES = {
    "RADIOGRAPH": ErrorCode(
        400,
        "There is no image, or it can't be read as a radiograph.",
        "Upload another file.",
    ),
    "UPLOAD": ErrorCode(
        404,
        "The image's file was not uploaded to this server, or is gone: a replica may have taken another's place.",
        "Upload the file again and repeat the call.",
    ),
    "FINDING": ErrorCode(400, "The network doesn't score a finding of that name.", "Take a name from `/findings`."),
    "OPTION": ErrorCode(
        400,
        "An argument, an explainer's or measure's name, or an option has a wrong type or value.",
        "Correct the argument; the sentence says what is expected.",
    ),
    "LAYER": ErrorCode(400, "The network has no such layer, or it can't serve here.", "Take one from `/model_info`."),
    "NOT_AVAILABLE": ErrorCode(
        400,
        "The network does not give what the explainer needs, such as inner layers or gradients.",
        "Choose another explainer; `/model_info` lists those that are available.",
    ),
    "SOURCE": ErrorCode(
        404,
        "The server doesn't offer a network of that name, or the network could not be loaded.",
        "Take a name from `/health`, or leave `model` out.",
    ),
    "CHECKPOINT": ErrorCode(500, "A checkpoint's files are not what they should be.", "Tell the operator."),
    "ENGINE": ErrorCode(500, "No engine of that name computes here.", "Tell the operator."),
    "EXPLAINER": ErrorCode(
        500, "An explainer or a measure failed, or returned no finite values.", "Try another one, or tell its author."
    ),
    "NOT_MEASURABLE": ErrorCode(400, "A measure doesn't apply to this explanation.", "Leave the measure out."),
    "PLUGIN": ErrorCode(500, "A plugin could not be loaded.", "Tell the operator."),
    "TOO_SLOW": ErrorCode(
        504, "An explainer took longer than the server allows.", "Choose options that need fewer passes."
    ),
    "CANCELLED": ErrorCode(499, "The caller cancelled the call, or went away.", "Nothing."),
    "BUSY": ErrorCode(
        503,
        "The queue, the memory or the disk for uploads is full, or a network is still being loaded.",
        "Call again after the seconds in `Retry-After`.",
    ),
    "RATE": ErrorCode(
        429, "The caller sent more calls in a minute than allowed.", "Call again after the seconds in `Retry-After`."
    ),
    "STOPPING": ErrorCode(503, "The server is shutting down.", "Call again; another replica or the restart answers."),
    "REQUEST": ErrorCode(
        400,
        "The request is malformed: no JSON, nested too deeply, invalid Unicode, no multipart form, too slow.",
        "Correct the program.",
    ),
    "TOO_LARGE": ErrorCode(413, "The upload or the call's JSON is too large.", "Send a smaller file."),
    "NOT_FOUND": ErrorCode(
        404, "There is no such address, endpoint, event or file.", "Correct the address, or call again."
    ),
    "INTERNAL": ErrorCode(
        500, "A defect of the program. The sentence names the entry in the server's log.", "Tell the operator."
    ),
}

RETRY_AFTER_S = {"BUSY": 5, "RATE": 15, "STOPPING": 10}
"""Seconds that `Retry-After` names, for the codes after which the same call may succeed."""


def markdown_page() -> str:
    """The page of the documentation."""
    intro = (
        "# Error codes of the API\n\n"
        "Generated from `explainers/page/api/codes.py`; a test compares the two.\n\n"
        "An error has a sentence for people and a code for programs. Where an error is a response of its own, its\n"
        "JSON has `error` and `title`, the code; in a stream, the event `error` has the same fields. Gradio's Python\n"
        "client raises `AppError` with `.message` and `.title`; `explainers.client` raises `CallError` with\n"
        "`.sentence` and `.code`. Codes with a time to wait come with the header `Retry-After`.\n\n"
    )
    return intro + _table()


def _table() -> str:
    rows = ["| code | HTTP | meaning | what to do |", "|---|---|---|---|"]
    rows += [f"| `{name}` | {each.status} | {each.meaning} | {each.action} |" for name, each in CODES.items()]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(markdown_page(), end="")
