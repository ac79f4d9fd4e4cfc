"""Fast forward passes: the network rewritten so that fewer operations give the same result.

Batch norms are folded into the convolutions before them, and the transitions pool before they convolve. The rewritten
network (`graph`) is compiled from one description for TensorFlow, which is always installed, or for ONNX Runtime (extra
`fast`), which is faster and needs no import of TensorFlow.
"""

from importlib.util import find_spec

from cxr.engine.backend import Backend
from cxr.engine.engine import Engine
from cxr.engine.folded import Folded
from cxr.errors import EngineError
from hub.errors import names_hint

TENSORFLOW, ONNX_RUNTIME, AUTO = "tensorflow", "onnxruntime", "auto"
ENGINES = (AUTO, TENSORFLOW, ONNX_RUNTIME)

__all__ = ["AUTO", "ENGINES", "Engine", "Folded", "build_backend", "build_engine", "chosen_engine"]


def chosen_engine(name: str = AUTO) -> str:
    """The engine's name; `auto` means the fastest one that is installed.

    Raises EngineError for an unknown engine, or one that is not installed.
    """
    installed = all(find_spec(module) for module in ("onnxruntime", "onnx"))
    if name == AUTO:
        return ONNX_RUNTIME if installed else TENSORFLOW
    if name not in ENGINES:
        raise EngineError(f"There is no engine {name!r}.", names_hint(name, ENGINES))
    if name == ONNX_RUNTIME and not installed:
        raise EngineError("ONNX Runtime is not installed.", "pip install 'cxr-lens[fast]'")
    return name


def build_engine(folded: Folded, name: str = AUTO) -> Engine:
    """An engine for a network with folded batch norms, on the backend of that name."""
    return Engine(folded, build_backend(name))


def build_backend(name: str = AUTO) -> Backend:
    """The backend of that name; its library is imported."""
    if chosen_engine(name) == ONNX_RUNTIME:
        from cxr.engine.on_onnx import OnnxRuntime

        return OnnxRuntime()
    from cxr.engine.on_tensorflow import TensorFlow

    return TensorFlow()
