"""How programs call the page, for the view About."""

from html import escape

from explainers.page.panels.about.tables import table
from explainers.page.words import filled

WORDS = "about"

CALL = """# pip install gradio-client
from gradio_client import Client, handle_file

client = Client("http://127.0.0.1:7860")  # {address}
scores = client.predict(handle_file("chest.png"), api_name="/predict")
overlay, maps, record = client.predict(handle_file("chest.png"), "Effusion", "grad_cam", api_name="/explain")"""

ENDPOINTS = {
    "/predict": "predict",
    "/explain": "explain",
    "/compare": "compare",
    "/findings": "findings_of",
    "/explainers": "explainers_of",
    "/model_info": "model_info",
    "/health": "health",
}
"""{endpoint: the key of the sentence on what it returns}."""


def api_section() -> str:
    """How programs call this page."""
    rows = [[name, filled(WORDS, key)] for name, key in ENDPOINTS.items()]
    heads = [filled(WORDS, "endpoint"), filled(WORDS, "returns")]
    call = CALL.format(address=filled(WORDS, "api_address"))
    return f"""<section id="about-api" class="benchmark api" tabindex="-1"><h3>{escape(filled(WORDS, "api_title"))}</h3>
<p>{escape(filled(WORDS, "api"))}</p>
<pre tabindex="0" aria-label="{escape(filled(WORDS, "api_call"))}">{escape(call)}</pre>
{table(heads, rows, filled(WORDS, "api_table"))}</section>"""
