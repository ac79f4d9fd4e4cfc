"""Words of a `batch` that writes each radiograph's rows by themselves."""

from pathlib import Path


def batch_words(images: Path, out: Path, findings: str) -> list[str]:
    """`batch` and its arguments: Grad-CAM of these findings, one radiograph at a time."""
    words = {"--images": images, "--explainers": "grad_cam", "--findings": findings, "--batch": 1, "--out": out}
    return ["batch", *(str(word) for pair in words.items() for word in pair)]
