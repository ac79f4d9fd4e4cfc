"""torchvision's ViT-B/16: python demo.py --model examples/networks/torchvision_vit.py"""

import torch
from torchvision.models import vit_b_16

from explainers import hookimpl
from explainers.torch_network import TorchTransformer


class TorchvisionViT(TorchTransformer):
    """ViT-B/16 of torchvision; random weights stand where yours go. Its cells are the patches, 14 × 14."""

    name, labels = "torchvision_vit", ("Pneumonia", "Effusion")
    input = {"rule": "resize_imagenet", "size": 224}
    token_grid = (14, 14)
    # not the last block's output: only the class token of it reaches the logits
    target_layer = "encoder.layers.encoder_layer_11.ln_1"

    def module(self):
        torch.manual_seed(0)
        net = vit_b_16(num_classes=len(self.labels))
        torch.nn.init.trunc_normal_(net.heads.head.weight, std=0.02)  # torchvision starts with a head of zeros
        return net


@hookimpl
def cxr_lens_networks():
    return [TorchvisionViT]
