import torch
from torch import nn

# %% Devices
print((torch.device("cpu"), torch.device("cuda"), torch.device("cuda:1")))
print(torch.cuda.device_count())

# %% A GPU if there is one, else the CPU
def try_gpu(i=0):
    return torch.device(f"cuda:{i}") if torch.cuda.device_count() > i else torch.device("cpu")

def try_all_gpus():
    return [torch.device(f"cuda:{i}") for i in range(torch.cuda.device_count())] or [torch.device("cpu")]

print((try_gpu(), try_gpu(10), try_all_gpus()))

# %% [differs] Tensors are made on the CPU, unless told otherwise
torch.manual_seed(0)
x = torch.tensor([1, 2, 3])
print(x.device)
X = torch.ones(2, 3, device=try_gpu())
print(X)
Y = torch.rand(2, 3, device=try_gpu(1))
print(Y)

# %% Operands meet on one device
Z = X.to(Y.device)
print(Y + Z)

# %% What is there already is not copied
print(Z.to(Y.device) is Z)

# %% [differs] A device that is not there
try:
    X.cuda(99)
except Exception as error:
    print(error)

# %% [differs] Two devices in one op
shapes = torch.ones(2, 3, device="meta")
print(shapes + shapes)
try:
    X + shapes
except Exception as error:
    print(error)

# %% A network moves, and its parameters stay the same objects
net = nn.Sequential(nn.Linear(3, 1))
before = list(net.parameters())
net.to(try_gpu())
print(net(X))
print(repr(net[0].weight.device))
print(all(p is q for p, q in zip(before, net.parameters())))

# %% Exercise 2: parameters of a network that is elsewhere
print(net[0].weight.data.cpu().shape)
net[0].weight.data[:] = torch.zeros(1, 3)
print(net[0].weight.data.sum().item())
