"""A typed client of a cxr-lens page, for programs: arrays in, dataclasses and arrays out.

    with Client("https://org-name.hf.space") as client:
        prediction = client.predict("chest.png")
        explanation = client.explain("chest.png", "Effusion", "grad_cam")

It needs gradio_client and NumPy and nothing else: `pip install --no-deps cxr-lens` and then `pip install gradio-client
numpy` give a client without TensorFlow. A map shows what a network responds to, not where a disease is. For research
only.
"""

from explainers.client.calls import CallError, Client
from explainers.client.results import Comparison, Explanation, FailedExplainer, FindingScore, Prediction

__all__ = ["CallError", "Client", "Comparison", "Explanation", "FailedExplainer", "FindingScore", "Prediction"]
