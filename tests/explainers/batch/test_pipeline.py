"""The pipeline itself: what holds while it runs."""

import pytest
from threadpoolctl import ThreadpoolController

from cxr.engine.scheduler import cores
from cxr.reading.radiograph import read_radiograph
from explainers.batch.pipeline import Pipeline
from explainers.registry import Registry


def product_threads() -> list[int]:
    """Threads that each OpenBLAS of this process uses for a product."""
    return [each["num_threads"] for each in ThreadpoolController().select(internal_api="openblas").info()]


@pytest.mark.skipif(cores() < 2, reason="with one core, there is one thread anyway")
def test_matrix_products_have_one_thread_each_while_it_runs(source, tiny):
    before = product_threads()
    if not before:
        pytest.skip("this NumPy computes products with another library than OpenBLAS")
    assert max(before) > 1
    pipeline = Pipeline(tiny, Registry.standard())
    images = [f"{source.root}/{item.image}" for item in source.items[:4]]
    for _, found in pipeline.run(images, read_radiograph, lambda read: product_threads(), size=2):
        assert found == [[1] * len(before)] * 2
    assert product_threads() == before
