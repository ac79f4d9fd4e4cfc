"""Defines the endpoints of `Endpoints` on a page, and lists their parameters.

Names, defaults and descriptions come from signatures and docstrings.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from gradio.context import get_blocks_context
from gradio.utils import get_function_description

from explainers.page.api.endpoints import Endpoints
from explainers.page.call_filter import REQUIRED, Parameters
from explainers.page.state import AppState


def define_endpoints(state: AppState) -> None:
    """Define the endpoints; to be called inside a Blocks context."""
    blocks = get_blocks_context()
    assert blocks is not None, "endpoints are defined inside a Blocks context"
    for name, function in endpoint_functions().items():
        bound = getattr(Endpoints(state), name)
        defined = gr.api(bound, api_name=name, **function.concurrency_group)
        _describe_parameters(blocks.fns[defined["id"]].inputs, bound)


def endpoint_functions() -> dict[str, Any]:
    """{name: the function} of each endpoint."""
    return {name: each for name, each in vars(Endpoints).items() if hasattr(each, "concurrency_group")}


def parameters() -> dict[str, Parameters]:
    """{endpoint: {argument: default}}, REQUIRED for an argument that has none."""
    return {
        name: {
            argument: REQUIRED if each.default is each.empty else each.default
            for argument, each in inspect.signature(function).parameters.items()
            if argument != "self"
        }
        for name, function in endpoint_functions().items()
    }


def _describe_parameters(inputs: Sequence[Any], function: Callable) -> None:
    """Gradio takes descriptions of parameters from components, of which `gr.api` makes none with a description."""
    _, described, _ = get_function_description(function)
    for component, name in zip(inputs, inspect.signature(function).parameters, strict=True):
        text = {"description": described[name], "additional_description": described[name]}  # of OpenAPI and of Gradio
        component._api_info = {**component._api_info, **text}
