import torch
from torch import nn
import torch.nn.functional as F

# %% A layer without parameters
torch.manual_seed(20)
class CenteredLayer(nn.Module):
    def forward(self, x):
        return x - x.mean()

print(CenteredLayer()(torch.tensor([1.0, 2, 3, 4, 5])))

# %% In a network
net = nn.Sequential(nn.Linear(8, 128), CenteredLayer())
print(net(torch.rand(4, 8)).mean().abs().item() < 1e-6)

# %% A layer with parameters
class MyLinear(nn.Module):
    def __init__(self, in_units, units):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(in_units, units))
        self.bias = nn.Parameter(torch.randn(units))

    def forward(self, x):
        return F.relu(x @ self.weight + self.bias)

linear = MyLinear(5, 3)
print(linear.weight)
print(linear(torch.rand(2, 5)))

# %% Its parameters get their gradients
linear(torch.rand(2, 5)).sum().backward()
print(linear.weight.grad.shape, linear.bias.grad.shape)

# %% It stands in a network like any other
deep = nn.Sequential(MyLinear(64, 8), MyLinear(8, 1))
print(deep(torch.rand(2, 64)))

# %% Library layers of two inputs
pairs = nn.Bilinear(3, 4, 2)
print(pairs)
print(pairs(torch.rand(2, 3), torch.rand(2, 4)))

# %% Library layers over whole numbers and over time
words = nn.Embedding(10, 4)
lstm = nn.LSTM(4, 3, batch_first=True)
states, (h, c) = lstm(words(torch.tensor([[1, 2, 3], [7, 8, 9]])))
print(states.shape, h.shape, c.shape)
print(h)

# %% Exercise 1: a layer that reduces a tensor
class Reduction(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(inputs, inputs, outputs))

    def forward(self, x):
        return self.weight.permute(2, 0, 1) @ x @ x

reduction = Reduction(3, 2)
a = torch.rand(3)
print(reduction(a))

# %% Exercise 1: the same with einsum
print(torch.einsum("ijk,i,j->k", reduction.weight, a, a).data)
batch = torch.rand(4, 3)
print(torch.einsum("ijk,bi,bj->bk", reduction.weight, batch, batch).shape)

# %% Exercise 1: its first component by hand
first = reduction.weight.permute(2, 0, 1)[0]
print(torch.matmul(a, torch.matmul(first, a)))

# %% Exercise 2: the leading half of the Fourier coefficients
class Fourier(nn.Module):
    def forward(self, x):
        return torch.fft.fft(x)[..., :x.shape[-1] // 2 + 1]

signal = torch.tensor([1.0, 2, 0, -1])
print(Fourier()(signal))
print(Fourier()(signal).dtype)

# %% Exercise 2: rfft computes that half alone
print(torch.fft.rfft(signal))
print(torch.fft.irfft(torch.fft.rfft(signal), 4))

# %% Exercise 2: gradients pass through
s = signal.clone().requires_grad_()
f = torch.fft.fft(s)
energy = (f.real.square() + f.imag.square()).sum()
print(energy)
energy.backward()
print(s.grad)
print(Fourier()(s).real.sum())
