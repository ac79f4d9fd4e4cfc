"""Forward passes at the machine's limit: the network rewritten so that fewer operations do the same.

Batch norms are folded into the convolutions before them, and the transitions pool before they convolve. The rewritten
network (`pieces`) is drawn twice, from one description: for TensorFlow, which is always there, and for ONNX Runtime
(extra `fast`), which takes less time for it, and with which TensorFlow is not even imported. Inner layers stay with
`cxr.network`.
"""

from importlib.util import find_spec

from cxr.engine.engine import Engine
from cxr.engine.folded import Folded
from cxr.errors import EngineError
from hub.errors import names_hint

TENSORFLOW, ONNX_RUNTIME, AUTO = "tensorflow", "onnxruntime", "auto"
ENGINES = (AUTO, TENSORFLOW, ONNX_RUNTIME)

__all__ = ["AUTO", "ENGINES", "Engine", "Folded", "build_engine", "chosen_engine"]


def chosen_engine(name: str = AUTO) -> str:
    """The engine that a name means here: `auto` is the fastest one that is installed.

    Raises EngineError for an unknown one, or one that is not installed.
    """
    there = all(find_spec(module) for module in ("onnxruntime", "onnx"))
    if name == AUTO:
        return ONNX_RUNTIME if there else TENSORFLOW
    if name not in ENGINES:
        raise EngineError(f"There is no engine {name!r}.", names_hint(name, ENGINES))
    if name == ONNX_RUNTIME and not there:
        raise EngineError("ONNX Runtime is not installed.", "pip install 'cxr-lens[fast]'")
    return name


def build_engine(folded: Folded, name: str = AUTO) -> Engine:
    """The engine of a network whose norms are folded."""
    if chosen_engine(name) == ONNX_RUNTIME:
        from cxr.engine.on_onnx import OnnxRuntime

        return Engine(folded, OnnxRuntime())
    from cxr.engine.on_tensorflow import TensorFlow

    return Engine(folded, TensorFlow())
