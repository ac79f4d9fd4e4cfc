"""torchvision's DenseNet-121: python demo.py --model examples/networks/torchvision_densenet121.py"""

import torch
from torchvision.models import densenet121

from explainers import hookimpl
from explainers.torch_network import TorchNetwork


class TorchvisionDenseNet(TorchNetwork):
    """DenseNet-121 of torchvision; random weights stand where yours go."""

    name, labels = "torchvision_densenet121", ("Pneumonia", "Effusion")
    input = {"rule": "resize_imagenet", "size": 224}
    target_layer = "features.denseblock4"

    def module(self):
        torch.manual_seed(0)
        return densenet121(num_classes=len(self.labels))
        # net.load_state_dict(torch.load("mine.pt", weights_only=True))


@hookimpl
def cxr_lens_networks():
    return [TorchvisionDenseNet]
