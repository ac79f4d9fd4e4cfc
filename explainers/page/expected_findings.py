"""The findings of a network that is not loaded yet, as far as its description or its class names them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cxr.checkpoint import CheckpointConfig
from cxr.findings import DESCRIPTIONS, display_name
from explainers.registry import Registry
from hub.errors import CxrLensError
from hub.sources import configuration_of

if TYPE_CHECKING:
    from hub.presets import Preset


def expected_findings(
    source: str,
    registry: Registry,
    presets: "Mapping[str, Preset] | None" = None,
    stated: Mapping[str, Any] | None = None,
) -> dict[str, dict[str, str]]:
    """{finding: its title and description}, in the order of the outputs; empty where the source does not say it.

    A plugin's file says nothing until it is run, and a repository on the Hub until it is downloaded. What is wrong with
    a description is an error when the network is loaded, not here.
    """
    if plugin := registry.networks.get(source):
        described = {label: plugin.descriptions.get(label) or DESCRIPTIONS.get(label, "") for label in plugin.labels}
    else:
        described = _of_configuration(source, presets, stated)
    return {label: entry(label, text) for label, text in described.items()}


def entry(finding: str, description: str) -> dict[str, str]:
    """A finding as the page's scripts know it."""
    return {"title": display_name(finding), "description": description}


def _of_configuration(
    source: str, presets: "Mapping[str, Preset] | None", stated: Mapping[str, Any] | None
) -> dict[str, str]:
    try:
        raw = configuration_of(source, presets=presets, stated=stated)
        if raw is None:
            return {}
        config = CheckpointConfig.from_raw({"input": {}, **raw}, name=source)
    except CxrLensError:
        return {}
    return {finding: config.describe(finding) for finding in config.findings}
