"""A vision transformer in Keras: python examples/networks/keras_vit.py vit && python demo.py --model vit/model.keras

Its cells are the patches: `token_grid` says where they lie among the tokens. Train before saving.
"""

import sys
from pathlib import Path

import keras
from keras import layers

SIZE, PATCH, WIDTH, HEADS, BLOCKS = 224, 16, 96, 3, 4
DESCRIBED = '{"labels": ["Pneumonia", "Effusion"], "input": {"rule": "-1..1", "size": 224}, "token_grid": [14, 14]}'


def vit(outputs: int) -> keras.Model:
    """Patches with their places by a convolution (Chu et al. 2021), blocks, and the mean of all tokens."""
    pixels = keras.Input((SIZE, SIZE, 3))
    patches = layers.Conv2D(WIDTH, PATCH, PATCH, name="patches")(pixels)
    patches = layers.Add(name="placed")([patches, layers.DepthwiseConv2D(3, padding="same", name="places")(patches)])
    tokens = layers.Reshape((-1, WIDTH), name="tokens")(patches)
    for at in range(1, BLOCKS + 1):
        normed = layers.LayerNormalization(name=f"block{at}_attention_norm")(tokens)
        seen = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name=f"block{at}_attention")(normed, normed)
        tokens = layers.Add(name=f"block{at}_attention_add")([tokens, seen])
        wide = layers.Dense(4 * WIDTH, "gelu", name=f"wide{at}")(layers.LayerNormalization(name=f"norm{at}")(tokens))
        tokens = layers.Add(name=f"block{at}_add")([tokens, layers.Dense(WIDTH, name=f"block{at}_narrow")(wide)])
    mean = layers.GlobalAveragePooling1D(name="mean")(layers.LayerNormalization(name="norm")(tokens))
    return keras.Model(pixels, layers.Dense(outputs, "sigmoid", name="scores")(mean))


def write(out: Path) -> None:
    keras.utils.set_random_seed(0)
    out.mkdir(parents=True, exist_ok=True)
    vit(2).save(out / "model.keras")
    (out / "cxr-lens.json").write_text(DESCRIBED)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
