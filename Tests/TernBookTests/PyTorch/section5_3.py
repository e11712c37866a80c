import torch
from torch import nn

# %% A network that does not know its input yet
torch.manual_seed(0)
net = nn.Sequential(nn.LazyLinear(256), nn.ReLU(), nn.LazyLinear(10))
print(net)
print(list(net.parameters())[0])

# %% [error: Tern words its errors itself] Its parameters cannot be used before the first call
try:
    net[0].weight.sum()
except ValueError as error:
    print(error)

# %% The first call infers the sizes, in order
X = torch.rand(2, 20)
net(X)
for name, p in net.named_parameters():
    print(name, p.shape)
print(net)

# %% A dry run that initializes
def apply_init(net, inputs, init=None):
    net(inputs)
    if init is not None:
        net.apply(init)

def half(m):
    if isinstance(m, nn.Linear):
        nn.init.constant_(m.weight, 0.5)

other = nn.Sequential(nn.LazyLinear(256), nn.ReLU(), nn.LazyLinear(10))
apply_init(other, X, half)
print(other[0].weight[0, :3])

# %% A state dict gives a lazy layer its size
loaded = nn.Sequential(nn.LazyLinear(256), nn.ReLU(), nn.LazyLinear(10))
loaded.load_state_dict(net.state_dict())
print((loaded(X) == net(X)).all())

# %% Exercise 1: a size for the first layer only
mixed = nn.Sequential(nn.Linear(20, 256), nn.ReLU(), nn.LazyLinear(10))
print(mixed[0].weight.shape)
print(list(mixed.parameters())[2])
print(mixed(X).shape, mixed[2].weight.shape)

# %% [error: Tern words its errors itself] Exercise 2: sizes that do not match
try:
    net(torch.rand(2, 8))
except RuntimeError as error:
    print(error)

# %% Exercise 3: inputs of several sizes
class Adapted(nn.Module):
    def __init__(self):
        super().__init__()
        self.entries = nn.ModuleDict()
        self.rest = nn.Sequential(nn.ReLU(), nn.Linear(16, 2))

    def forward(self, x):
        width = str(x.shape[-1])
        if width not in self.entries:
            self.entries[width] = nn.LazyLinear(16)
        return self.rest(self.entries[width](x))

adapted = Adapted()
print(adapted(torch.rand(3, 5)).shape, adapted(torch.rand(3, 7)).shape)
print(len(list(adapted.parameters())))
