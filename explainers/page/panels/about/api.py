"""How programs call the page, for the view About."""

from html import escape

from explainers.page.panels.about.tables import table

CALL = """from gradio_client import Client, handle_file

client = Client("http://127.0.0.1:7860")  # the address of this page
scores = client.predict(handle_file("chest.png"), api_name="/predict")
overlay, maps, record = client.predict(handle_file("chest.png"), "Effusion", "grad_cam", api_name="/explain")"""

ENDPOINTS = {
    "/predict": "scores, operating points and probabilities of a radiograph",
    "/explain": "one explainer's overlay (PNG), maps (.npz) and record",
    "/compare": "several explainers, streamed as they finish, with tests and agreement",
    "/findings": "the findings that the network scores",
    "/explainers": "the explainers and tests, with the JSON Schema of their options",
    "/model_info": "the checkpoint: description, input, layers, metrics",
    "/health": "whether the networks are loaded",
}


def api_section() -> str:
    """How programs call this page."""
    rows = [[name, text] for name, text in ENDPOINTS.items()]
    return f"""<section id="about-api" class="benchmark" tabindex="-1"><h3>API</h3>
<p>Everything on this page can be called by programs. In Python:</p>
<pre tabindex="0" aria-label="A call in Python">{escape(CALL)}</pre>
{table(["Endpoint", "What it returns"], rows, "Endpoints of the API")}</section>"""
