#!/usr/bin/env python3
"""Writes the page that says which of PyTorch's operators, modules and functions Tern has, and under which names.

    python Tests/Parity/coverage.py > Sources/Tern/Tern.docc/Coverage.md      # from the repository's root; needs torch

PyTorch's names are those of its own test databases, and all that `dir()` finds in its namespaces; Tern's are read from Sources/ParityKit, where
each stands beside PyTorch's signature, and from the declarations in Sources. A name that has neither a counterpart nor a reason is an error.
"""
import glob
import inspect
import re

import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.common_modules import module_db

# What the kit does not call, or not under the name that a reader looks for.
ELSEWHERE = {
    "__getitem__": "Tensor[]", "arange": "Tensor.arange", "atleast_1d": "Tensor.atleast1d", "atleast_2d": "Tensor.atleast2d",
    "atleast_3d": "Tensor.atleast3d", "bernoulli": "Tensor.bernoulli", "constant_pad_nd": "Tensor.pad", "nn.functional.pad": "Tensor.pad", "nn.functional.interpolate": "interpolate",
    "scatter": "Tensor.scatter", "tensordot": "Tensor.tensordot", "slice": "Tensor[]", "zero_": "Tensor[]", "fill": "Tensor.maskedFill", "item": "Tensor.item",
    "empty": "Tensor.empty", "exponential": "Tensor.exponential", "normal": "Tensor.normal", "uniform": "Tensor.uniform",
    "rand_like": "Tensor.rand", "randn_like": "Tensor.randn", "randint_like": "Tensor.randint", "special.zeta": "Tensor.zeta",
    "nn.functional.dropout": "dropout", "nn.functional.dropout2d": "dropout2d", "nn.functional.dropout3d": "dropout3d",
    "nn.functional.alpha_dropout": "alphaDropout", "nn.functional.feature_alpha_dropout": "FeatureAlphaDropout",
    "nn.functional.rrelu": "RReLU", "nn.functional.one_hot": "oneHot", "nn.functional.multi_head_attention_forward": "MultiheadAttention",
    "cholesky_inverse": "Tensor.choleskyInverse", "geqrf": "Tensor.geqrf", "ormqr": "Tensor.ormqr", "lu": "Tensor.lu",
    "lu_solve": "Tensor.luSolve", "lu_unpack": "linalg.luUnpack", "svd_lowrank": "Tensor.svdLowRank", "pca_lowrank": "Tensor.pcaLowRank",
    "triangular_solve": "Tensor.triangularSolve", "linalg.cholesky_ex": "linalg.choleskyEx", "linalg.inv_ex": "linalg.invEx",
    "linalg.householder_product": "linalg.householderProduct", "linalg.ldl_factor": "linalg.ldlFactor",
    "linalg.ldl_factor_ex": "linalg.ldlFactorEx", "linalg.ldl_solve": "linalg.ldlSolve", "linalg.lu_factor_ex": "linalg.luFactorEx",
    "linalg.solve_ex": "linalg.solveEx", "RReLU": "RReLU", "AvgPool2d": "AvgPool2d", "AvgPool3d": "AvgPool3d",
    "TransformerEncoder": "TransformerEncoder", "masked.logaddexp": "Masked.logaddexp", "nonzero": "Tensor.nonzero",
    "nn.functional.adaptive_max_pool1d": "adaptiveMaxPool1d", "zeros": "Tensor.zeros", "ones": "Tensor.ones",
    "nn.functional.fractional_max_pool2d": "fractionalMaxPool2d", "nn.functional.fractional_max_pool3d": "fractionalMaxPool3d",
    "FractionalMaxPool2d": "FractionalMaxPool2d", "FractionalMaxPool3d": "FractionalMaxPool3d", "sum_to_size": "Tensor.sumToSize",
    "nn.functional.linear_cross_entropy": "linearCrossEntropy", "LinearCrossEntropyLoss": "LinearCrossEntropyLoss", "conj_physical": "Tensor.conj",
    "grid_sampler_3d": "gridSample", "multinomial": "Tensor.multinomial", "empty_like": "Tensor.empty", "new_empty": "Tensor.empty",
    "chalf": "Tensor.to(.complex64)", "to": "Tensor.to", "cfloat": "Tensor.to(.complex64)", "cdouble": "Tensor.to(.complex128)",
    **{f"nn.functional.conv{n}d": f"conv{n}d" for n in (1, 2, 3)},
    **{f"nn.functional.conv_transpose{n}d": f"convTranspose{n}d" for n in (1, 2, 3)},
}

# Names that are others' second ones, or that Swift spells otherwise.
ALIASES = {
    "absolute": "Tensor.abs", "adjoint": "Tensor.mH", "arccos": "Tensor.acos", "arccosh": "Tensor.acosh", "arcsin": "Tensor.asin",
    "arcsinh": "Tensor.asinh", "arctan": "Tensor.atan", "arctan2": "Tensor.atan2", "arctanh": "Tensor.atanh", "as_tensor": "Tensor",
    "asarray": "Tensor", "chain_matmul": "multiDot", "clip": "Tensor.clamp", "concat": "cat", "concatenate": "cat", "divide": "/",
    "element_size": "DType.itemSize", "feature_dropout": "dropout2d", "fix": "Tensor.trunc", "frobenius_norm": "linalg.matrixNorm",
    "frombuffer": "Tensor", "from_numpy": "load", "ger": "Tensor.outer", "get_device": "Tensor.device", "get_rng_state": "Generator.state",
    "greater": ".>", "greater_equal": ".>=", "grid_sampler": "gridSample", "initial_seed": "Generator", "is_anomaly_enabled": "detectAnomaly",
    "set_anomaly_enabled": "detectAnomaly", "is_grad_enabled": "isGradEnabled", "is_nonzero": "Tensor.item", "less": ".<", "less_equal": ".<=",
    "moveaxis": "Tensor.movedim", "multiply": "*", "ndimension": "Tensor.rank", "dim": "Tensor.rank", "negative": "-", "nelement": "Tensor.count",
    "numel": "Tensor.count", "new_tensor": "Tensor", "new": "Tensor", "not_equal": ".!=", "nuclear_norm": "linalg.matrixNorm",
    "numpy": "Tensor.array", "orgqr": "linalg.householderProduct", "promote_types": "DType.promoted", "result_type": "DType.promoted",
    "can_cast": "DType.promoted", "range": "Tensor.arange", "reshape_as": "Tensor.reshapeAs", "rnn_relu": "RNN", "rnn_tanh": "RNN",
    "rnn_relu_cell": "RNNCell", "rnn_tanh_cell": "RNNCell", "gru_cell": "GRUCell", "lstm_cell": "LSTMCell", "row_stack": "vstack",
    "set_rng_state": "Generator.state", "storage_offset": "Tensor.strides", "subtract": "-", "swapdims": "Tensor.transpose",
    "tolist": "Tensor.array", "type": "Tensor.to", "type_as": "Tensor.to", "index": "Tensor[]", "affine_grid_generator": "affineGrid",
    "is_same_size": "Tensor.shape", "data_ptr": "Tensor.withUnsafeBytes", "const_data_ptr": "Tensor.withUnsafeBytes", "numel_": "Tensor.count",
    "is_tensor": "Tensor", "bartlett_window": "Window.bartlett", "blackman_window": "Window.blackman", "hamming_window": "Window.hamming",
    "hann_window": "Window.hann", "kaiser_window": "Window.kaiser", "requires_grad_": "Tensor.requiresGrad", "native_norm": "Tensor.norm",
    "norm_except_dim": "Tensor.norm", "special.expit": "Tensor.sigmoid", "special.gammainc": "Tensor.igamma", "special.gammaincc": "Tensor.igammac",
    "nn.init.orthogonal": "Initializer.orthogonal", "seed": "manualSeed", "special.modified_bessel_i0": "Tensor.i0", "special.modified_bessel_i1": "Tensor.i1", "special.gammaln": "Tensor.lgamma", "special.multigammaln": "Tensor.mvlgamma", "special.psi": "Tensor.digamma",
    "nn.functional.affine_grid": "affineGrid", "nn.functional.gumbel_softmax": "gumbelSoftmax",
    "nn.functional.upsample_bilinear": "interpolate", "nn.functional.upsample_nearest": "interpolate", "nn.NLLLoss2d": "NLLLoss",
    "nn.UpsamplingBilinear2d": "Upsample", "nn.UpsamplingNearest2d": "Upsample", "nn.RNNBase": "RNN", "nn.RNNCellBase": "RNNCell",
    "nn.Container": "Module", "nn.ParameterList": "Parameter", "nn.ParameterDict": "Parameter", "nn.UninitializedParameter": "LazyLinear",
    "nn.UninitializedBuffer": "LazyBatchNorm1d", "nn.CrossMapLRN2d": "LocalResponseNorm", "nn.utils.clip_grads_with_norm_": "clipGradsWithNorm", "nn.utils.skip_init": "Tensor.empty",
    "nn.utils.remove_spectral_norm": "removeParametrizations", "nn.utils.remove_weight_norm": "removeParametrizations",
    "stride": "Tensor.strides", "is_signed": "DType.isSigned", "get_num_threads": "threadCount", "set_num_threads": "setThreadCount",
    "nn.functional.fractional_max_pool2d_with_indices": "fractionalMaxPool2dWithIndices",
    "nn.functional.fractional_max_pool3d_with_indices": "fractionalMaxPool3dWithIndices",
    "optim.swa_utils.update_bn": "updateBN", "optim.swa_utils.get_ema_avg_fn": "AveragedModel", "optim.swa_utils.get_swa_avg_fn": "AveragedModel",
    "optim.swa_utils.get_ema_multi_avg_fn": "AveragedModel", "optim.swa_utils.get_swa_multi_avg_fn": "AveragedModel",
    "optim.lr_scheduler.LRScheduler": "LRScheduler", "optim.lr_scheduler._LRScheduler": "LRScheduler",
}

# Names that mean something else here.
OTHERWISE = {"indices", "values", "typename", "cond", "orthogonal"}
# Python's own, which PyTorch's files import.
PYTHON = {"Literal", "Optional", "Self", "TypedDict", "override", "cast", "wraps", "deepcopy", "bisect_right", "partial", "ref", "Counter"}

# Which names of which namespaces are looked at, beside those of the test databases.
NAMESPACES = [
    ("", torch), ("", torch.Tensor), ("nn.", torch.nn), ("nn.functional.", torch.nn.functional), ("nn.init.", torch.nn.init),
    ("nn.utils.", torch.nn.utils), ("nn.utils.parametrizations.", torch.nn.utils.parametrizations),
    ("linalg.", torch.linalg), ("fft.", torch.fft), ("special.", torch.special), ("optim.", torch.optim),
    ("optim.lr_scheduler.", torch.optim.lr_scheduler), ("optim.swa_utils.", torch.optim.swa_utils), ("signal.windows.", torch.signal.windows),
]

# What is not there, and why; the first that matches counts.
WHY = [
    (r"_copy$|as_strided|view_as|resolve_|resize|unsafe_|empty|^is_(conj|neg|pinned|shared|set_to|storage)$|is_contig"
     r"|storage|pin_memory|share_memory|stride$|record_stream|slice_inverse|dim_order|untyped|byteswap|as_subclass|module_load|memory_format"
     r"|from_file|dlpack|^set_$|^data$",
     "about storage, which values have not"),
    (r"sparse|SparseAdam|coalesce|dense_dim|to_dense|_indices$|^indices$|^values$|indices_copy|crow|ccol|saddmm|sspaddmm|spmm|smm$|hs[mp]+m|dsmm|padded_tensor"
     r"|EmbeddingBag_sparse", "sparse layouts, which are out of scope"),
    (r"quant|qscheme|^q_|int_repr|fbgemm|fake_|choose_qparams|scaled_mm|grouped_mm|_weight_int", "quantized numbers, which are out of scope"),
    (r"jiterator|torch\.ops|native_|_native|_softmax_backward|hash_tensor|_refs|^_|_backward$|backward_|LinearCrossEntropyOptions|cudnn"
     r"|miopen|mkldnn|batch_norm_(elemt|gather|stats|update|backward)|embedding_renorm|conv_tbc|segment_reduce|max_pool2d_with_indices|sym_|vulkan"
     r"|handle_torch|has_torch|boolean_dispatch|assert_int|classproperty|typename|import_ir|parse_|merge_type|unify_type|thread_safe_generator|fork"
     r"|^wait$|is_vulkan|init_num|get_file_path|prepare_multi|compiled_with|profiler_|cond$|while_loop|symeig|reinforce|factory_kwargs"
     r"|ScalingType|SwizzleType|swap_in_optimizer|check_nan_enabled",
     "PyTorch's internals"),
    (r"autocast|ipu|xpu|mtia|cuda$|to_mkldnn|get_device_module|set_default_device|get_default_device|GradScaler", "devices and precisions chosen elsewhere: `Device.current`, `to(_:)`"),
    (r"^(set|get)_|deterministic|float32_matmul|flush_denormal|warn_always|is_inference|is_distributed|is_signed|num_threads|interop",
     "settings of PyTorch's runtime"),
    (r"compile|vmap|memory_format|DataParallel|SyncBatchNorm|distributed", "compilation, vectorizing and many devices, which are out of scope"),
    (r"parametrizations\.orthogonal", "`Initializer.orthogonal` makes weights so, and a `Parametrization` of one's own keeps them so"),
    (r"special\.|bessel|airy", "special functions that no layer or loss needs"),
    (r"cauchy|geometric|log_normal|poisson$|binomial|nonzero_static|histogramdd|lobpcg", "draws and searches that no layer or loss needs"),
]


def entries():
    """PyTorch's name: Tern's, from every `op("name(…)", …)` and every table of functions in the kit."""
    found = {}
    for path in sorted(glob.glob("Sources/ParityKit/*.swift")):
        text = open(path).read()
        for block in re.split(r"\nlet ", text):
            table = re.search(r'Table\((?:"([\w.]+)")?', block)
            prefix = (table and table.group(1)) or ""
            owner = "Masked" if prefix == "masked." else "Tensor"
            for names, rest in re.findall(r'op\(\s*"([\w.|]+)(?:\\\\)?\([^"]*"\)?,?\s*(.*?)(?=\n    op\(|\n    let |\n    for |\n\}|\Z)', block, re.S):
                for name in names.split("|"):
                    found[prefix + name] = swift(rest, owner)
            for name, rest in re.findall(r'"([\w.]+)": (\{[^{}]*\}|[\w.]+)', block):
                found.setdefault(prefix + name, swift(rest, owner))
                for kind in ("new_" + name, name + "_like"):
                    if name in ("zeros", "ones"):
                        found[kind] = f"Tensor.{name}"
    found |= {name: f"Tensor.to({dtype})" for name, dtype in found.items() if dtype.startswith(".") and dtype[1:].isalnum()}
    return found | ELSEWHERE


def declarations():
    """Everything public, without regard to case: name in small letters to names."""
    found = {}
    for path in sorted(glob.glob("Sources/Tern*/**/*.swift", recursive=True)):
        for name in re.findall(r"(?:public|open) (?:[a-z]+ )*(?:func|class|var|let|struct|enum) `?(\w+)", open(path).read()):
            found.setdefault(name.lower(), set()).add(name)
    return found


def others(kit, listed):
    """Every further name of PyTorch's namespaces, with Tern's name for it, or None."""
    known, found = declarations(), {}
    for prefix, space in NAMESPACES:
        for name in dir(space):
            member, full = getattr(space, name, None), prefix + name
            inner = full in listed or name in listed or full in kit or name in PYTHON
            if inner or name.startswith("_") or inspect.ismodule(member) or not callable(member):
                continue
            # Those in place: the page says so once.
            if name.endswith("_") and prefix != "nn.init.":
                continue
            if inspect.isclass(member) and not (prefix and member.__module__.startswith("torch." + prefix[:-1])):
                continue
            same = sorted(known.get(name.replace("_", "").lower(), []), key=lambda n: (n[0].isupper() != name[0].isupper(), n))
            found[full] = ALIASES.get(full) or ALIASES.get(name) or (same[0] if same and name not in OTHERWISE else None)
    return found


def check(names):
    """Every name must be declared somewhere in the sources."""
    sources = "".join(open(path).read() for path in glob.glob("Sources/Tern*/**/*.swift", recursive=True))
    wrong = []
    for name in sorted(set(names)):
        last = re.sub(r"\(.*", "", name).split(".")[-1]
        if last.isidentifier() and not re.search(rf"\b(func|class|var|let|struct|enum|case) `?{last}\b", sources):
            wrong.append(name)
    if wrong:
        raise SystemExit(f"not declared in Sources: {', '.join(wrong)}")


def why(name):
    """Why something is not there."""
    for pattern, reason in WHY:
        if re.search(pattern, name):
            return reason
    raise SystemExit(f"{name} has no counterpart and no reason")


def swift(text, owner):
    """The function that a closure calls, or that is named."""
    text = re.sub(r"\bas (Method|Function|Parts|Quantile)\b.*", "", text.strip())
    if not text.startswith((")", "{")) and "{" not in text:
        name = re.match(r"[\w.]+", text)
        return re.sub(r"\.init$", "", name.group(0)) if name else text
    body = re.sub(r"^.*?\bin\b\s", "", text[text.index("{") + 1:], flags=re.S) if " in" in text else text[text.index("{") + 1:]
    infix = re.search(r"\$\d (\.?[-+*/%&|^<>=!]+) \$\d|(~|-)\$0", body)
    if infix:
        return infix.group(1) or infix.group(2)
    call = re.search(r"\b(linalg|Tensor|Window)\.(\w+)", body)
    if call:
        return call.group(0)
    method = re.search(r"(?:\$\d|\bx|\by)\.(\w+)", body)
    if method and method.group(1) not in ("map",):
        return f"{owner}.{method.group(1)}"
    function = re.search(r"`?\b([a-z]\w+)`?\(", body)
    return function.group(1) if function else owner


def cell(text):
    return "`" + text.replace("|", "\\|") + "`"


def table(title, head, rows):
    print(f"\n## {title}\n\n| PyTorch | {head} |\n|---|---|")
    for name, text in rows:
        print(f"| {cell(name)} | {text} |")


def main():
    kit = entries()
    ops = sorted({op.name for op in op_db})
    modules = sorted({m.module_cls.__name__ for m in module_db})
    kit |= {name: ALIASES[name] for name in ops if name in ALIASES}
    there = [name for name in ops if name in kit]
    further = others(kit, {*ops, *modules, *(f"nn.{m}" for m in modules)})
    check([kit[name] for name in there + modules if name in kit] + [name for name in further.values() if name])
    print("# What of PyTorch is there\n")
    print("PyTorch's operators, modules, optimizers and other functions, and Tern's names for them.\n")
    print("## Overview\n")
    print(f"Of the {len(ops)} operators and {len(modules)} modules that PyTorch's own tests know, Tern has "
          f"{len(there)} and {sum(name in kit for name in modules)}. The other names of `torch`, `torch.Tensor`, `torch.nn`, `torch.nn.functional`, "
          "`torch.linalg`, `torch.fft`, `torch.special` and `torch.optim` follow, and what is not there, with the reason. Functions in place (`add_`) "
          "are not listed: assign the result, or use `+=` and `x[...] = …`. "
          "Written by `Tests/Parity/coverage.py`.")
    table("Operators", "Tern", [(name, cell(kit[name])) for name in there])
    table("Modules", "Tern", [(name, cell(kit[name])) for name in modules if name in kit])
    table("Other functions, layers and optimizers", "Tern", [(name, cell(found)) for name, found in sorted(further.items()) if found])
    absent = [name for name in ops if name not in kit] + [f"nn.{name}" for name in modules if name not in kit]
    table("What is not there", "Why", [(name, why(name)) for name in sorted({*absent, *(n for n, found in further.items() if not found)})])


if __name__ == "__main__":
    main()
