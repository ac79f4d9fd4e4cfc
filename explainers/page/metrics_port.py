"""The port for metrics: the log's records are counted, and the server's state is read when somebody asks."""

import logging

from gradio import Blocks

from explainers.page.state import AppState


def serve(state: AppState, blocks: Blocks) -> None:
    """Count the log's records, watch the server's state, and answer on the port for metrics."""
    metrics, port = state.metrics, state.settings.metrics_port
    assert metrics is not None
    assert port is not None
    logging.getLogger("explainers.page").addHandler(metrics)
    queues = blocks._queue.event_queue_per_concurrency_id
    metrics.gauge("waiting_calls", "Calls in the queue", lambda: sum(len(each.queue) for each in queues.values()))
    metrics.gauge("sessions", "Radiographs of visitors in memory", lambda: len(state.sessions))
    metrics.gauge("streams", "Streams of results that are being read", lambda: state.listeners.readers)
    metrics.gauge("picture_bytes", "Memory of endpoints' radiographs", lambda: state.pictures.taken_bytes)
    metrics.gauge("upload_bytes", "Uploads on the disk", state.folder.uploaded_bytes)
    metrics.gauge("ready", "Whether a network is loaded and work is taken", lambda: _is_ready(state))
    metrics.start(state.settings.host, port)


def _is_ready(state: AppState) -> bool:
    return state.networks.state().state == "ready" and not state.stopping.is_set()
