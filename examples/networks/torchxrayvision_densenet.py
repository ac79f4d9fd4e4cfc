"""A network of torchxrayvision: python demo.py --model examples/networks/torchxrayvision_densenet.py"""

import torch
import torchxrayvision as xrv

from explainers import hookimpl
from explainers.torch_network import TorchNetwork


class TorchXRayVisionDenseNet(TorchNetwork):
    """torchxrayvision's DenseNet-121 before its sigmoid; random weights stand where `weights="densenet121-res224-nih"`
    goes."""

    name, labels = "torchxrayvision_densenet", tuple(xrv.datasets.default_pathologies)
    input = {"rule": "xrv", "size": 224}
    target_layer = "features.denseblock4"

    def module(self):
        torch.manual_seed(0)
        net = xrv.models.DenseNet(num_classes=len(self.labels))
        # `forward` would give scores, moved so that each operating point is 0.5: logits are what is explained
        net.apply_sigmoid, net.op_threshs = False, None
        return net


@hookimpl
def cxr_lens_networks():
    return [TorchXRayVisionDenseNet]
