"""A vision transformer of keras-hub: python demo.py --model examples/networks/keras_hub_vit.py"""

import keras
import keras_hub

from explainers import hookimpl
from explainers.keras_network import KerasModelNetwork


class KerasHubViT(KerasModelNetwork):
    """ViT of keras-hub with a linear head; random weights stand where `ViTBackbone.from_preset` and yours go."""

    name, labels = "keras_hub_vit", ("Pneumonia", "Effusion")
    input = {"rule": "-1..1", "size": 224}
    token_grid, special_tokens = (14, 14), 1

    def model(self):
        keras.utils.set_random_seed(0)
        backbone = keras_hub.models.ViTBackbone(
            image_shape=(224, 224, 3), patch_size=16, num_layers=4, num_heads=3, hidden_dim=96, mlp_dim=384
        )
        mean = keras.layers.GlobalAveragePooling1D()(backbone.output)
        return keras.Model(backbone.input, keras.layers.Dense(len(self.labels))(mean))


@hookimpl
def cxr_lens_networks():
    return [KerasHubViT]
