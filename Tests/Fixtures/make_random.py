#!/usr/bin/env python3
"""Makes Tests/Fixtures/random/draws.safetensors: what PyTorch's CPU generator draws, every element.

    pip install torch==2.13.0 safetensors numpy
    python Tests/Fixtures/make_random.py

A name says what is drawn (`normal float32 17`: see RandomDrawsTests.swift), a tensor holds three draws, one after the other, from a
generator freshly seeded. `new …` names the state dict of a layer made in PyTorch. Sizes stand on both sides of the 16 elements from which
PyTorch draws normal numbers in blocks, ranges on both sides of the 32 bits from which it draws whole numbers from two words.
"""
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

SEED = 2024
draws = {}


def add(name, draw):
    torch.manual_seed(SEED)
    made = torch.stack([draw() for _ in range(3)])
    draws[name] = torch.view_as_real(made) if made.is_complex() else made


def short(dtype):
    return str(dtype).removeprefix("torch.")


for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.complex64, torch.complex128):
    for n in (1, 7, 15, 16, 17, 33, 100):
        row = f"{short(dtype)} {n}"
        add(f"rand {row}", lambda: torch.rand(n, dtype=dtype))
        add(f"normal {row}", lambda: torch.empty(n, dtype=dtype).normal_(3, 0.5))
        if dtype.is_complex:
            continue
        add(f"uniform {row}", lambda: torch.empty(n, dtype=dtype).uniform_(-2, 5))
        add(f"exponential {row}", lambda: torch.empty(n, dtype=dtype).exponential_(1.5))
        add(f"bernoulli {row}", lambda: torch.bernoulli(torch.full((n,), 0.3, dtype=dtype)))
        add(f"tensors {row}", lambda: torch.normal(torch.full((n,), 2.0, dtype=dtype), torch.full((n,), 0.5, dtype=dtype)))
add("normal float32 5000", lambda: torch.empty(5000).normal_(3, 0.5))
add("rand float32 5000", lambda: torch.rand(5000))
for dtype in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.float32):
    for n in (1, 16, 100):
        add(f"randint {short(dtype)} {n} 0 100", lambda: torch.randint(0, 100, (n,), dtype=dtype))
        add(f"randperm {short(dtype)} {n}", lambda: torch.randperm(n, dtype=dtype))
for low, high in ((-7, 1000), (0, 1 << 31), (0, (1 << 32) - 1), (0, 1 << 32), (0, (1 << 32) + 1), (-(1 << 40), 1 << 45), (-(1 << 62), 1 << 62),
                  (-(1 << 63), (1 << 63) - 1), (41, 42)):
    add(f"randint int64 50 {low} {high}", lambda: torch.randint(low, high, (50,)))
for n in (1000, 5000):
    add(f"randperm int64 {n}", lambda: torch.randperm(n))
for dtype in (torch.float32, torch.float64):
    for rows in (1, 3):
        weights = torch.tensor([[0.5, 3.0, 0.0, 1.25, 7.0, 2.0]], dtype=dtype).expand(rows, 6)
        for count, replacement in ((1, 0), (4, 0), (1, 1), (20, 1)):
            add(f"multinomial {short(dtype)} {rows} {count} {replacement}", lambda: torch.multinomial(weights, count, bool(replacement)))
    weights = torch.arange(1.0, 1001, dtype=dtype)
    for count, replacement in ((1000, 0), (300, 1)):
        add(f"multinomial {short(dtype)} 0 {count} {replacement}", lambda: torch.multinomial(weights, count, bool(replacement)))
for dtype in (torch.float32, torch.float64, torch.bfloat16):
    for name, call in {"dropout": F.dropout, "alpha_dropout": F.alpha_dropout}.items():
        for p in (0.1, 0.4):
            add(f"{name} {short(dtype)} {p} 33 5", lambda: call(torch.ones(33, 5, dtype=dtype), p, True))
    for name, call in {"dropout1d": F.dropout1d, "dropout2d": F.dropout2d, "dropout3d": F.dropout3d,
                       "feature_alpha_dropout": F.feature_alpha_dropout}.items():
        shape = [3, 7] + [2] * (int(name[-2]) if name[-1] == "d" else 2)
        add(f"{name} {short(dtype)} 0.4 {' '.join(map(str, shape))}", lambda: call(torch.ones(shape, dtype=dtype), 0.4, True))

for dtype in (torch.float32, torch.float64, torch.bfloat16):
    for name, call, shape, sizes in (("fractional_max_pool2d", F.fractional_max_pool2d, (2, 3, 9, 8), (4, 5)),
                                     ("fractional_max_pool3d", F.fractional_max_pool3d, (1, 2, 5, 7, 6), (2, 5, 3))):
        x = (torch.arange(torch.tensor(shape).prod()) * 7 % 23).to(dtype).reshape(shape)
        pool = lambda call=call, x=x, sizes=sizes: torch.stack([t.to(dtype) for t in call(x, 2, sizes, return_indices=True)])
        add(f"{name} {short(dtype)} {' '.join(map(str, shape))}", pool)

init = nn.init
rules = {
    "uniform": lambda w: init.uniform_(w, -1, 2), "normal": lambda w: init.normal_(w, 1, 2), "xavier_uniform": lambda w: init.xavier_uniform_(w, 2),
    "xavier_normal": lambda w: init.xavier_normal_(w, 2), "kaiming_uniform": init.kaiming_uniform_,
    "kaiming_uniform_a": lambda w: init.kaiming_uniform_(w, a=5 ** 0.5), "kaiming_normal": init.kaiming_normal_,
    "kaiming_normal_out": lambda w: init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"), "trunc_normal": init.trunc_normal_,
    "trunc_normal_near": lambda w: init.trunc_normal_(w, 0.5, 2, -1, 1), "orthogonal": init.orthogonal_, "sparse": lambda w: init.sparse_(w, 0.4),
}
for name, rule in rules.items():
    for dtype in (torch.float32, torch.float64):
        for shape in ((8, 4), (3, 10), (6, 3, 2, 2)):
            if name != "sparse" or len(shape) == 2:
                add(f"init.{name} {short(dtype)} {' '.join(map(str, shape))}", lambda: rule(torch.empty(shape, dtype=dtype)))

layers = [
    "Linear(20, 8)", "Linear(3, 2, bias=False)", "Bilinear(3, 4, 5)", "Embedding(10, 6)", "Embedding(10, 6, padding_idx=2)", "EmbeddingBag(7, 3)",
    "Conv1d(3, 4, 2)", "Conv2d(4, 8, 3, groups=2)", "Conv3d(2, 3, 2)", "ConvTranspose1d(3, 4, 2)", "ConvTranspose2d(4, 6, 3, groups=2)",
    "ConvTranspose3d(2, 3, 2)", "RNN(3, 4, 2)", "LSTM(3, 4, 2, bidirectional=True)", "LSTM(5, 4, proj_size=2)", "GRU(3, 4)", "RNNCell(3, 4)",
    "LSTMCell(3, 4)", "GRUCell(3, 4)", "MultiheadAttention(8, 2)", "MultiheadAttention(8, 2, kdim=3, vdim=5)", "MultiheadAttention(8, 2, add_bias_kv=True)",
    "TransformerEncoderLayer(8, 2, 16)", "TransformerDecoderLayer(8, 2, 16)", "Transformer(8, 2, 1, 1, 16)", "PReLU(3)", "BatchNorm2d(4)", "LayerNorm(5)",
    "GroupNorm(2, 4)", "AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10])",
]
for layer in layers:
    if not hasattr(nn, layer.split("(")[0]):
        continue
    torch.manual_seed(SEED)
    for key, value in eval("nn." + layer).state_dict().items():
        draws[f"new {layer} {key}"] = value.clone()

out = pathlib.Path(__file__).resolve().parent / "random" / "draws.safetensors"
out.parent.mkdir(exist_ok=True)
save_file({name: t.contiguous() for name, t in draws.items()}, out)
print(f"{len(draws)} draws, {out.stat().st_size} bytes")
