import time
from concurrent.futures import ThreadPoolExecutor

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

# %% Tensors are made on the CPU, unless told otherwise
torch.manual_seed(0)
x = torch.tensor([1, 2, 3])
print(repr(x.device))
X = torch.ones(2, 3, device=try_gpu())
print(X)
Y = torch.rand(2, 3, device=try_gpu(1))
print(Y)

# %% Operands meet on one device
Z = X.to(Y.device)
print(Y + Z)

# %% What is there already is not copied
print(Z.to(Y.device) is Z)

# %% [error: Tern words its errors itself] A device that is not there
try:
    X.cuda(99)
except Exception as error:
    print(error)

# %% A device of shapes alone
shapes = torch.ones(2, 3, device="meta")
print(shapes + shapes)

# %% [error: Tern words its errors itself] Two devices in one op
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

# %% [varies: the numbers are times] Exercise 1: large and small work
rounds = 50 if try_gpu().type == "cpu" else 1000

def synchronize():
    if torch.cuda.is_available():
        torch.cuda.synchronize()

def seconds(body):
    start = time.monotonic()
    body()
    synchronize()
    return round(time.monotonic() - start, 6)

for device in [torch.device("cpu")] + ([] if try_gpu().type == "cpu" else [try_gpu()]):
    for n, times in ((1000, rounds), (10, 100 * rounds)):
        m = torch.rand(n, n, device=device)
        m @ m  # the first one warms up
        synchronize()
        spent = seconds(lambda: [m @ m for _ in range(times)])
        print(f"{device}: {times} of {n} × {n}: {spent} s")

# %% Exercise 2: parameters of a network that is elsewhere
print(net[0].weight.data.cpu().shape)
net[0].weight.data[:] = torch.zeros(1, 3)
print(net[0].weight.data.sum().item())

# %% [varies: the numbers are times] Exercise 3: a log that stays with the tensors
m = torch.rand(100, 100, device=try_gpu())
read, kept = [], []

def log_numbers():
    for _ in range(1000):
        read.append((m @ m).norm().item())

def log_tensors():
    for _ in range(1000):
        kept.append((m @ m).norm())
    kept.append(torch.stack(kept)[-1].item())

reading, keeping = seconds(log_numbers), seconds(log_tensors)
print(f"read at each step: {reading} s, last norm {read[999]}")
print(f"kept, read once: {keeping} s, last norm {kept[-1]}")

# %% [varies: the numbers are times] Exercise 4: two devices at once
pair = [torch.rand(1000, 1000), torch.rand(1000, 1000)]

def norm(m):
    for _ in range(rounds):
        y = m @ m
    return y.norm().item()  # waits

together = [m.to(try_gpu(0)) for m in pair]
apart = [pair[0].to(try_gpu(0)), pair[1].to(try_gpu(1))]
for m in together + apart:
    (m @ m).sum().item()
in_turn, at_once = [], []
one = seconds(lambda: in_turn.extend(map(norm, together)))
with ThreadPoolExecutor(2) as pool:
    two = seconds(lambda: at_once.extend(pool.map(norm, apart)))
print(f"one after the other: {one} s, last norms {in_turn}")
print(f"at once: {two} s, last norms {at_once}")
