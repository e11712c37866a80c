import os
import torch
from torch import nn
import torch.nn.functional as F

# %% A tensor into a file and back
torch.manual_seed(0)
x = torch.arange(4)
torch.save(x, "x-file")
print(torch.load("x-file"))

# %% A list of tensors
y = torch.zeros(4)
torch.save([x, y], "x-files")
print(torch.load("x-files"))

# %% A dictionary of tensors
torch.save({"x": x, "y": y}, "mydict")
print(torch.load("mydict"))

# %% Numbers and texts beside the tensors
layer = nn.Linear(2, 1)
checkpoint = {"epoch": 3, "best": 0.25, "note": "after warm-up", "model": layer.state_dict()}
torch.save(checkpoint, "checkpoint.pt")
print(torch.load("checkpoint.pt"))
print(*["model." + name for name in torch.load("checkpoint.pt")["model"]])

# %% The parameters of a network
class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(20, 256)
        self.output = nn.Linear(256, 10)

    def forward(self, x):
        return self.output(F.relu(self.hidden(x)))

net = MLP()
X = torch.randn(2, 20)
Y = net(X)
torch.save(net.state_dict(), "mlp.params")

# %% A clone loads them, and answers the same
clone = MLP()
clone.load_state_dict(torch.load("mlp.params"))
print(clone.eval())
print(clone(X) == Y)

# %% [error: Tern words its errors itself] A file that does not fit
other = nn.Sequential(nn.Linear(20, 256), nn.ReLU(), nn.Linear(256, 10))
try:
    other.load_state_dict(torch.load("mlp.params"))
except RuntimeError as error:
    print(error)

# %% Exercise 1: why keep parameters at all
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

def step():
    loss = net(X).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss

step()
torch.save((net.state_dict(), optimizer.state_dict()), "stopped")
print(step(), step())
stopped = torch.load("stopped")
net.load_state_dict(stopped[0])
optimizer.load_state_dict(stopped[1])
print(step(), step())

# %% Exercise 2: two layers of an old network in a new one
head = nn.Sequential(net.hidden, nn.ReLU(), nn.Linear(256, 3))
print(head(X).shape)
print((head[0].weight.data == net.hidden.weight.data).all())
copied = nn.Sequential(nn.Linear(20, 256), nn.ReLU(), nn.Linear(256, 3))
old = torch.load("mlp.params")
copied[0].load_state_dict({k.removeprefix("hidden."): v for k, v in old.items() if k.startswith("hidden.")})
print((copied[0].weight.data == clone.hidden.weight.data).all())

# %% Exercise 3: the architecture in the file too
model = nn.Sequential(nn.Linear(20, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 2))
torch.save(model.eval(), "model.pt")
again = torch.load("model.pt", weights_only=False)  # runs what the file says
print(again)
print((again(X) == model(X)).all())

# %% Exercise 3: a block of your own in the file
class SkipBlock(nn.Module):
    def __init__(self, inner, scale):
        super().__init__()
        self.inner, self.scale = inner, scale

    def forward(self, x):
        return x + self.inner(x) * self.scale

deeper = nn.Sequential(SkipBlock(nn.Linear(20, 20), 0.5), nn.Linear(20, 2))
torch.save(deeper, "deeper.pt")
same = torch.load("deeper.pt", weights_only=False)
print(same)
print((same(X) == deeper(X)).all())

# %% [error: Tern refuses to save such a block, PyTorch to load it without running code] Exercise 3: a block that cannot say what it is made from
class Doubled(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(20, 20)

    def forward(self, x):
        return self.inner(x) * 2

torch.save(nn.Sequential(Doubled(), nn.ReLU()), "doubled.pt")
try:
    torch.load("doubled.pt", weights_only=True)
except Exception as error:
    print(next(line.strip() for line in str(error).splitlines() if "Unsupported global" in line))

# %% The files are of no more use
os.remove("mlp.params")
print(str(os.path.exists("mlp.params")).lower())
