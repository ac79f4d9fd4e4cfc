"""A PyTorch module as a network: everything that is derived from it, against finite differences and hand-made cases."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from torch import nn  # noqa: E402

from cxr.errors import LayerError  # noqa: E402
from explainers.torch_network import TorchNetwork, TorchTransformer  # noqa: E402

RNG = np.random.default_rng(0)


class Small(nn.Module):
    """Two convolutions; the activation in between overwrites its input; a path leads around the second."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 1, 1)
        self.act = nn.ReLU(inplace=True)
        self.end = nn.Linear(4, 2)

    def forward(self, pixels):
        maps = self.act(self.first(pixels))
        maps = maps + torch.tanh(self.second(maps))
        return self.end(maps.mean((2, 3)))


class Convolutional(TorchNetwork):
    """Small."""

    name, labels, input = "small", ("Effusion", "Mass"), {"rule": "samplewise", "size": 32}

    def module(self):
        torch.manual_seed(0)
        return Small()


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(8), nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, tokens):
        normed = self.norm(tokens)
        return tokens + self.attention(normed, normed, normed, need_weights=False)[0]


class Tokens(nn.Module):
    """Patches of 8 pixels, a class token, two blocks."""

    def __init__(self):
        super().__init__()
        self.patches, self.blocks = nn.Conv2d(3, 8, 8, 8), nn.Sequential(Block(), Block())
        self.start, self.end = nn.Parameter(torch.randn(1, 1, 8)), nn.Linear(8, 2)

    def forward(self, pixels):
        tokens = self.patches(pixels).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.start.expand(len(tokens), -1, -1), tokens], 1)
        return self.end(self.blocks(tokens)[:, 0])


class Transformer(TorchTransformer):
    """Small transformer."""

    name, labels, input = "tokens", ("Effusion", "Mass"), {"rule": "samplewise", "size": 32}
    token_grid = (4, 4)

    def module(self):
        torch.manual_seed(0)
        return Tokens()


@pytest.fixture(scope="module")
def batch():
    values = RNG.standard_normal((2, 32, 32, 3)).astype(np.float32)
    values.flags.writeable = False
    return values


def test_the_layers_are_found_in_forward_order():
    assert Convolutional().layers == {"first": (16, 16, 4), "act": (16, 16, 4), "second": (16, 16, 4)}


def test_what_is_kept_of_a_layer_is_not_overwritten_by_the_next(batch):
    network = Convolutional()
    before = network.net.first(torch.from_numpy(batch.copy()).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()
    assert before.min() < 0
    assert network.activations(batch, "first") == pytest.approx(before, abs=1e-6)
    assert network.forward_with(batch, "first")[0] == pytest.approx(network.forward(batch))


@pytest.mark.parametrize("make", [Convolutional, Transformer])
def test_the_input_s_gradient_is_the_difference_quotient(make, batch):
    network, step = make(), 1e-2
    direction = RNG.standard_normal(batch.shape).astype(np.float32)
    ahead, behind = (network.forward(batch + sign * step * direction)[:, 1] for sign in (1, -1))
    slope = (network.input_gradient(batch, 1) * direction).sum((1, 2, 3))
    assert slope == pytest.approx((ahead - behind) / (2 * step), rel=0.02, abs=1e-3)


def test_a_layer_s_gradient_is_the_difference_quotient_of_what_follows(batch):
    network, step = Convolutional(), 1e-2
    activations = network.activations(batch, "first")
    assert network.forward_from("first", activations) == pytest.approx(network.forward(batch), abs=1e-6)
    direction = RNG.standard_normal(activations.shape).astype(np.float32)
    ahead, behind = (network.forward_from("first", activations + sign * step * direction)[:, 0] for sign in (1, -1))
    slope = (network.layer_gradient(batch, "first", 0) * direction).sum((1, 2, 3))
    assert slope == pytest.approx((ahead - behind) / (2 * step), rel=0.02, abs=1e-3)


def test_a_layer_with_a_path_around_it_cannot_be_replaced(batch):
    network = Convolutional()
    for _ in range(2):  # whether a layer can be is remembered, where it can
        with pytest.raises(LayerError, match="around"):
            network.forward_from("second", network.activations(batch, "second"))


def test_random_weights_are_the_same_values_in_another_order(batch):
    network = Convolutional()
    made, again, other = (network.randomised(seed) for seed in (1, 1, 2))
    for ours, theirs in zip(network.net.parameters(), made.net.parameters(), strict=True):
        assert sorted(ours.flatten().tolist()) == sorted(theirs.flatten().tolist())
    assert not np.allclose(made.forward(batch), network.forward(batch))
    assert (made.forward(batch) == again.forward(batch)).all()
    assert not (made.forward(batch) == other.forward(batch)).all()


def test_tokens_are_cells_without_the_class_token(batch):
    network = Transformer()
    assert list(network.layers) == ["blocks.0.norm", "blocks.0", "blocks.1.norm", "blocks.1", "blocks"]
    assert network.layers["blocks.0"] == (4, 4, 8)
    tokens = network.net.blocks[0](torch.cat([network.net.start.expand(2, -1, -1), _patches(network, batch)], 1))
    assert network.activations(batch, "blocks.0")[1, 2, 3] == pytest.approx(
        tokens[1, 1 + 2 * 4 + 3].detach().numpy(), abs=1e-6
    )
    assert not Transformer.defines("forward_from")


def _patches(network, batch):
    return network.net.patches(torch.from_numpy(batch.copy()).permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)


def test_attention_is_pytorch_s_own_and_its_gradient_the_difference_quotient(batch):
    network = Transformer()
    weights, gradients = network.attentions(batch, 1)
    assert weights.shape == gradients.shape == (2, 2, 2, 17, 17)
    tokens = torch.cat([network.net.start.expand(2, -1, -1), _patches(network, batch)], 1)
    normed = network.net.blocks[0].norm(tokens)
    own = network.net.blocks[0].attention(normed, normed, normed, average_attn_weights=False)[1].detach().numpy()
    assert weights[:, 0] == pytest.approx(own, abs=1e-6)
    # in the last block only the class token's row reaches the logit, and its heads' outputs are linear in the weights
    last = network.net.blocks[1]
    assert not gradients[:, 1, :, 1:].any()
    normed = last.norm(network.net.blocks[0](tokens))
    values = torch.nn.functional.linear(normed, *_values(last.attention)).reshape(2, 17, 2, 4).transpose(1, 2)
    to_logit = (network.net.end.weight[1] @ last.attention.out_proj.weight).reshape(2, 4)
    expected = (values * to_logit[None, :, None]).sum(-1).detach().numpy()
    assert gradients[:, 1, :, 0] == pytest.approx(expected, abs=1e-5)


def _values(attention):
    return attention.in_proj_weight[16:], attention.in_proj_bias[16:]


def test_attending_leaves_the_network_as_it_was(batch):
    network = Transformer()
    before = network.forward(batch)
    network.attentions(batch, 0)
    assert "forward" not in vars(network.net.blocks[0].attention)
    assert (network.forward(batch) == before).all()
