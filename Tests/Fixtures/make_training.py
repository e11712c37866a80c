#!/usr/bin/env python3
"""Makes Tests/Fixtures/training/losses.safetensors: PyTorch's loss at each of 200 steps of three small trainings.

    pip install torch safetensors numpy
    python make_training.py FOLDER            # FOLDER: where MNIST's t10k files are

`mlp` and `lenet` learn data drawn from the generator that is seeded; `mnist` the first 2000 test images. LeNet has its classic
tanh: with ReLU, PyTorch's own curves in float32 and in float64 part by more than 0.1 in these steps, here by less than 1e-6.
"""
import gzip
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

STEPS = 200


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))


def train(net, data, optimizer, batch_size):
    loader, losses = DataLoader(data, batch_size=batch_size, shuffle=True), []
    while True:
        for x, y in loader:
            loss = nn.functional.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if len(losses) == STEPS:
                return torch.tensor(losses)


def mlp():
    torch.manual_seed(0)
    x = torch.randn(500, 20)
    y = (x @ torch.randn(20, 10) + torch.randn(500, 10)).argmax(1)
    net = nn.Sequential(nn.Linear(20, 256), nn.ReLU(), nn.Linear(256, 10))
    return train(net, TensorDataset(x, y), torch.optim.SGD(net.parameters(), lr=0.1), 32)


def drawn():
    torch.manual_seed(0)
    y = torch.randint(0, 10, (1000,))
    x = torch.randn(10, 1, 28, 28)[y] + torch.randn(1000, 1, 28, 28)
    net = lenet()
    return train(net, TensorDataset(x, y), torch.optim.SGD(net.parameters(), lr=0.05), 32)


def mnist(folder):
    def read(name, skip):
        return torch.from_numpy(np.frombuffer(gzip.open(folder / name).read(), np.uint8, offset=skip).copy())
    x = read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)[:2000].float() / 255
    x = (x - 0.1307) / 0.3081
    y = read("t10k-labels-idx1-ubyte.gz", 8)[:2000].long()
    torch.manual_seed(0)
    net = lenet()
    return train(net, TensorDataset(x, y), torch.optim.SGD(net.parameters(), lr=0.1), 32)


if __name__ == "__main__":
    torch.set_num_threads(1)
    losses = {"mlp": mlp(), "lenet": drawn(), "mnist": mnist(pathlib.Path(sys.argv[1]))}
    save_file(losses, pathlib.Path(__file__).parent / "training" / "losses.safetensors", {"torch": torch.__version__})
    for name, values in losses.items():
        print(name, [round(values[i].item(), 4) for i in (0, 1, 10, 50, 100, 150, 199)])
