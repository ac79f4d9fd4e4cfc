"""Whether a page serves this machine alone: what touches a hospital's own studies is offered nowhere else."""

import ipaddress
import os

from starlette.requests import Request

from explainers.output.dicom import can_write_dicom
from explainers.page.settings import PageSettings

PUBLISHED = ("SPACE_ID", "GRADIO_ROOT_PATH", "GRADIO_SHARE")
"""Variables of a Space, of a page behind another server, and of a tunnel."""

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")
"""Headers that a proxy adds: behind one, the visitor may be anywhere."""


def listens_here_alone(settings: PageSettings) -> bool:
    """Whether only this machine can reach the page: it listens on a loopback address, and nothing publishes it."""
    if any(os.environ.get(name) for name in PUBLISHED):
        return False
    if settings.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(settings.host.strip("[]")).is_loopback
    except ValueError:
        return False


def offers_dicom(settings: PageSettings) -> bool:
    """Whether explanations can be exported as DICOM: on this machine alone, with the extra `dicom`."""
    return listens_here_alone(settings) and can_write_dicom()


def is_from_here(request: Request) -> bool:
    """Whether a request comes from this machine and through no proxy."""
    if any(name in request.headers for name in FORWARDED) or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
