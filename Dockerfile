# The page in a container: without root, with a read-only file system, and with a health check.
#
#   docker build -t cxr-lens .
#   docker run --read-only --tmpfs /tmp:size=4g --cap-drop ALL --security-opt no-new-privileges -p 7860:7860 cxr-lens
#
# The packaged starter needs no network. For a network of the Hub, mount a cache and name it:
#   docker run … -v cxr-lens-cache:/cache cxr-lens --model medmae
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    GRADIO_SERVER_NAME=0.0.0.0 \
    HOME=/tmp \
    HF_HOME=/cache

WORKDIR /app

# dependencies first, so that a change of the code does not install them again
COPY requirements.txt ./
RUN pip install --requirement requirements.txt "onnx>=1.16" "onnxruntime>=1.18" "pydicom>=3.0"

COPY pyproject.toml README.md LICENSE demo.py ./
COPY hub hub
COPY cxr cxr
COPY explainers explainers

RUN pip install --no-deps . \
    && useradd --system --uid 10001 --no-create-home lens \
    && install -d -o lens /cache
# by number, so that a host can tell without the image that this is not root
USER 10001
VOLUME /cache
EXPOSE 7860

HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/health/ready', timeout=4)"]

# exec form: SIGTERM reaches the server, which lets running work end
ENTRYPOINT ["python", "demo.py"]
CMD ["--model", "starter", "--port", "7860", "--log", "json"]
