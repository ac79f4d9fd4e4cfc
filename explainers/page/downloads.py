"""Pictures, maps and archives for the browser, straight from memory.

They don't travel as Gradio values: Gradio keeps those of every session, and files of them on disk. Each address holds
the token of one session and ends with it; a header keeps browsers from storing it.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial

import anyio
import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cxr.prediction import Prediction
from explainers.contract.explanation import Explanation
from explainers.errors import OptionError
from explainers.output.dicom import dicom_objects, dicom_zip
from explainers.output.files import comparison_zip, json_bytes, png_bytes
from explainers.output.look import Look
from explainers.output.report import report_html
from explainers.output.snippets import client_snippet, command_line, file_comment
from explainers.page import error_boundary
from explainers.page.local import is_from_here
from explainers.page.networks import Networks
from explainers.page.refusals import PRIVATE, error_body
from explainers.page.samples import SIZE_PX, Samples
from explainers.page.sessions import Session, Sessions
from explainers.pictures import displayed
from explainers.regions import check_share, regions_record
from hub.errors import CxrLensError

log = logging.getLogger(__name__)

ARCHIVES_AT_ONCE = 2

AverageMaps = Mapping[str, np.ndarray]
AverageMapsOf = Callable[[Explanation], AverageMaps]


def routes(sessions: Sessions, samples: Samples, networks: Networks, *, dicom: bool = False) -> list[Route]:
    """Routes besides Gradio's; none of them changes anything. `dicom`: whether explanations are exported as DICOM."""
    average_maps = partial(_average_maps, networks)
    archives = anyio.CapacityLimiter(ARCHIVES_AT_ONCE)
    return [
        *([Route("/sessions/{token}/dicom.zip", _of_session(sessions, _dicom, archives))] if dicom else []),
        Route("/sessions/{token}/radiograph.png", _of_session(sessions, _radiograph)),
        Route("/sessions/{token}/maps/{place}", _of_session(sessions, _map)),
        Route("/sessions/{token}/regions.json", _of_session(sessions, partial(_regions, average_maps))),
        Route("/sessions/{token}/report.html", _of_session(sessions, partial(_report, average_maps), archives)),
        Route("/sessions/{token}/code.txt", _of_session(sessions, _code)),
        Route("/sessions/{token}/comparison.zip", _of_session(sessions, partial(_archive, average_maps), archives)),
        Route("/samples/{name}.png", _of_samples(samples)),
        Route("/samples/{name}/radiograph.png", _computed(samples)),
    ]


def _of_session(
    sessions: Sessions, answer: Callable[[Session, Request], Response], limiter: anyio.CapacityLimiter | None = None
) -> Callable:
    async def respond(request: Request) -> Response:
        session = sessions.with_token(request.path_params["token"])
        if session is None:
            return _refusal(404, error_boundary.ErrorMessage("RADIOGRAPH", "The session expired. Reload the image."))
        try:
            return await anyio.to_thread.run_sync(partial(answer, session, request), limiter=limiter)
        except CxrLensError as error:
            return _refusal(400, error_boundary.error_message(error))
        except Exception as error:  # noqa: BLE001 - the last place before the visitor
            return _refusal(500, error_boundary.error_message(error))

    return respond


def _refusal(status: int, message: error_boundary.ErrorMessage) -> Response:
    return Response(error_body(message), status_code=status, media_type="application/json", headers=PRIVATE)


def _radiograph(session: Session, request: Request) -> Response:
    if session.worked_case is not None:
        return Response(session.worked_case.shown, media_type="image/webp", headers=PRIVATE)
    return Response(_png(displayed(session.radiograph)), media_type="image/png", headers=PRIVATE)


def _png(grey: np.ndarray) -> bytes:
    from PIL import Image

    return png_bytes(Image.fromarray(grey))


def _map(session: Session, request: Request) -> Response:
    """Little-endian float32, row by row; the shape travels with the explanation.

    No content for a map that is gone, which is no error: partial maps go while a slow browser asks for them.
    """
    values = session.map_at(request.path_params["place"])
    if values is None:
        return Response(status_code=204, headers=PRIVATE)
    return Response(values.astype("<f4").tobytes(), media_type="application/octet-stream", headers=PRIVATE)


def _average_maps(networks: Networks, explanation: Explanation) -> AverageMaps:
    """Average maps over other patients, as the network that was explained carries them; waits if it is loading."""
    return networks.find(explanation.model.source).average_maps


def _regions(average_maps: AverageMapsOf, session: Session, request: Request) -> Response:
    """{panel: the regions of its map} of the share that is asked for."""
    share = _look(session, request).regions
    if share is None:
        raise OptionError("The share of a region is missing.", "Such as regions=0.05.")
    shown = _shown(session, request)[1].items()
    found = {panel: regions_record(each, share, average_maps(each)) for panel, each in shown}
    return Response(json_bytes(found), media_type="application/json", headers=PRIVATE)


def _region_records(average_maps: AverageMapsOf, session: Session, request: Request) -> dict[Explanation, dict]:
    """Regions of what is exported, where the page shows some."""
    share = _look(session, request).regions
    shown = _shown(session, request)[1].values() if share is not None else ()
    return {each: regions_record(each, share, average_maps(each)) for each in shown if share is not None}


def _archive(average_maps: AverageMapsOf, session: Session, request: Request) -> Response:
    prediction, shown = _shown(session, request)
    report = _report_text(average_maps, session, request).encode()
    regions = list(_region_records(average_maps, session, request).values())
    archive = comparison_zip(
        prediction,
        list(shown.values()),
        session.radiograph,
        _look(session, request),
        extra={"report.html": report} | ({"regions.json": json_bytes({"regions": regions})} if regions else {}),
    )
    headers = PRIVATE | {"Content-Disposition": 'attachment; filename="cxr-lens-comparison.zip"'}
    return Response(archive, media_type="application/zip", headers=headers)


def _dicom(session: Session, request: Request) -> Response:
    """The same objects as `explainers explain --dicom` writes, without the patient's identity."""
    if not is_from_here(request):
        raise OptionError("DICOM is exported to this machine alone.", "Open the page where it runs.")
    prediction, shown = _shown(session, request)
    if session.dicom_source is None:
        raise OptionError("The radiograph is no DICOM file, so nothing can refer to it.", "Load the original file.")
    share = _look(session, request).regions
    objects = dicom_objects(list(shown.values()), prediction, session.radiograph, session.dicom_source, share)
    headers = PRIVATE | {"Content-Disposition": 'attachment; filename="cxr-lens-dicom.zip"'}
    return Response(dicom_zip(objects), media_type="application/zip", headers=headers)


def _report(average_maps: AverageMapsOf, session: Session, request: Request) -> Response:
    headers = PRIVATE | {"Content-Disposition": 'attachment; filename="cxr-lens-report.html"'}
    return Response(
        _report_text(average_maps, session, request), media_type="text/html; charset=utf-8", headers=headers
    )


def _report_text(average_maps: AverageMapsOf, session: Session, request: Request) -> str:
    prediction, shown = _shown(session, request)
    return report_html(
        prediction,
        list(shown.values()),
        session.radiograph,
        _look(session, request),
        file=_file(session, request),
        address=_address(request),
        model=request.query_params.get("model", ""),
        measured=dict(session.tested),
        regions=_region_records(average_maps, session, request),
    )


def _code(session: Session, request: Request) -> Response:
    """How a program and a command line get the maps of the network whose scores are shown."""
    own = [each for name, each in _shown(session, request)[1].items() if "@" not in name]
    if not own:
        raise OptionError("There is nothing to repeat yet.", "Compare explainers first.")
    model, window = request.query_params.get("model", ""), session.radiograph.window
    snippet = client_snippet(own, _address(request), model=model, window=window)
    alone = f"# or, without a page\n# {command_line(own, window=window)}\n"
    text = f"{_file(session, request)}{snippet}\n{alone}"
    return Response(text, media_type="text/plain; charset=utf-8", headers=PRIVATE)


def _shown(session: Session, request: Request) -> tuple[Prediction, dict[str, Explanation]]:
    """Scores and explanations on the screen: the browser names the panels, since some may have been removed."""
    panels = [name for name in request.query_params.get("panels", "").split(",") if name]
    shown = session.still_shown(panels)
    if session.prediction is None or not shown:
        raise OptionError("There is nothing to export yet.", "Compare explainers first.")
    return session.prediction, shown


def _origin(session: Session) -> str:
    return session.sample.origin if session.sample else ""


def _file(session: Session, request: Request) -> str:
    """How a reader gets the radiograph's file: a sample's has an address, this page's own or another's."""
    sample, window = session.sample, session.radiograph.window
    if sample is None:
        return file_comment(window=window)
    here = sample.address and not sample.address.startswith("https://")
    address = f"{_address(request)}/{sample.address}" if here else sample.address
    return file_comment(sample.title, address, window=window)


def _address(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _look(session: Session, request: Request) -> Look:
    """How the browser draws the maps."""
    query = request.query_params
    opacity = _number(query.get("opacity", "0.6"), "opacity")
    share = _number(query.get("regions") or "0", "share of a region") or None
    if share is not None:
        check_share(share)
    return Look(
        query.get("view", "positive"),
        opacity,
        query.get("colour_map") or None,
        _origin(session),
        share,
        smooth=query.get("smooth") == "true",
        clip=query.get("clip") == "true",
    )


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise OptionError(f"The {what} is {text!r}.", "It must be a number from 0 to 1.") from None


def _of_samples(samples: Samples) -> Callable:
    """Thumbnails; each is made once its picture is there, and until then shows that the picture would be fetched."""
    kept: dict[str, bytes] = {}

    def thumbnail(name: str) -> Response:
        try:
            sample = samples.find(name)
            if not sample.there():
                return Response(png_bytes(sample.thumbnail()), media_type="image/png", headers=PRIVATE)
            if name not in kept:
                kept[name] = png_bytes(sample.thumbnail())
        except CxrLensError as error:
            return _refusal(404, error_boundary.error_message(error))
        return Response(kept[name], media_type="image/png", headers={"Cache-Control": "max-age=86400"})

    async def respond(request: Request) -> Response:
        return await anyio.to_thread.run_sync(thumbnail, request.path_params["name"])

    return respond


def _computed(samples: Samples) -> Callable:
    """A computed sample as a file, pixel for pixel what the page scores: for those who do the same by code."""

    def file(name: str) -> Response:
        try:
            sample = samples.find(name)
        except CxrLensError as error:
            return _refusal(404, error_boundary.error_message(error))
        if not sample.made:
            return _refusal(404, error_boundary.ErrorMessage("OPTION", f"“{sample.title}” is not a synthetic sample."))
        picture = _png(sample.read().display(SIZE_PX))
        return Response(picture, media_type="image/png", headers={"Cache-Control": "max-age=86400"})

    async def respond(request: Request) -> Response:
        return await anyio.to_thread.run_sync(file, request.path_params["name"])

    return respond
