#!/usr/bin/env python3
"""Writes what PyTorch prints as grad_fn for each result of each operator case of the sample: grad_names.json, beside the cases.

    pip install 'torch==2.13.0+cpu' numpy expecttest hypothesis && python Tests/Parity/make_grad_names.py Tests/Parity/Sample
"""
import json
import os
import sys

import torch
from torch.testing._internal.common_methods_invocations import op_db

TYPES = {name: getattr(torch, name) for name in ("float32", "float64", "float16", "bfloat16", "complex64", "complex128", "int64",
                                                 "int32", "int16", "int8", "uint8", "bool")}

EXPRESSIONS = """
x + 1|1 + x|x - 1|1 - x|x * 2|2 * x|x / 2|2 / x|x % 2|x ** 2|x ** t|-x|abs(x)|x.sub(t)|torch.rsub(x, t)|x.fmod(t)|x.remainder(t)
torch.div(x, t, rounding_mode='floor')|x.clamp(0, 1)|x.clamp(min=0)|x.clamp(max=1)|x.clamp(t, t + 1)|x.clamp(min=t)|x.clamp(max=t)
x[0]|x[:2]|x[None]|x[..., 1]|x[[0, 1]]|x[x > 0.5]|x.T|x.t()|x.mT|x.H|x.max()|x.max(1)[0]|x.min(1)[0]|x.median()|x.median(1)[0]
x.mean()|x.mean(1)|x.sum()|x.sum(1)|x.var()|x.std(1)|x.norm()|x.prod()|x.prod(1)|x.masked_fill(t > 0.5, 0)|x.squeeze()|x.squeeze(0)
x.split(2)[0]|x.split([1, 2])[0]|x.chunk(2)[0]|x.unbind()[0]|x.where(t > 0, t)|x.flatten()|x.reshape(4, 3)|x.lerp(t, 0.3)|x.lerp(t, t)
F.avg_pool2d(X, 2)|F.max_pool2d(X, 2)|F.max_pool1d(x, 2)|F.avg_pool1d(x, 2)|F.adaptive_avg_pool2d(X, 1)|F.adaptive_avg_pool2d(X, 2)
F.adaptive_max_pool2d(X, 1)|F.pad(X, (1, 1))|F.pad(X, (1, 1, 1, 1), mode='reflect')|F.pad(x, (1, 1), mode='replicate')|F.softmax(x, 1)
F.log_softmax(x, 1)|F.cross_entropy(x, torch.tensor([0, 1, 2]))|F.mse_loss(x, t)|F.l1_loss(x, t)|F.l1_loss(x, t, reduction='sum')
F.l1_loss(x, t, reduction='none')|F.smooth_l1_loss(x, t)|F.huber_loss(x, t)|F.layer_norm(x, (4,))|F.group_norm(X, 2)|F.linear(x, t)
F.linear(x, t, t[:, 0])|F.embedding(i, x)|x @ t.T|x[0] @ t[0]|x @ t[0]|torch.bmm(X[0], X[1])|x.index_select(0, i)|x.clone()|x.double()
x.sigmoid()|F.relu(x)|F.gelu(x)|F.silu(x)|x.tanh()|x.exp()|x.log1p()|x.cumsum(0)|x.sort()[0]|x.topk(2)[0]|torch.stack([x, x])
torch.cat([x, x])|x.expand(2, 3, 4)|x.permute(1, 0)|x.transpose(0, 1)|F.interpolate(X, scale_factor=2)|x.repeat(2, 1)|x.roll(1, 0)
x.flip(0)|torch.fft.fft(x)|torch.fft.rfft(x)|torch.fft.irfft(torch.fft.rfft(x))|x.logsumexp(1)|x.tril()|x[:, :3].trace()|F.glu(x)
x.round(decimals=1)|x.square()|x.quantile(0.5)|F.conv2d(X, X[:, :, :3, :3])
""".strip().replace("\n", "|").split("|")


def value(v, blob):
    """The Python value that a case's JSON means."""
    if isinstance(v, list):
        return [value(x, blob) for x in v]
    if not isinstance(v, dict):
        return v
    if len(v) == 1:
        (key, inner), = v.items()
        if key == "$tensor":
            count = inner["bytes"] // torch.empty(0, dtype=TYPES[inner["dtype"]]).element_size()
            data = torch.frombuffer(bytearray(blob), dtype=TYPES[inner["dtype"]], count=count, offset=inner["offset"]) if count else \
                torch.empty(0, dtype=TYPES[inner["dtype"]])
            return data.clone().reshape(inner["shape"]).requires_grad_(inner.get("grad", False))
        if key == "$float":
            return float(inner)
        if key == "$complex":
            return complex(*inner)
        if key == "$dtype":
            return getattr(torch, inner)
        if key == "$slice":
            return slice(*inner)
        if key == "$ellipsis":
            return Ellipsis
    return {k: value(x, blob) for k, x in v.items()}


def tensors(x):
    if isinstance(x, torch.Tensor):
        return [x]
    if isinstance(x, (list, tuple)):
        return [t for y in x for t in tensors(y)]
    return []


def called(op, args, kwargs):
    """PyTorch takes some lists as tuples alone."""
    tried = ([], lambda a: a), ([], lambda a: tuple(a) if isinstance(a, list) else a)
    for _, change in tried:
        try:
            return op(*[change(a) for a in args], **kwargs)
        except (TypeError, RuntimeError) as error:
            last = error
    # In place: not on a tensor that asks for its gradient itself.
    try:
        return op(args[0].clone(), *args[1:], **kwargs)
    except (TypeError, RuntimeError, AttributeError):
        raise last


def main():
    folder = sys.argv[1]
    ops = {(op.name, op.variant_test_name): op for op in op_db}
    blob = open(os.path.join(folder, "cases", "tensors.bin"), "rb").read()
    names, unknown = {}, []
    for line in open(os.path.join(folder, "cases", "lines.jsonl")):
        case = json.loads(line)
        if case["kind"] != "op" or "grad_out" not in case:
            continue
        try:
            out = called(ops[case["op"], case["variant"]], value(case["args"], blob), value(case["kwargs"], blob))
        except Exception as error:
            unknown.append(f"{case['id']}: {str(error).splitlines()[0][:120]}")
            continue
        names[case["id"]] = [type(t.grad_fn).__name__ if t.grad_fn else "" for t in tensors(out) if t.requires_grad]
    # Forms that the cases do not have, by their Python expression: x and t are matrices, X is a batch of images, i an index.
    torch.manual_seed(0)
    scope = {"torch": torch, "F": torch.nn.functional, "t": torch.rand(3, 4), "i": torch.tensor([0, 2]),
             "x": torch.rand(3, 4, requires_grad=True), "X": torch.rand(2, 4, 6, 6, requires_grad=True)}
    for expression in EXPRESSIONS:
        names[expression] = [type(eval(expression, scope).grad_fn).__name__]
    with open(os.path.join(folder, "grad_names.json"), "w") as file:
        rows = ",\n".join(f"{json.dumps(id)}: {json.dumps(name)}" for id, name in names.items())
        file.write("{\n" + rows + "\n}\n")
    print(f"{len(names)} cases; PyTorch would not take {len(unknown)} as they stand:", *unknown, sep="\n")


if __name__ == "__main__":
    main()
