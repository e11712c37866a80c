import torch
from torch import nn
import torch.nn.functional as F

# %% A network of library layers
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(20, 256), nn.ReLU(), nn.Linear(256, 10))
X = torch.rand(2, 20)
print(net(X))

# %% A block of your own
class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(20, 256)
        self.out = nn.Linear(256, 10)

    def forward(self, x):
        return self.out(F.relu(self.hidden(x)))

mlp = MLP()
print(mlp(X).shape)
for name, p in mlp.named_parameters():
    print(name, p.shape)

# %% Gradients reach the parameters, and the input too
input = X.clone().requires_grad_()
mlp(input).sum().backward()
print(torch.autograd.grad(mlp(X).sum(), mlp.out.bias)[0])
print(input.grad.shape, mlp.hidden.weight.grad.shape)

# %% Sequential, written by hand
class MySequential(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        for i, layer in enumerate(layers):
            self.add_module(str(i), layer)

    def forward(self, x):
        for layer in self.children():
            x = layer(x)
        return x

mine = MySequential(nn.Linear(20, 256), nn.ReLU(), nn.Linear(256, 10))
print(mine(X).shape)
mine.load_state_dict(net.state_dict())
print((mine(X) == net(X)).all())

# %% Any code in forward
class FixedHiddenMLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.rand_weight = torch.rand(20, 20)  # never learned
        self.linear = nn.Linear(20, 20)

    def forward(self, x):
        x = self.linear(x)
        x = F.relu(x @ self.rand_weight + 1)
        x = self.linear(x)  # shares its parameters with the first use
        while x.abs().sum() > 1:
            x = x / 2
        return x.sum()

fixed = FixedHiddenMLP()
print(fixed(X))
for name, _ in fixed.named_parameters():
    print(name)

# %% Blocks nest
class NestMLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
        self.linear = nn.Linear(32, 16)

    def forward(self, x):
        return self.linear(self.net(x))

chimera = nn.Sequential(NestMLP(), nn.Linear(16, 20), FixedHiddenMLP())
print(chimera(X))

# %% [error: Tern words its errors itself] Exercise 1: layers in a plain array
class Listed(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(20, 8), nn.Linear(8, 4)]
        self.heads = {"a": nn.Linear(4, 2), "b": nn.Linear(4, 3)}

listed = Listed()
print(len(list(listed.parameters())))
print("\n".join(listed.state_dict()))

# %% Exercise 2: two networks in parallel
class Parallel(nn.Module):
    def __init__(self, net1, net2):
        super().__init__()
        self.net1, self.net2 = net1, net2

    def forward(self, x):
        return torch.cat([self.net1(x), self.net2(x)], dim=1)

parallel = Parallel(nn.Linear(20, 2), nn.Linear(20, 3))
print(parallel)
print(parallel(X))

# %% Exercise 2, read otherwise: one after the other
class Chained(nn.Module):
    def __init__(self):
        super().__init__()
        self.net1 = nn.Linear(20, 4)
        self.net2 = nn.Linear(4, 2)

    def forward(self, x):
        return self.net2(self.net1(x))

chained = Chained()
print(chained(X).shape)
for p in chained.net2.parameters():
    print(p)

# %% Exercise 3: a factory of instances
class multilayer(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.ln = nn.Sequential(nn.Linear(inputs, outputs), nn.ReLU())

    def forward(self, x):
        return self.ln(x)

def several(inputs, outputs):
    return [multilayer(inputs, outputs) for _ in range(5)]

print(multilayer(20, 10))
print(nn.ModuleList(several(20, 10)))
print(nn.Sequential(*several(20, 20))(X).shape)

# %% [error: Tern words its errors itself] What cannot be chained says so
unfit = nn.Sequential(*several(20, 10))
try:
    unfit(X)
except RuntimeError as error:
    print(error)

# %% [error: Tern words its errors itself] A list is not a layer
class Holder(nn.Module):
    def __init__(self):
        super().__init__()
        self.items = nn.ModuleList([nn.Linear(20, 10), nn.Linear(20, 10)])

holder = Holder()
try:
    holder.items(X)
except NotImplementedError as error:
    print(error)
