#!/usr/bin/env python3
"""Makes Tests/Fixtures/optim: what PyTorch's optimizers and learning rate schedules compute.

    pip install torch safetensors
    python make_optimizers.py                 # writes optimizers.safetensors, lbfgs.safetensors, schedules.safetensors and three .pt
"""
import copy
import math
import pathlib
import sys

import torch
from safetensors.torch import save_file
from torch.optim import lr_scheduler as S, swa_utils

FOLDER = pathlib.Path(__file__).parent / "optim"
KEPT = (1, 2, 8)  # the steps after which parameters are kept

CASES = [
    ("SGD", [{}, {"lr": 0.01}, {"weight_decay": 0.5}, {"momentum": 0.9}, {"weight_decay": 0.1, "maximize": True},
             {"momentum": 0.9, "dampening": 0.5}, {"momentum": 0.9, "weight_decay": 0.1},
             {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}]),
    ("Adam", [{}, {"lr": 0.01}, {"weight_decay": 0.1}, {"weight_decay": 0.1, "maximize": True}, {"weight_decay": 0.1, "amsgrad": True},
              {"betas": [0.3, 0.8], "eps": 1e-3}, {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}]),
    ("AdamW", [{}, {"lr": 0.01}, {"weight_decay": 0.1}, {"weight_decay": 0.1, "maximize": True}, {"weight_decay": 0.1, "amsgrad": True}]),
    ("Adagrad", [{}, {"weight_decay": 0.1}, {"weight_decay": 0.1, "maximize": True}, {"lr": 0.1},
                 {"initial_accumulator_value": 0.1, "weight_decay": 0.1}, {"lr": 0.1, "lr_decay": 0.5, "weight_decay": 0.1}]),
    ("Adadelta", [{}, {"lr": 0.01}, {"weight_decay": 0.1}, {"maximize": True}, {"rho": 0.95, "weight_decay": 0.9}]),
    ("Adamax", [{}, {"lr": 0.1}, {"weight_decay": 0.1}, {"weight_decay": 0.1, "maximize": True}]),
    ("NAdam", [{}, {"momentum_decay": 6e-3}, {"weight_decay": 0.1, "momentum_decay": 6e-3, "decoupled_weight_decay": True},
               {"weight_decay": 0.1, "maximize": True}]),
    ("RAdam", [{}, {"lr": 2e-3}, {"eps": 1e-6}, {"weight_decay": 0.1}, {"weight_decay": 0.1, "decoupled_weight_decay": True},
               {"weight_decay": 0.1, "maximize": True}]),
    ("RMSprop", [{}, {"lr": 1e-3}, {"weight_decay": 0.1}, {"maximize": True}, {"weight_decay": 0.1, "centered": True},
                 {"weight_decay": 0.1, "centered": True, "momentum": 0.1}]),
    ("Rprop", [{}, {"lr": 2e-4}, {"etas": [0.5, 1.5]}, {"step_sizes": [2e-6, 100]}, {"maximize": True}]),
    ("ASGD", [{}, {"lambd": 0.1}, {"lr": 0.02}, {"t0": 3}, {"maximize": True}, {"weight_decay": 0.1}]),
    ("Adafactor", [{}, {"weight_decay": 0.1, "lr": 0.01}, {"weight_decay": 0.1, "maximize": True}, {"beta2_decay": -1.0}, {"d": 1.5}]),
    ("Muon", [{}, {"lr": 0.01}, {"weight_decay": 0.2}, {"momentum": 0.8}, {"ns_steps": 6}, {"adjust_lr_fn": "match_rms_adamw"}]),
]


def options_text(kwargs):
    """`lr=0.01 betas=0.3,0.8 nesterov=true`"""
    def text(value):
        return str(value).lower() if isinstance(value, bool) else ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return " ".join(f"{key}={text(value)}" for key, value in kwargs.items())


def optimizers():
    torch.manual_seed(7)
    shapes = {"": [(6, 4), (5,), (2, 3, 2)], "matrices.": [(6, 4), (3, 7)]}
    tensors, texts = {}, {}
    for prefix, list_ in shapes.items():
        for i, shape in enumerate(list_):
            tensors[f"{prefix}start.{i}"] = torch.randn(shape)
            tensors[f"{prefix}grads.{i}"] = torch.randn(max(KEPT), *shape)
    for name, settings in CASES:
        prefix = "matrices." if name == "Muon" else ""
        count = len(shapes[prefix])
        for number, kwargs in enumerate(settings):
            case = f"{name}/{number}"
            texts[case] = options_text(kwargs)
            parameters = [tensors[f"{prefix}start.{i}"].clone().requires_grad_() for i in range(count)]
            optimizer = getattr(torch.optim, name)(parameters, **{k: tuple(v) if isinstance(v, list) else v for k, v in kwargs.items()})
            rows = []
            for step in range(1, max(KEPT) + 1):
                for i, p in enumerate(parameters):
                    p.grad = tensors[f"{prefix}grads.{i}"][step - 1].clone()
                optimizer.step()
                if step in KEPT:
                    rows.append(torch.cat([p.detach().flatten() for p in parameters]))
            tensors[case] = torch.stack(rows)
            for key, value in optimizer.state_dict()["state"].get(0, {}).items():
                tensors[f"{case}/state/{key}"] = value.clone()
    save_file(tensors, FOLDER / "optimizers.safetensors", texts)
    print(len(texts), "optimizers")


LBFGS = [{}, {"line_search_fn": "strong_wolfe"}, {"line_search_fn": "strong_wolfe", "history_size": 3, "max_iter": 7}, {"lr": 0.1, "max_iter": 5},
         {"tolerance_change": 1e-3, "line_search_fn": "strong_wolfe"}, {"max_eval": 4, "tolerance_grad": 0.5}]


def plain(value):
    """What of a state dict is numbers, texts and lists of them."""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items() if not callable(v)}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value if not callable(v)]
    return value if isinstance(value, (bool, int, float, str, type(None))) else dict(value) if hasattr(value, "items") else str(value)


def lbfgs():
    """Four steps on a function of a matrix, a vector and a complex vector; and where a run stands after two, as PyTorch stores it."""
    generator = torch.Generator().manual_seed(3)
    start = [torch.randn(s, generator=generator, dtype=t) for s, t in (((3, 4), torch.float64), ((4,), torch.float64), ((2,), torch.complex128))]
    tensors = {f"start.{i}": torch.view_as_real(t) if t.is_complex() else t for i, t in enumerate(start)}
    texts = {}
    for number, kwargs in enumerate(LBFGS):
        a, b, c = parameters = [t.clone().requires_grad_() for t in start]
        optimizer = torch.optim.LBFGS(parameters, **kwargs)

        def closure():
            optimizer.zero_grad()
            valley = 10 * ((a[1:] - a[:-1].square()) ** 2).sum() + ((1 - a) ** 2).sum()
            loss = valley + ((a @ b - 2) ** 2).sum() + (b**4).sum() / 4 + (c * c - 1j).abs().square().sum() + (c.real * b[:2]).sum()
            loss.backward()
            return loss

        rows, losses = [], []
        for step in range(4):
            losses.append(optimizer.step(closure).detach())
            rows.append(torch.cat([torch.view_as_real(p.detach()).flatten() if p.is_complex() else p.detach().flatten() for p in parameters]))
            if step == 1 and number == 2:
                torch.save(optimizer.state_dict(), FOLDER / "lbfgs.pt")
            if step == 0 and number == 3:  # few steps: its list `al` is mostly None
                torch.save(optimizer.state_dict(), FOLDER / "lbfgs_young.pt")
        texts[f"LBFGS/{number}"] = options_text(kwargs)
        tensors[f"LBFGS/{number}"], tensors[f"LBFGS/{number}/losses"] = torch.stack(rows), torch.stack(losses)
        state = optimizer.state_dict()["state"][0]
        tensors[f"LBFGS/{number}/counts"] = torch.tensor([state["n_iter"], state["func_evals"]])
        for key in ("d", "prev_flat_grad"):
            tensors[f"LBFGS/{number}/{key}"] = state[key].clone()
        tensors[f"LBFGS/{number}/old_stps"] = torch.stack(state["old_stps"]) if state["old_stps"] else torch.zeros(0, 20, dtype=torch.float64)
    save_file(tensors, FOLDER / "lbfgs.safetensors", texts)
    print(len(LBFGS), "settings of LBFGS")


def schedules():
    """The learning rates of two groups (0.5 and 0.05), and the first's momentum, at the start and after each of 24 steps."""
    made = {
        "LambdaLR": lambda o: S.LambdaLR(o, lambda epoch: 0.95**epoch),
        "LambdaLR.each": lambda o: S.LambdaLR(o, [lambda epoch: 1 / (1 + epoch), lambda epoch: 0.5 if epoch > 3 else 1.0]),
        "MultiplicativeLR": lambda o: S.MultiplicativeLR(o, lambda epoch: 0.9 + 0.01 * epoch),
        "StepLR": lambda o: S.StepLR(o, 5, gamma=0.3),
        "MultiStepLR": lambda o: S.MultiStepLR(o, [3, 8, 8, 15]),
        "ConstantLR": lambda o: S.ConstantLR(o, factor=0.4, total_iters=7),
        "LinearLR": lambda o: S.LinearLR(o, start_factor=0.2, end_factor=0.7, total_iters=9),
        "ExponentialLR": lambda o: S.ExponentialLR(o, 0.8),
        "PolynomialLR": lambda o: S.PolynomialLR(o, total_iters=12, power=1.7),
        "CosineAnnealingLR": lambda o: S.CosineAnnealingLR(o, T_max=7, eta_min=0.01),
        "CosineAnnealingWarmRestarts": lambda o: S.CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2, eta_min=0.001),
        "CyclicLR": lambda o: S.CyclicLR(o, base_lr=0.01, max_lr=0.2, step_size_up=4),
        "CyclicLR.triangular2": lambda o: S.CyclicLR(o, [0.01, 0.02], [0.2, 0.3], step_size_up=3, step_size_down=5, mode="triangular2"),
        "CyclicLR.exp_range": lambda o: S.CyclicLR(o, 0.01, 0.2, step_size_up=4, mode="exp_range", gamma=0.9, cycle_momentum=False),
        "OneCycleLR": lambda o: S.OneCycleLR(o, max_lr=[0.4, 0.1], total_steps=24),
        "OneCycleLR.linear": lambda o: S.OneCycleLR(o, 0.4, epochs=6, steps_per_epoch=4, pct_start=0.4, anneal_strategy="linear",
                                                    three_phase=True, div_factor=10.0),
        "SequentialLR": lambda o: S.SequentialLR(o, [S.LinearLR(o, 0.1, total_iters=4), S.CosineAnnealingLR(o, 10), S.ExponentialLR(o, 0.9)],
                                                 [4, 14]),
        "SequentialLR.other": lambda o: S.SequentialLR(o, [S.ConstantLR(o, 0.1, 3), S.StepLR(o, 2), S.MultiplicativeLR(o, lambda e: 0.7),
                                                           S.CosineAnnealingWarmRestarts(o, 4)], [3, 9, 15]),
        "ChainedScheduler": lambda o: S.ChainedScheduler([S.ConstantLR(o, 0.1, 4), S.ExponentialLR(o, 0.9)], o),
        "SequentialLR.nested": lambda o: S.SequentialLR(o, [
            S.SequentialLR(o, [S.ConstantLR(o, 0.5, 2), S.ExponentialLR(o, 0.8)], [3]), S.StepLR(o, 3)], [9]),
        "MultiplicativeLR.each": lambda o: S.MultiplicativeLR(o, [lambda epoch: 0.9, lambda epoch: 1.1]),
        "StepLR.default": lambda o: S.StepLR(o, 3),
        "ConstantLR.default": lambda o: S.ConstantLR(o),
        "LinearLR.default": lambda o: S.LinearLR(o),
        "PolynomialLR.default": lambda o: S.PolynomialLR(o),
        "CosineAnnealingLR.short": lambda o: S.CosineAnnealingLR(o, T_max=1),
        "CosineAnnealingWarmRestarts.equal": lambda o: S.CosineAnnealingWarmRestarts(o, 5),
        "CyclicLR.momentum": lambda o: S.CyclicLR(o, 0.01, [0.2, 0.4], step_size_up=2, step_size_down=3, base_momentum=[0.5, 0.6],
                                                  max_momentum=[0.95, 0.9]),
        "CyclicLR.scaled": lambda o: S.CyclicLR(o, 0.01, 0.2, step_size_up=3, scale_fn=lambda cycle: 1 / cycle),
        "CyclicLR.scaled by step": lambda o: S.CyclicLR(o, 0.01, 0.2, step_size_up=3, scale_fn=lambda step: 0.99**step,
                                                        scale_mode="iterations"),
        "OneCycleLR.three phases": lambda o: S.OneCycleLR(o, 0.4, total_steps=24, three_phase=True, final_div_factor=10.0),
        "OneCycleLR.without momentum": lambda o: S.OneCycleLR(o, 0.4, total_steps=24, cycle_momentum=False),
        "ChainedScheduler.three": lambda o: S.ChainedScheduler(
            [S.LinearLR(o, 0.5, total_iters=6), S.StepLR(o, 4, 0.5), S.CosineAnnealingLR(o, 9)], o),
        "SWALR": lambda o: swa_utils.SWALR(o, 0.07, anneal_epochs=8),
        "SWALR.linear": lambda o: swa_utils.SWALR(o, [0.07, 0.3], anneal_epochs=5, anneal_strategy="linear"),
        "SWALR.at once": lambda o: swa_utils.SWALR(o, 0.07, anneal_epochs=0),
    }
    tensors, states = {}, {}
    for name, make in made.items():
        for kind, optimizer_type in (("SGD", torch.optim.SGD), ("Adam", torch.optim.Adam)):
            parameters = [torch.zeros(1, requires_grad=True) for _ in range(2)]
            options = {"momentum": 0.9} if kind == "SGD" else {}
            optimizer = optimizer_type([{"params": parameters[:1]}, {"params": parameters[1:], "lr": 0.05}], lr=0.5, **options)
            scheduler = make(optimizer)
            rows = []
            for step in range(25):
                first, second = optimizer.param_groups
                rows.append([first["lr"], second["lr"], first["momentum"] if kind == "SGD" else first["betas"][0]])
                if step == 9 and kind == "SGD":
                    # Functions are stored nowhere that Tern reads.
                    states[name] = {"optimizer": optimizer.state_dict(), "scheduler": plain(scheduler.state_dict())}
                if step < 24:
                    optimizer.step()
                    scheduler.step()
            tensors[f"{name}/{kind}"] = torch.tensor(rows, dtype=torch.float64)

    metrics = [1.0, 0.9, 0.95, 0.9, 0.9, 0.91, 0.5, 0.51, 0.52, 0.53, 0.54, 0.55, 0.56, 0.57, 0.2, 0.3, 0.3, 0.3, 0.3, 0.3, math.nan, 0.3, 0.3, 0.3]
    tensors["metrics"] = torch.tensor(metrics, dtype=torch.float64)
    for name, options in {
        "rel": dict(factor=0.5, patience=2), "abs": dict(factor=0.5, patience=1, threshold=0.05, threshold_mode="abs", cooldown=2, min_lr=0.02),
        "max": dict(mode="max", patience=3, factor=0.3, min_lr=[0.1, 0.001]),
    }.items():
        parameters = [torch.zeros(1, requires_grad=True) for _ in range(2)]
        optimizer = torch.optim.SGD([{"params": parameters[:1]}, {"params": parameters[1:], "lr": 0.05}], lr=0.5)
        scheduler = S.ReduceLROnPlateau(optimizer, **options)
        rows = []
        for metric in metrics:
            scheduler.step(metric)
            rows.append([group["lr"] for group in optimizer.param_groups])
            if len(rows) == 11:
                states[f"ReduceLROnPlateau.{name}"] = {"optimizer": optimizer.state_dict(), "scheduler": plain(scheduler.state_dict())}
        tensors[f"ReduceLROnPlateau.{name}"] = torch.tensor(rows, dtype=torch.float64)
    torch.save(copy.deepcopy(states), FOLDER / "schedules.pt")
    save_file(tensors, FOLDER / "schedules.safetensors")
    print(len(made) + 3, "schedules")


FOLDER.mkdir(exist_ok=True)
optimizers()
lbfgs()
schedules()
