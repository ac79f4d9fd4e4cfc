"""The graph of a Keras model: every operation with its tensors, those of nested models included."""

from dataclasses import dataclass
from typing import Any

from cxr.quiet_import import quiet_import

with quiet_import():
    import keras

GLOBAL_POOLING = ("GlobalAveragePooling2D", "GlobalMaxPooling2D")


@dataclass(frozen=True, eq=False)
class Step:
    """One call of an operation: its name, unique in the graph, and its symbolic tensors."""

    name: str
    operation: Any
    inputs: tuple[Any, ...]
    output: Any


@dataclass(frozen=True, eq=False)
class Graph:
    """A model from one input `(h, w, c)` to one output, as steps in forward order."""

    input: Any
    output: Any
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, model: keras.Model, shape: tuple[int, int, int] | None = None) -> "Graph":
        """The graph of a functional or sequential model, nested models opened.

        shape  of the input (h, w, c), for a model whose own shape may vary
        """
        if shape is not None or isinstance(model, keras.Sequential):
            return _flattened(model, shape or model.inputs[0].shape[1:])
        operations = [each for each in model.operations if not isinstance(each, keras.layers.InputLayer)]
        if any(len(each._inbound_nodes) > 1 or is_model(each) for each in operations):
            return _flattened(model, model.inputs[0].shape[1:])
        steps = [Step(each.name, each, tuple(keras.tree.flatten(each.input)), each.output) for each in operations]
        return cls(model.input, model.output, tuple(steps))

    def maps(self) -> dict[str, Any]:
        """{name: tensor `(y, x, k)`} of the steps whose output has a place for each value, in forward order.

        What follows a global pooling has none, such as the gates of squeeze and excitation.
        """
        placeless: set[int] = set()
        found = {}
        for step in self.steps:
            if type(step.operation).__name__ in GLOBAL_POOLING or all(id(each) in placeless for each in step.inputs):
                placeless |= {id(each) for each in keras.tree.flatten(step.output)}
            elif _is_map(step.output) and not isinstance(step.operation, keras.layers.ZeroPadding2D):
                found[step.name] = step.output
        return found

    def cuts(self) -> set[str]:
        """Names of the steps that every path passes: all that was computed before them is last read by them."""
        producer = {id(each): at for at, step in enumerate(self.steps) for each in keras.tree.flatten(step.output)}
        # the output is read after all steps
        last_reader = [len(self.steps)] * len(self.steps)
        farthest = 0
        for place, step in enumerate(self.steps):
            for tensor in step.inputs:
                if id(tensor) in producer:
                    last_reader[producer[id(tensor)]] = place
                else:
                    farthest = max(farthest, place)  # the input itself is read here
        cuts = set()
        for place, step in enumerate(self.steps):
            if farthest <= place:
                cuts.add(step.name)
            farthest = max(farthest, last_reader[place])
        return cuts


def is_model(operation: Any) -> bool:
    """Whether an operation is a model of its own, with a graph that can be opened."""
    # a functional model lists its operations; a subclassed one has Python code in their place
    is_functional = isinstance(operation, keras.Model) and hasattr(operation, "operations")
    return is_functional or isinstance(operation, keras.Sequential)


def _is_map(tensor: Any) -> bool:
    shape = getattr(tensor, "shape", ())
    return len(shape) == 4 and all(isinstance(side, int) for side in shape[1:])


def _flattened(model: keras.Model, shape: tuple[int, int, int]) -> Graph:
    """The same layers, called once more on one new input, so that each call is seen."""
    steps: list[Step] = []
    names: set[str] = set()

    def call(operation: Any, *given: Any, prefix: str = "", **keywords: Any) -> Any:
        if is_model(operation):
            return run(operation, keras.tree.flatten(given)[0], f"{operation.name}/")
        output = operation(*given, **keywords)
        tensors = [each for each in keras.tree.flatten((given, keywords)) if isinstance(each, keras.KerasTensor)]
        steps.append(Step(_unused(operation.name, prefix, names), operation, tuple(tensors), output))
        return output

    def run(part: Any, given: Any, prefix: str) -> Any:
        if isinstance(part, keras.Sequential):
            for layer in part.layers:
                given = call(layer, given, prefix=prefix)
            return given

        results: dict[int, Any] = {}

        def inside(operation: Any, *arguments: Any, **keywords: Any) -> Any:
            results[id(operation)] = call(operation, *arguments, prefix=prefix, **keywords)
            return results[id(operation)]

        # walks through the graph; its own result is a copy of it, which is not used
        tensors = keras.tree.pack_sequence_as(part.input, [given])
        keras.models.clone_model(part, input_tensors=tensors, clone_function=lambda layer: layer, call_function=inside)
        return results[id(part.outputs[0]._keras_history.operation)]

    tensor = keras.Input(shape)
    output = run(model, tensor, "")
    return Graph(tensor, output, tuple(steps))


def _unused(name: str, prefix: str, names: set[str]) -> str:
    """The layer's name; where another one has it, with the name of its model before it, and a number after it."""
    candidates = [name, f"{prefix}{name}", *(f"{prefix}{name}_{number}" for number in range(2, 1000))]
    found = next(each for each in candidates if each not in names)
    names.add(found)
    return found
