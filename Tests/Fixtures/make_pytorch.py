#!/usr/bin/env python3
"""Makes the files in Tests/Fixtures/pytorch with PyTorch, and checks those that Tern writes.

    pip install torch numpy safetensors
    python make_pytorch.py            # writes all but the files below
    python make_pytorch.py --check    # reads written.pt, resumed_by_tern.pt and checkpoint_by_tern.pt, which `swift test` compares with what
                                      # Tern writes
    python make_pytorch.py --check-large FILE    # a file of more than 4 GiB, which `tern-fuzz large FILE` wrote

`TERN_RECORD=1 swift test --filter 'PyTorchFiles|CheckpointTests'` writes those anew.
"""
import collections
import io
import os
import pathlib
import sys
import zipfile

import numpy
import torch
from safetensors.torch import load_file, save_file

FOLDER = pathlib.Path(__file__).parent / "pytorch"
DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
          torch.bool, torch.complex64, torch.complex128]


def layouts(dtype):
    """Tensors of random bits in every kind of layout; the first four share memory, and so do the two after them."""
    def made(*shape):
        count = numpy.prod(shape, dtype=int) * dtype.itemsize
        raw = numpy.random.RandomState(count).bytes(int(count))
        bits = torch.frombuffer(bytearray(bytes(b & 1 for b in raw) if dtype == torch.bool else raw), dtype=dtype)
        return bits.reshape(shape).clone()
    a, b = made(2, 3, 2), made(4, 5)
    return {"plain": a, "permuted": a.permute(2, 0, 1), "tied": a, "row": a[1, 2], "sliced": b[1:, ::2], "column": b[:, 3],
            "expanded": made(3, 1).expand(3, 4), "windows": made(6).unfold(0, 3, 1), "scalar": made(1)[0], "one": made(1, 1),
            "empty": torch.zeros(0, dtype=dtype), "hollow": torch.zeros(2, 0, 3, dtype=dtype)}


def every():
    return {f"{str(dtype)[6:]}.{name}": tensor for dtype in DTYPES for name, tensor in layouts(dtype).items()}


UNSIGNED = {torch.uint16: torch.int32, torch.uint32: torch.int64, torch.uint64: torch.int64}


def unsigned():
    """Tensors of the types that Tern reads into wider ones, the largest numbers among them."""
    def made(dtype):
        size = dtype.itemsize
        numbers = numpy.random.RandomState(size).randint(0, 2 ** min(8 * size, 63) - 1, 12, dtype=numpy.uint64)
        numbers[:2] = 0, 2 ** min(8 * size, 63) - 1
        return torch.from_numpy(numbers.astype(f"u{size}")).reshape(2, 3, 2)
    found = {}
    for dtype in UNSIGNED:
        x = made(dtype)
        for name, tensor in {"plain": x, "permuted": x.permute(2, 0, 1), "row": x[1, 2], "sliced": x[:, ::2], "scalar": made(dtype)[0, 0, 1],
                             "expanded": x[:1, :1, 1:].expand(2, 3, 4), "empty": torch.zeros(0, 2, dtype=dtype)}.items():
            found[f"{str(dtype)[6:]}.{name}"] = tensor
    return found


def flagged():
    """Tensors that are conjugates or negatives of what is stored."""
    x, y = torch.randn(3, 4, dtype=torch.complex64), torch.randn(5, dtype=torch.complex128)
    return {"conj": x.conj(), "stored": x, "transposed": x.t().conj(), "double": y.conj(), "negative": torch.randn(6, dtype=torch.cfloat).conj().imag,
            "negative double": torch.randn(6, dtype=torch.cdouble).conj().imag[1::2], "both": torch._neg_view(y.conj()),
            "expanded": torch.randn(1, dtype=torch.cfloat).conj().expand(3, 2), "wants": torch.nn.Parameter(x[:2].clone().conj()),
            "scalar": y[3].conj(), "none": torch.zeros(0, dtype=torch.cfloat).conj()}


def mixed():
    """Tensors of types that Tern has not, beside one that it can read."""
    return {"weight": torch.arange(3.0), "small": torch.ones(2, 4).to(torch.float8_e4m3fn), "half": torch.ones(3, dtype=torch.complex32),
            "quantized": torch.quantize_per_tensor(torch.ones(2, 3), 0.1, 0, torch.qint8)}


def bits(tensor):
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8)


def description(tensor):
    texts = [str(list(tensor.shape)), str(list(tensor.stride())), str(tensor.storage_offset())]
    return " | ".join([str(tensor.dtype)] + texts)


def rewritten(source, target, method=zipfile.ZIP_STORED, swap=False, without=()):
    """The archive once more, otherwise: packed, big-endian, or without the records that older versions did not write."""
    tensors = torch.load(source, weights_only=True)
    sizes = {}
    for t in tensors.values():
        sizes.setdefault(t.untyped_storage()._cdata, t.element_size() // (2 if t.is_complex() else 1))
    sizes = list(sizes.values())
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", method) as new:
        for name in old.namelist():
            folder, record = name.split("/", 1)
            content = old.read(name)
            if record in without:
                continue
            if swap and record == "byteorder":
                content = b"big"
            if swap and record.startswith("data/"):
                size = sizes[int(record[5:])]
                content = numpy.frombuffer(content, numpy.uint8).reshape(-1, size)[:, ::-1].tobytes()
            new.writestr(name, content)


def values():
    """All kinds of values beside tensors."""
    shared = torch.arange(4.0)
    return {
        "none": None, "flags": [True, False], "ints": [0, 255, 256, 65535, 65536, -1, -2**31, 2**31, 2**62, -2**63],
        "floats": (0.5, -0.0, 1e300, float("inf")), "complex": 1 - 2j, "text": "é 名前 \n", "empty": ["", (), [], {}, set()],
        "bytes": b"\x00\xff\x80a", "bytearray": bytearray(b"xyz"), "set": {3}, "size": torch.Size([2, 0, 3]), "dtype": torch.bfloat16,
        "device": torch.device("cuda:1"), 7: {"nested": [{"deep": ((shared,),)}]}, "parameter": torch.nn.Parameter(shared.clone()),
        "frozen": torch.nn.Parameter(torch.ones(2), requires_grad=False), "wants": torch.ones(1, requires_grad=True),
        "ordered": collections.OrderedDict([("b", 1), ("a", 2)]), "same": shared, "meta": torch.empty(2, 3, dtype=torch.int16, device="meta"),
        "counter": collections.Counter("aab"),
    }


def network():
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Tanh(), torch.nn.Linear(8, 3))


OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.99)),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1, amsgrad=True),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
    "Adagrad": lambda p: torch.optim.Adagrad(p, lr=0.05),
}


def losses(model, optimizer, schedule, x, y, steps):
    result = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        schedule.step()
        result.append(loss.item())
    return result


def training():
    """Five runs, each saved after 6 steps with the losses of the 6 that follow."""
    torch.manual_seed(3)
    x, y = torch.randn(16, 4), torch.randint(0, 3, (16,))
    runs = {"x": x, "y": y, "runs": {}}
    for name, make in OPTIMIZERS.items():
        model = network()
        optimizer = make(model.parameters())
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 4, gamma=0.5)
        losses(model, optimizer, schedule, x, y, 6)
        saved = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(), "epoch": 6}
        buffer = io.BytesIO()  # what follows must not change it
        torch.save(saved, buffer)
        buffer.seek(0)
        saved = torch.load(buffer, weights_only=True)
        saved["losses"] = losses(model, optimizer, schedule, x, y, 6)
        runs["runs"][name] = saved
    return runs


def checkpoint(runs):
    """One of the runs, in the form that Tern's `Checkpoint` reads, with the generator's state."""
    torch.manual_seed(9)
    return runs["runs"]["AdamW"] | {"x": runs["x"], "y": runs["y"], "generator": torch.get_rng_state(), "draw": torch.randn(3)}


class Branches(torch.nn.Module):
    """A class that only this script has."""
    def __init__(self):
        super().__init__()
        self.left = torch.nn.Linear(2, 2)


class Twice(torch.nn.Module):
    """A program, for TorchScript."""
    def forward(self, x: torch.Tensor):
        return 2 * x


def modules():
    torch.manual_seed(5)
    return torch.nn.Sequential(collections.OrderedDict([
        ("conv", torch.nn.Conv2d(1, 4, 3, padding=1, stride=2)), ("norm", torch.nn.BatchNorm2d(4)), ("relu", torch.nn.ReLU()),
        ("pool", torch.nn.MaxPool2d(2)), ("flat", torch.nn.Flatten()), ("drop", torch.nn.Dropout(0.3)),
        ("head", torch.nn.Sequential(torch.nn.Linear(16, 5, bias=False), torch.nn.LeakyReLU(0.2), torch.nn.LayerNorm(5),
                                     torch.nn.GELU(), torch.nn.Softmax(dim=1)))])).eval()


def other_modules():
    """Those that Sequential does not take, and others, of parameters of every kind."""
    torch.manual_seed(6)
    n = torch.nn
    return {
        "lstm": n.LSTM(3, 4, num_layers=2, batch_first=True, bidirectional=True, proj_size=2), "gru": n.GRU(3, 5), "rnn": n.RNN(3, 5, nonlinearity="relu"),
        "attention": n.MultiheadAttention(6, 2, batch_first=True), "foreign": n.MultiheadAttention(6, 3, kdim=4, vdim=5, add_bias_kv=True),
        "transposed": n.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), "embedding": n.Embedding(7, 3, padding_idx=2),
        "pad": n.ReflectionPad2d((1, 2, 0, 1)), "group": n.GroupNorm(2, 4), "average": n.AdaptiveAvgPool2d((None, 2)), "wide": n.Linear(2, 2).double(),
        "rms": n.RMSNorm(4), "prelu": n.PReLU(3), "same": n.Conv1d(2, 3, 3, padding="same", padding_mode="circular"),
    }


def every_module():
    """One of each class of `torch.nn` that Tern has, few of its options as they are by default."""
    torch.manual_seed(7)
    n = torch.nn
    nets = [
        n.Identity(), n.ReLU(), n.ReLU6(), n.SELU(), n.SiLU(), n.Mish(), n.Sigmoid(), n.LogSigmoid(), n.Tanh(), n.Tanhshrink(), n.Softsign(),
        n.Hardsigmoid(), n.Hardswish(), n.Softmax2d(), n.GELU("tanh"), n.ELU(0.5), n.CELU(2), n.Softplus(2, 10), n.LeakyReLU(0.2),
        n.Hardtanh(-2, 0.5), n.Threshold(0.1, 20), n.Hardshrink(0.25), n.Softshrink(0.75), n.GLU(1), n.PReLU(3), n.RReLU(0.1, 0.2),
        n.Softmax(1), n.Softmin(0), n.LogSoftmax(-1), n.Dropout(0.1), n.Dropout1d(0.2), n.Dropout2d(0.3), n.Dropout3d(0.4),
        n.AlphaDropout(0.6), n.FeatureAlphaDropout(0.7), n.LocalResponseNorm(2, 1e-3, 0.5, 2.0),
        n.AdaptiveLogSoftmaxWithLoss(4, 9, [2, 5], 2.0, head_bias=True), n.FractionalMaxPool2d(2, (3, 4)),
        n.FractionalMaxPool3d((2, 1, 2), output_ratio=(0.5, 0.6, 0.7)),
        n.Linear(3, 2, bias=False), n.Bilinear(2, 3, 4), n.Embedding(5, 3, padding_idx=1, max_norm=2.0, norm_type=1.0, scale_grad_by_freq=True),
        n.EmbeddingBag(4, 2, mode="max", include_last_offset=True, padding_idx=0), n.MultiheadAttention(4, 2, 0.1, bias=False, batch_first=True),
        n.RNN(2, 3, 2, nonlinearity="relu", bias=False, bidirectional=True), n.LSTM(2, 4, batch_first=True, proj_size=3),
        n.GRU(2, 3, 2, dropout=0.1), n.RNNCell(2, 3, bias=False, nonlinearity="relu"), n.LSTMCell(2, 3), n.GRUCell(2, 3),
        n.LayerNorm([2, 3], 1e-3, bias=False), n.RMSNorm([4], 1e-2), n.GroupNorm(2, 4, 1e-4, affine=False),
        n.BatchNorm1d(2, 1e-3, None), n.BatchNorm2d(3, affine=False), n.BatchNorm3d(2, track_running_stats=False),
        n.InstanceNorm1d(2), n.InstanceNorm2d(3, affine=True), n.InstanceNorm3d(2, 1e-3, 0.2, True, True),
        n.Conv1d(2, 4, 3, 2, "valid", groups=2, bias=False), n.Conv2d(1, 2, (3, 1), padding=(1, 0), padding_mode="reflect"),
        n.Conv3d(1, 2, 2, dilation=2), n.ConvTranspose1d(2, 4, 3, 2, 1, 1, 2), n.ConvTranspose2d(1, 2, 3, bias=False),
        n.ConvTranspose3d(1, 2, (1, 2, 3), dilation=(1, 2, 1)),
        n.MaxPool1d(3, 2, 1), n.MaxPool2d((2, 3), ceil_mode=True), n.MaxPool3d(2, dilation=2), n.AvgPool1d(3, 2, 1, True, False),
        n.AvgPool2d((2, 3), divisor_override=5), n.AvgPool3d(3, 2), n.LPPool1d(2, 3), n.LPPool2d(1.5, (2, 3), 1, True), n.LPPool3d(2, 2),
        n.MaxUnpool1d(2), n.MaxUnpool2d(3, 2, 1), n.MaxUnpool3d((2, 3, 4)),
        n.AdaptiveAvgPool1d(3), n.AdaptiveAvgPool2d((None, 2)), n.AdaptiveAvgPool3d(2), n.AdaptiveMaxPool1d(2), n.AdaptiveMaxPool2d(3),
        n.AdaptiveMaxPool3d((1, None, 2)),
        n.ZeroPad1d(1), n.ZeroPad2d((1, 2, 3, 4)), n.ZeroPad3d(2), n.ReflectionPad1d((1, 2)), n.ReflectionPad2d(1), n.ReflectionPad3d(1),
        n.ReplicationPad1d(2), n.ReplicationPad2d((0, 1, 2, 3)), n.ReplicationPad3d(1), n.CircularPad1d(1), n.CircularPad2d(2), n.CircularPad3d(1),
        n.ConstantPad1d(1, 3.5), n.ConstantPad2d((1, 2, 0, 0), -1), n.ConstantPad3d(1, 0.0),
        n.Flatten(0, 2), n.Unflatten(1, (2, 3)), n.PixelShuffle(2), n.PixelUnshuffle(3), n.ChannelShuffle(2),
        n.Unfold(2, 1, (0, 1), 2), n.Fold((4, 5), 2, padding=1), n.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
        n.MSELoss(reduction="sum"), n.L1Loss(), n.SoftMarginLoss(), n.MultiLabelMarginLoss(), n.CrossEntropyLoss(torch.ones(3), ignore_index=2, label_smoothing=0.1),
        n.NLLLoss(torch.rand(2)), n.SmoothL1Loss(beta=0.5), n.HuberLoss(delta=2), n.KLDivLoss(reduction="batchmean", log_target=True),
        n.BCELoss(torch.rand(2)), n.BCEWithLogitsLoss(pos_weight=torch.rand(3)), n.HingeEmbeddingLoss(0.5), n.MultiMarginLoss(2, 0.5),
        n.MultiLabelSoftMarginLoss(), n.PoissonNLLLoss(False, True), n.GaussianNLLLoss(full=True, eps=1e-3), n.MarginRankingLoss(0.1),
        n.CosineEmbeddingLoss(0.2), n.TripletMarginLoss(2, 1, swap=True), n.CTCLoss(1, zero_infinity=True), n.PairwiseDistance(1, 1e-3, True),
        n.CosineSimilarity(0, 1e-4),
        n.Sequential(n.ReLU(), n.Linear(1, 1)), n.ModuleList([n.Tanh()]), n.ModuleDict({"a": n.GELU(), "b": n.Linear(1, 2)}),
        n.TransformerEncoderLayer(4, 2, 6, 0.2, "gelu", 1e-3, True, True, bias=False), n.TransformerDecoderLayer(4, 2, 5, activation=n.functional.silu),
        n.TransformerEncoder(n.TransformerEncoderLayer(2, 1, 3), 2, norm=n.LayerNorm(2), enable_nested_tensor=False),
        n.TransformerDecoder(n.TransformerDecoderLayer(2, 1, 3), 1), n.Transformer(2, 1, 1, 2, 3, 0.3, batch_first=True),
    ]
    return n.ModuleDict({type(net).__name__: net for net in nets} | {"Nearest": n.UpsamplingNearest2d(scale_factor=2)})


def shared_modules():
    """One layer in two places, one weight in two layers, a part that is not learned, and one in evaluation."""
    torch.manual_seed(8)
    layer, embedding, head = torch.nn.Linear(3, 3), torch.nn.Embedding(4, 3), torch.nn.Linear(3, 4, bias=False)
    head.weight = embedding.weight
    norm = torch.nn.BatchNorm1d(3)
    layer.bias.requires_grad = False
    return torch.nn.Sequential(embedding, torch.nn.Sequential(layer, norm.eval()), layer, torch.nn.Sequential(norm, head))


def make():
    FOLDER.mkdir(exist_ok=True)
    tensors = every()
    torch.save(tensors, FOLDER / "zip.pt")
    torch.save(tensors, FOLDER / "zip_protocol5.pt", pickle_protocol=5)
    torch.save(tensors, FOLDER / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(tensors, FOLDER / "legacy_protocol4.pt", _use_new_zipfile_serialization=False, pickle_protocol=4)
    torch.save(tensors, FOLDER / "legacy_protocol1.pt", _use_new_zipfile_serialization=False, pickle_protocol=1)
    rewritten(FOLDER / "zip.pt", FOLDER / "big.pt", swap=True)
    rewritten(FOLDER / "zip.pt", FOLDER / "deflated.pt", zipfile.ZIP_DEFLATED)
    rewritten(FOLDER / "zip.pt", FOLDER / "plain.pt", without=(".format_version", ".storage_alignment", "byteorder", ".data/serialization_id"))
    torch.serialization.set_crc32_options(False)
    torch.save(tensors, FOLDER / "unchecked.pt")
    torch.serialization.set_crc32_options(True)
    for path in FOLDER.glob("*.pt"):
        if path.stem in ("zip", "big", "deflated", "plain", "unchecked", "legacy", "zip_protocol5", "legacy_protocol1", "legacy_protocol4"):
            compare(torch.load(path, weights_only="protocol" not in path.stem), path)
    save_file({name: bits(tensor).clone() for name, tensor in tensors.items()}, FOLDER / "expected.safetensors",
              {name: description(tensor) for name, tensor in tensors.items()})

    make_others()
    torch.save(values(), FOLDER / "values.pt")
    torch.save(values(), FOLDER / "values_legacy.pt", _use_new_zipfile_serialization=False)
    parallel = torch.nn.DataParallel(torch.nn.Linear(2, 3))
    torch.save(parallel.state_dict(), FOLDER / "parallel.pt")
    runs = training()
    torch.save(runs, FOLDER / "training.pt")
    torch.save(runs, FOLDER / "training_legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(checkpoint(runs), FOLDER / "checkpoint.pt")
    net = modules()
    torch.save(net, FOLDER / "modules.pt")
    x = torch.linspace(-1, 1, 128).reshape(2, 1, 8, 8)
    save_file({"x": x, "y": net(x).detach().contiguous()}, FOLDER / "modules.safetensors")
    others = torch.nn.ModuleDict(other_modules())
    torch.save(others, FOLDER / "other_modules.pt")
    torch.save(others.state_dict(), FOLDER / "other_modules_state.pt")
    modules = every_module()
    torch.save(modules, FOLDER / "every_module.pt")
    torch.save({"texts": {name: repr(net) for name, net in modules.items()}, "state": modules.state_dict()},
               FOLDER / "every_module_texts.pt")
    shared = shared_modules()
    torch.save(shared, FOLDER / "shared_modules.pt")
    torch.save(shared.state_dict(), FOLDER / "shared_modules_state.pt")
    pool = torch.nn.Sequential(torch.nn.MaxPool2d(2, return_indices=True))
    torch.save(pool, FOLDER / "indices.pt")
    torch.save(torch.nn.Sequential(torch.nn.ReLU(), torch.nn.CrossMapLRN2d(2)), FOLDER / "cross_map.pt")
    torch.save(torch.nn.DataParallel(torch.nn.DataParallel(torch.nn.Linear(2, 3))), FOLDER / "data_parallel.pt")
    torch.save(torch.nn.Sequential(torch.nn.LazyLinear(3)), FOLDER / "lazy.pt")
    make_odd()
    torch.save(Branches(), FOLDER / "unknown_class.pt")
    torch.save(torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), FOLDER / "quantized.pt")
    torch.save(torch.eye(2).to_sparse(), FOLDER / "sparse.pt")
    torch.save(torch.ones(2, dtype=torch.float8_e4m3fn), FOLDER / "float8.pt")
    program = io.BytesIO()
    torch.jit.save(torch.jit.script(Twice()), program)
    with zipfile.ZipFile(program) as old, zipfile.ZipFile(FOLDER / "script.pt", "w") as new:
        for name in old.namelist():
            if not name.endswith("debug_pkl"):  # it names this file's folder
                new.writestr(name, old.read(name))


def make_others():
    found = unsigned()
    torch.save(found, FOLDER / "unsigned.pt")
    torch.save(found, FOLDER / "unsigned_legacy.pt", _use_new_zipfile_serialization=False)
    rewritten(FOLDER / "unsigned.pt", FOLDER / "unsigned_big.pt", swap=True)
    rewritten(FOLDER / "unsigned.pt", FOLDER / "unsigned_deflated.pt", zipfile.ZIP_DEFLATED)
    save_file({name: torch.from_numpy(tensor.numpy().astype("i4" if tensor.dtype == torch.uint16 else "i8", order="C")) for name, tensor in found.items()},
              FOLDER / "unsigned.safetensors")
    torch.save(torch.tensor([2 ** 64 - 1], dtype=torch.uint64), FOLDER / "too_large.pt")
    torch.manual_seed(9)
    found = flagged()
    saved = {"found": found, "expected": {name: tensor.detach().resolve_conj().resolve_neg().clone() for name, tensor in found.items()}}
    torch.save(saved, FOLDER / "flagged.pt")
    torch.save(saved, FOLDER / "flagged_legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(mixed(), FOLDER / "mixed.pt")
    torch.save(mixed(), FOLDER / "mixed_legacy.pt", _use_new_zipfile_serialization=False)


def make_odd():
    """What can't be held, or told apart, beside tensors that can."""
    x, y = torch.arange(3.0), torch.arange(4.0)
    foreign = {"weight": x, "coo": torch.eye(3).to_sparse(), "csr": torch.eye(4, dtype=torch.float64).to_sparse_csr(),
               "nested": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
               "parameter": torch.nn.Parameter(torch.eye(2).to_sparse()),
               "lazy": torch.nn.LazyLinear(2).state_dict(), "bias": y}
    torch.save(foreign, FOLDER / "foreign.pt")
    torch.save(foreign, FOLDER / "foreign_legacy.pt", _use_new_zipfile_serialization=False)
    torch.save({"weight": x, "seed": 2 ** 70, "list": [1, -2 ** 64], ("a", 1): y, (x, y): 3, "bias": y}, FOLDER / "odd.pt")
    torch.save({"a.b": x, "a": {"b": y}, 0: x, "0": y, "c": x}, FOLDER / "clashes.pt")


def compare(found, path):
    expected = every()
    assert found.keys() == expected.keys(), found.keys() ^ expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(bits(found[name]), bits(tensor)), (path, name)
        assert found[name].dtype == tensor.dtype and found[name].shape == tensor.shape, (path, name)
        assert tensor.numel() == 0 or found[name].stride() == tensor.stride(), (path, name)
    for dtype in DTYPES:
        a, b, c = (found[f"{str(dtype)[6:]}.{name}"] for name in ("plain", "permuted", "tied"))
        assert a.untyped_storage()._cdata == b.untyped_storage()._cdata == c.untyped_storage()._cdata, (path, dtype)


def same(a, b):
    if isinstance(b, torch.Tensor):
        assert isinstance(a, torch.Tensor) and a.dtype == b.dtype and a.shape == b.shape and a.device == b.device
        assert a.requires_grad == b.requires_grad and (b.is_meta or torch.equal(a, b))
    elif isinstance(b, dict):
        assert list(a.keys()) == list(b.keys()), (a, b)
        for key in b:
            same(a[key], b[key])
    elif isinstance(b, (list, tuple)) and not isinstance(b, torch.Size):
        assert type(a) is type(b) and len(a) == len(b), (a, b)
        for x, y in zip(a, b):
            same(x, y)
    else:
        assert bytes(a) == bytes(b) if isinstance(b, bytearray) else (type(a) is type(b) and a == b), (a, b)


def check():
    for mmap in (False, True):
        written = torch.load(FOLDER / "written.pt", weights_only=True, mmap=mmap)
        compare(written["tensors"], "written.pt")
        same(written["values"], values())
    print("written.pt:", len(written["tensors"]), "tensors and", len(written["values"]), "values as expected")
    saved = torch.load(FOLDER / "resumed_by_tern.pt", weights_only=True)
    own = torch.load(FOLDER / "checkpoint_by_tern.pt", weights_only=True, mmap=True)
    torch.set_rng_state(own["generator"])
    assert torch.equal(torch.randn(3), own["draw"]), "the generator goes on otherwise"
    worst = 0.0
    for name, run in list(saved["runs"].items()) + [("AdamW", own)]:
        model = network()
        model.load_state_dict(run["model"])
        optimizer = OPTIMIZERS[name](model.parameters())
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 4, gamma=0.5)
        optimizer.load_state_dict(run["optimizer"])
        schedule.load_state_dict(run["schedule"])
        found = losses(model, optimizer, schedule, saved["x"], saved["y"], len(run["losses"]))
        worst = max([worst] + [abs(a - b) for a, b in zip(found, run["losses"])])
        assert worst < 1e-4, (name, found, run["losses"])
    print(f"resumed_by_tern.pt, checkpoint_by_tern.pt: {len(saved['runs'])} runs and one go on as in Tern, losses differ by at most {worst:.1e}")


def check_large(path):
    """With the places that PyTorch finds in the archive, and with those that it computes of how it writes one itself."""
    from torch.utils.serialization import config
    os.environ["TORCH_SERIALIZATION_DEBUG"] = "1"
    for computed in (False, True):
        config.load.calculate_storage_offsets = computed
        found = torch.load(path, weights_only=True, mmap=True)
        assert list(found) == ["near", "wide", "far"] and found["near"].tolist() == [0, 1, 2] and found["far"].tolist() == [0, 2, 4, 6]
        assert found["wide"].shape == (2 ** 30 + 5,) and found["wide"][-1] == 7 and found["wide"].count_nonzero() == 1
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        print(path, "is as expected:", ", ".join(f"{i.filename} at {i.header_offset}" for i in archive.infolist()))


if "--check-large" in sys.argv:
    check_large(sys.argv[-1])
elif "--check" in sys.argv:
    check()
else:
    make()
