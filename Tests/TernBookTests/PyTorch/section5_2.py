import torch
from torch import nn
import torch.nn.functional as F

# %% A network and its output
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
X = torch.rand(2, 4)
print(net(X))

# %% The parameters of one layer
print(net[2].state_dict())

# %% One parameter: its value and its gradient
print(net[2].bias)
print(net[2].bias.data)
print(net[2].weight.grad)

# %% All parameters at once
for name, p in net[0].named_parameters():
    print((name, p.shape))
print(*[name for name, _ in net.named_parameters()])
print(net.state_dict()["2.bias"])

# %% Blocks of blocks
def block1():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4), nn.ReLU())

def block2():
    net = nn.Sequential()
    for i in range(4):
        net.add_module(f"block {i}", block1())
    return net

rgnet = nn.Sequential(block2(), nn.Linear(4, 1))
print(rgnet(X))
print(rgnet)

# %% The bias of the first layer of the second block
print(rgnet[0][1][0].bias.data)

# %% The first values are uniform
print(net[0].weight.data.abs().max().item() <= 0.5)
print(net[2].weight.data.abs().max().item() <= 1 / 8 ** 0.5)

# %% Built-in initializers
def init_normal(m):
    if type(m) is nn.Linear:
        nn.init.normal_(m.weight, mean=0, std=0.01)
        nn.init.zeros_(m.bias)

net.apply(init_normal)
print(net[0].weight.data[0], net[0].bias.data[0])
print(net[0].bias[0])

# %% A constant
def init_constant(m):
    if type(m) is nn.Linear:
        nn.init.constant_(m.weight, 1)
        nn.init.zeros_(m.bias)

net.apply(init_constant)
print(net[0].weight.data[0], net[0].bias.data[0])

# %% Other ones for other layers
nn.init.xavier_uniform_(net[0].weight)
nn.init.constant_(net[2].weight, 42)
print(net[0].weight.data[0])
print(net[2].weight.data)

# %% An initializer of your own
def my_init(m):
    if type(m) is nn.Linear:
        name, parameter = next(m.named_parameters())
        print("Init", name, parameter.shape)
        nn.init.uniform_(m.weight, -10, 10)
        m.weight.data *= m.weight.data.abs() >= 5

net.apply(my_init)
print(net[0].weight[:2])

# %% Parameters written by hand
net[0].weight.data[:] += 1
net[0].weight.data[0, 0] = 42
print(net[0].weight.data[0])

# %% Tied parameters
shared = nn.Linear(8, 8)
tied = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), shared, nn.ReLU(), shared, nn.ReLU(), nn.Linear(8, 1))
tied(X)
print(tied[2].weight.data[0] == tied[4].weight.data[0])
tied[2].weight.data[0, 0] = 100
print(tied[2].weight.data[0] == tied[4].weight.data[0])
print(*[name for name, _ in tied.named_parameters()])

# %% Their gradients add
w, x = torch.tensor(3.0, requires_grad=True), torch.tensor(5.0)
y = w * x
z = w * y
print(torch.autograd.grad(z, w)[0], 2 * w.data * x)

# %% Exercise 1: the parameters of NestMLP
class NestMLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
        self.linear = nn.Linear(32, 16)

    def forward(self, x):
        return self.linear(self.net(x))

for name, p in NestMLP().named_parameters():
    print(name, p.shape)

# %% Exercise 2: all initializers
init = nn.init
rules = [
    ("uniform", lambda w: init.uniform_(w, -1, 1)), ("normal", lambda w: init.normal_(w, 1, 2)),
    ("constant", lambda w: init.constant_(w, 7)), ("ones", init.ones_), ("zeros", init.zeros_),
    ("eye", init.eye_), ("xavier_uniform", lambda w: init.xavier_uniform_(w, gain=2)),
    ("xavier_normal", init.xavier_normal_),
    ("kaiming_uniform", lambda w: init.kaiming_uniform_(w, nonlinearity="relu")),
    ("kaiming_normal", lambda w: init.kaiming_normal_(w, mode="fan_out")),
    ("trunc_normal", lambda w: init.trunc_normal_(w, std=0.02)),
    ("orthogonal", init.orthogonal_), ("sparse", lambda w: init.sparse_(w, 0.5)),
]
for name, rule in rules:
    layer = nn.Linear(3, 2)
    rule(layer.weight)
    print(name, layer.weight)

# %% Exercise 2: dirac, and the gain of a nonlinearity
conv = nn.Conv1d(2, 2, 3, padding=1)
nn.init.dirac_(conv.weight)
nn.init.zeros_(conv.bias)
print(conv(torch.tensor([[1.0, 2, 3], [4, 5, 6]])))
print(nn.init.calculate_gain("relu"), nn.init.calculate_gain("leaky_relu", 0.2))

# %% Exercise 3: a network with a shared layer, trained
torch.manual_seed(1)
both = nn.Linear(8, 8)
mlp = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), both, nn.ReLU(), both, nn.ReLU(), nn.Linear(8, 1))
inputs = torch.rand(16, 4)
targets = inputs.sum(1, keepdim=True)
optimizer = torch.optim.SGD(mlp.parameters(), lr=0.05)
for step in range(4):
    loss = F.mse_loss(mlp(inputs), targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(step, loss)
    for name, p in mlp.named_parameters():
        if name.endswith("weight"):
            print(" ", name, p.data.norm(), p.grad.norm())
print((mlp[2].weight.data == mlp[4].weight.data).all())
