#!/usr/bin/env python3
"""Writes the page that says which of PyTorch's operators, modules and functions Tern has, and under which names.

    python Tests/Parity/coverage.py > Sources/Tern/Tern.docc/Coverage.md      # from the repository's root; needs torch

PyTorch's names are those of its own test databases, and all that its namespaces hold. Tern's are read from Sources/ParityKit, where each stands
beside PyTorch's signature; of the rest, a name's counterpart is given below, or is declared under the same name in the type that stands for
PyTorch's namespace. Each must be declared in Sources as it is written here, with its type. A name that has neither a counterpart nor a reason is
an error.
"""
import glob
import importlib
import inspect
import re

import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.common_modules import module_db

# What the kit does not call, or not under the name that a reader looks for.
ELSEWHERE = {
    "__getitem__": "Tensor[]", "arange": "Tensor.arange", "atleast_1d": "Tensor.atleast1d", "atleast_2d": "Tensor.atleast2d",
    "atleast_3d": "Tensor.atleast3d", "bernoulli": "Tensor.bernoulli", "constant_pad_nd": "Tensor.pad", "nn.functional.pad": "Tensor.pad",
    "nn.functional.interpolate": "interpolate", "scatter": "Tensor.scatter", "tensordot": "Tensor.tensordot", "slice": "Tensor[]",
    "zero_": "Tensor[]", "fill": "Tensor.fullLike", "item": "Tensor.item", "empty": "Tensor.empty", "exponential": "Tensor.exponential",
    "normal": "Tensor.normal", "uniform": "Tensor.uniform", "rand_like": "Tensor.randLike", "randn_like": "Tensor.randnLike",
    "randint_like": "Tensor.randint", "special.zeta": "Tensor.zeta", "nn.functional.dropout": "dropout",
    "nn.functional.dropout2d": "dropout2d", "nn.functional.dropout3d": "dropout3d", "nn.functional.alpha_dropout": "alphaDropout",
    "nn.functional.feature_alpha_dropout": "featureAlphaDropout", "nn.functional.rrelu": "rrelu", "nn.functional.one_hot": "oneHot",
    "nn.functional.multi_head_attention_forward": "MultiheadAttention", "cholesky_inverse": "Tensor.choleskyInverse",
    "geqrf": "Tensor.geqrf", "ormqr": "Tensor.ormqr", "lu": "Tensor.lu", "lu_solve": "Tensor.luSolve", "lu_unpack": "linalg.luUnpack",
    "svd_lowrank": "Tensor.svdLowRank", "pca_lowrank": "Tensor.pcaLowRank", "triangular_solve": "Tensor.triangularSolve",
    "linalg.cholesky_ex": "linalg.choleskyEx", "linalg.inv_ex": "linalg.invEx", "linalg.householder_product": "linalg.householderProduct",
    "linalg.ldl_factor": "linalg.ldlFactor", "linalg.ldl_factor_ex": "linalg.ldlFactorEx", "linalg.ldl_solve": "linalg.ldlSolve",
    "linalg.lu_factor_ex": "linalg.luFactorEx", "linalg.solve_ex": "linalg.solveEx", "RReLU": "RReLU", "AvgPool2d": "AvgPool2d",
    "AvgPool3d": "AvgPool3d", "TransformerEncoder": "TransformerEncoder", "masked.logaddexp": "Masked.logaddexp",
    "nonzero": "Tensor.nonzero", "zeros": "Tensor.zeros", "ones": "Tensor.ones", "new_zeros": "Tensor.zeros", "new_ones": "Tensor.ones",
    "nn.functional.fractional_max_pool2d": "fractionalMaxPool2d", "nn.functional.fractional_max_pool3d": "fractionalMaxPool3d",
    "FractionalMaxPool2d": "FractionalMaxPool2d", "FractionalMaxPool3d": "FractionalMaxPool3d", "sum_to_size": "Tensor.sumToSize",
    "nn.functional.linear_cross_entropy": "linearCrossEntropy", "LinearCrossEntropyLoss": "LinearCrossEntropyLoss",
    "conj_physical": "Tensor.conj", "grid_sampler_3d": "gridSample", "multinomial": "Tensor.multinomial", "empty_like": "Tensor.empty",
    "new_empty": "Tensor.empty", "chalf": "Tensor.to(.complex64)", "to": "Tensor.to", "cfloat": "Tensor.to(.complex64)",
    "cdouble": "Tensor.to(.complex128)",
    **{f"nn.functional.{kind}max_pool{n}d": f"{kind and 'adaptiveM' or 'm'}axPool{n}d" for n in (1, 2, 3) for kind in ("", "adaptive_")},
    **{f"linalg.{name}": f"linalg.{name}" for name in ("cross", "diagonal", "matmul", "vander", "vecdot")},
    "linalg.matrix_power": "linalg.matrixPower", "linalg.multi_dot": "linalg.multiDot", "linalg.vector_norm": "linalg.vectorNorm",
    "zeros_like": "Tensor.zerosLike", "ones_like": "Tensor.onesLike", **{f"nn.functional.conv{n}d": f"conv{n}d" for n in (1, 2, 3)},
    **{f"nn.functional.conv_transpose{n}d": f"convTranspose{n}d" for n in (1, 2, 3)},
}

# Names that are others' second ones, or that Swift spells otherwise.
ALIASES = {
    "is_inference_mode_enabled": "isInferenceMode",
    "autograd.backward": "Tensor.backward", "gru": "GRU", "lstm": "LSTM",
    "nn.TripletMarginWithDistanceLoss": "tripletMarginWithDistanceLoss", "nn.init.calculate_gain": "calculateGain",
    "absolute": "Tensor.abs", "adjoint": "Tensor.mH", "as_tensor": "Tensor.init", "arccos": "Tensor.acos", "arccosh": "Tensor.acosh",
    "arcsin": "Tensor.asin", "arcsinh": "Tensor.asinh", "arctan": "Tensor.atan", "arctan2": "Tensor.atan2", "arctanh": "Tensor.atanh",
    "asarray": "Tensor.init", "chain_matmul": "multiDot", "clip": "Tensor.clamp", "concat": "cat", "concatenate": "cat", "divide": "/",
    "element_size": "DType.itemSize", "feature_dropout": "dropout2d", "fix": "Tensor.trunc", "frobenius_norm": "linalg.matrixNorm",
    "ger": "Tensor.outer", "get_device": "Tensor.device", "get_rng_state": "Generator.savedState", "greater": ".>",
    "greater_equal": ".>=", "grid_sampler": "gridSample", "initial_seed": "Generator.seed", "set_anomaly_enabled": "detectAnomaly",
    "is_grad_enabled": "isGradEnabled", "is_nonzero": "Tensor.item", "less": ".<", "less_equal": ".<=", "moveaxis": "Tensor.movedim",
    "multiply": "*", "ndimension": "Tensor.rank", "dim": "Tensor.rank", "negative": "-", "nelement": "Tensor.count",
    "numel": "Tensor.count", "new_tensor": "Tensor.init", "tensor": "Tensor.init", "new": "Tensor.init", "not_equal": ".!=",
    "nuclear_norm": "linalg.matrixNorm", "numpy": "Tensor.array", "orgqr": "linalg.householderProduct", "promote_types": "DType.promoted",
    "result_type": "DType.promoted", "range": "Tensor.arange", "reshape_as": "Tensor.reshapeAs", "rnn_relu": "RNN", "rnn_tanh": "RNN",
    "rnn_relu_cell": "RNNCell", "rnn_tanh_cell": "RNNCell", "gru_cell": "GRUCell", "lstm_cell": "LSTMCell", "row_stack": "vstack",
    "set_rng_state": "Generator.savedState", "subtract": "-", "swapdims": "Tensor.transpose", "tolist": "Tensor.array",
    "type": "Tensor.to", "type_as": "Tensor.to", "index": "Tensor[]", "affine_grid_generator": "affineGrid",
    "data_ptr": "Tensor.withUnsafeBytes", "const_data_ptr": "Tensor.withUnsafeBytes", "bartlett_window": "Window.bartlett",
    "blackman_window": "Window.blackman", "hamming_window": "Window.hamming", "hann_window": "Window.hann",
    "kaiser_window": "Window.kaiser", "requires_grad_": "Tensor.requiresGrad", "special.expit": "Tensor.sigmoid",
    "special.gammainc": "Tensor.igamma", "special.gammaincc": "Tensor.igammac", "special.modified_bessel_i0": "Tensor.i0",
    "special.modified_bessel_i1": "Tensor.i1", "special.gammaln": "Tensor.lgamma", "special.multigammaln": "Tensor.mvlgamma",
    "special.psi": "Tensor.digamma", "nn.functional.affine_grid": "affineGrid", "nn.functional.gumbel_softmax": "gumbelSoftmax",
    "nn.functional.upsample_bilinear": "interpolate(mode: .linear, alignCorners: true)", "nn.functional.upsample": "interpolate",
    "nn.functional.upsample_nearest": "interpolate", "nn.NLLLoss2d": "NLLLoss",
    "nn.UpsamplingBilinear2d": "Upsample(mode: .linear, alignCorners: true)", "nn.UpsamplingNearest2d": "Upsample",
    "nn.RNNBase": "RecurrentNetwork", "nn.RNNCellBase": "RecurrentCell", "nn.Container": "Module",
    "nn.CrossMapLRN2d": "LocalResponseNorm", "nn.utils.clip_grads_with_norm_": "clipGradsWithNorm",
    "nn.utils.remove_spectral_norm": "removeParametrizations", "nn.utils.remove_weight_norm": "removeParametrizations",
    "stride": "Tensor.strides", "is_signed": "DType.isSigned", "get_num_threads": "threadCount", "set_num_threads": "setThreadCount",
    "nn.functional.fractional_max_pool2d_with_indices": "fractionalMaxPool2dWithIndices",
    "nn.functional.fractional_max_pool3d_with_indices": "fractionalMaxPool3dWithIndices", "optim.swa_utils.update_bn": "updateBN",
    "optim.swa_utils.get_ema_avg_fn": "AveragedModel.Averaging", "optim.swa_utils.get_swa_avg_fn": "AveragedModel.Averaging",
    "optim.swa_utils.get_ema_multi_avg_fn": "AveragedModel.Averaging", "optim.swa_utils.get_swa_multi_avg_fn": "AveragedModel.Averaging",
    "optim.lr_scheduler.LRScheduler": "LRScheduler", "autograd.Function": "DifferentiableFunction",
    "autograd.set_detect_anomaly": "detectAnomaly", "autograd.functional.hvp": "vhp", "func.jacrev": "jacobian",
    "func.jacfwd": "jacobian", "func.grad_and_value": "grad", "masked.masked_tensor": "Tensor.masked",
    "masked.as_masked_tensor": "Tensor.masked", "masked.MaskedTensor": "Masked", "masked.var": "Masked.variance",
    "autograd.Variable": "Tensor", "autograd.variable": "Tensor", "random.get_rng_state": "Generator.savedState",
    "random.set_rng_state": "Generator.savedState", "random.initial_seed": "Generator.seed", "random.fork_rng": "withGenerator",
    "tensor": "Tensor.init",
}

# Names that mean something else here.
OTHERWISE = {"typename", "cond", "fft"}
# Python's own, which PyTorch's files import.
PYTHON = {"Literal", "Optional", "Self", "TypedDict", "override", "cast", "wraps", "deepcopy", "bisect_right", "partial", "ref", "Counter"}

# The namespaces whose names are looked at, beside those of the test databases; and where Tern has their like: in a type, or outside of all.
NAMESPACES = [
    ("", "Tensor", ""), ("Tensor", "Tensor"), ("nn", ""), ("nn.functional", "", "Tensor"), ("nn.init", "Initializer"), ("nn.utils", ""),
    ("nn.utils.rnn", ""), ("nn.utils.parametrizations", ""), ("nn.utils.parametrize", ""), ("nn.attention", ""), ("linalg", "linalg"),
    ("fft", "Tensor"), ("special", "Tensor"), ("optim", ""), ("optim.lr_scheduler", ""), ("optim.swa_utils", ""),
    ("signal.windows", "Window"), ("autograd", ""), ("autograd.functional", ""), ("func", ""), ("masked", "Masked"), ("random", ""),
    ("overrides", ""), ("distributions", ""),
]

# Those that say themselves which names are theirs.
ALL = {"nn.utils.rnn", "nn.utils.parametrize", "nn.attention", "autograd", "func", "masked", "random", "overrides", "distributions"}

# What is not there, and why; the first that matches counts.
WHY = [
    (r"^distributions\.", "distributions as objects, which are out of scope: `Tensor.normal`, `Tensor.multinomial`, … draw"),
    (r"^overrides\.|functionalize|debug_unwrap|stack_module_state|functional_call|func\.linearize|replace_all_batch",
     "Python's ways to replace functions and parameters, and what its vectorizing needs"),
    (r"func\.rearrange", "`Tensor.reshape` and `Tensor.permute` do it"),
    (r"^nn\.attention\.|sdpa_kernel", "choices among PyTorch's kernels for attention"),
    (r"gradcheck|gradgradcheck", "a check for tests; the library's own compare with finite differences"),
    (r"set_grad_enabled", "`noGrad` and `enableGrad` hold for a block"),
    (r"is_anomaly_enabled", "`detectAnomaly` holds for a block"),
    (r"autograd\.(Nested|enforce|set_multi)|^norm_except_dim|^convolution$", "PyTorch's internals"),
    (r"^(eig|lstsq|matrix_rank|solve|symeig)$", "gone from PyTorch too, but for the name: `linalg` has it"),
    (r"^(from_numpy|frombuffer)$", "memory of Python's; `load` reads NumPy's files, `Tensor.init` takes arrays"),
    (r"^is_same_size$", "compare `Tensor.shape`"),
    (r"is_tensor$|is_masked_tensor|^typename$", "Swift's types say it"),
    (r"^can_cast$", "`DType.promoted` says what two become, and `Tensor.to` converts all to all"),
    (r"^(random\.)?seed$", "a seed of chance: `manualSeed(.random(in: 0 ... .max))`"),
    (r"nn\.Parameter(Dict|List)", "lists of parameters: each has a property, or stands in a module of a `ModuleList`"),
    (r"nn\.Uninitialized", "the lazy layers, `LazyLinear` and its kin, wait by themselves"),
    (r"skip_init", "layers draw their parameters when they are made"),
    (r"parametrize\.(cached|transfer|type_before)|invert_permutation", "helpers that nothing here needs"),
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
    (r"autocast|ipu|xpu|mtia|cuda$|to_mkldnn|get_device_module|set_default_device|get_default_device|GradScaler", "devices and precisions chosen elsewhere: `withDevice`, `Tensor.to`"),
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
    found |= {name: f"Tensor.to({dtype})" for name, dtype in found.items() if dtype.startswith(".") and dtype[1:].isalnum()}
    return found | ELSEWHERE


def declarations():
    """Everything public, by its full name: `Tensor.abs`, `linalg.det`, `Adam`, `Tensor.init`."""
    found, kinds = set(), "func|class|var|let|struct|enum|protocol|typealias|case|subscript|init"
    pattern = rf"( *)((?:@[\w()]+ )*(?:[a-z]+(?:\(set\))? )*)(extension|{kinds})\b[ (]?`?([^\s\w`(]+|[\w.]+)?"
    for path in sorted(glob.glob("Sources/Tern*/**/*.swift", recursive=True)):
        around = []  # the types that a line stands in: indentation, name
        for line in open(path):
            match = re.match(pattern, line)
            if not match:
                continue
            indent, modifiers, kind, name = len(match[1]), match[2].split(), match[3], match[4] or ""
            while around and around[-1][0] >= indent:
                around.pop()
            owner = around[-1][1] if around else ""
            public = "public" in modifiers or "open" in modifiers or kind == "case"
            names = re.findall(r"\w+", re.sub(r"\(.*?\)", "", line.split("case", 1)[1])) if kind == "case" else [name or kind]
            if kind in ("init", "subscript"):
                names = [kind]
            found |= {f"{owner}.{one}" if owner and kind != "extension" else one for one in names if public}
            if kind in ("extension", "class", "struct", "enum", "protocol") and "func" not in line.split("{")[0].split():
                around.append((indent, f"{owner}.{name}" if owner and kind != "extension" else name))
    return found


def members():
    """The names of PyTorch's namespaces with what they are, and where Tern has their like."""
    for space, *places in NAMESPACES:
        module = torch.Tensor if space == "Tensor" else importlib.import_module("torch." + space if space else "torch")
        prefix = space + "." if space not in ("", "Tensor") else ""
        for name in module.__all__ if space in ALL else dir(module):
            member = getattr(module, name, None)
            if name.startswith("_") or name in PYTHON or inspect.ismodule(member) or not callable(member):
                continue
            # Those in place: the page says so once.
            if name.endswith("_") and prefix != "nn.init.":
                continue
            if inspect.isclass(member) and not (prefix and member.__module__.startswith("torch." + space)):
                continue
            yield prefix, name, name[0].isupper(), places


def others(kit, listed):
    """Every further name of PyTorch's namespaces, with Tern's name for it, or None."""
    known, found = {}, {}
    for full in sorted(declarations()):
        owner, _, name = full.rpartition(".")
        known.setdefault((owner, name.lower(), name[:1].isupper()), full)
    for prefix, name, is_type, places in members():
        full = prefix + name
        if full in found or full in listed or full in kit:
            continue
        squashed = re.sub("_", "", name).lower()
        same = [known.get((place, squashed, is_type)) for place in places if name not in OTHERWISE]
        given = ALIASES.get(full) or (ALIASES.get(name) if not prefix else None)
        found[full] = given or next((one for one in same if one), None)
    return found


def check(names):
    """Every name must be declared in the sources, with its type; an operator for tensors."""
    declared, wrong = declarations(), []
    for name in sorted(set(names)):
        bare = re.sub(r"\(.*|\[\]", "", name)
        bare = "Tensor.subscript" if name.endswith("[]") else bare if re.match(r"[A-Za-z]", bare) else "Tensor." + bare
        if bare not in declared:
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
    further = others(kit, {*ops, *(f"nn.{m}" for m in modules)})
    told = [name for _, reason in WHY for name in re.findall(r"`([^`]+)`", reason)]
    check([kit[name] for name in there + modules if name in kit] + [name for name in further.values() if name] + told)
    print("# What of PyTorch is there\n")
    print("PyTorch's operators, modules, optimizers and other functions, and Tern's names for them.\n")
    print("## Overview\n")
    print(f"Of the {len(ops)} operators and {len(modules)} modules that PyTorch's own tests know, Tern has "
          f"{len(there)} and {sum(name in kit for name in modules)}. The other names of `torch`, `torch.Tensor` and "
          f"{', '.join(f'`{n}`' for n, *_ in NAMESPACES[2:])} follow, and what is not there, with the reason. Functions in place (`add_`) "
          "are not listed: assign the result, or use `+=` and `x[...] = …`. "
          "Written by `Tests/Parity/coverage.py`, which looks each name up in the sources.")
    table("Operators", "Tern", [(name, cell(kit[name])) for name in there])
    table("Modules", "Tern", [(name, cell(kit[name])) for name in modules if name in kit])
    table("Other functions, layers and optimizers", "Tern", [(name, cell(found)) for name, found in sorted(further.items()) if found])
    absent = [name for name in ops if name not in kit] + [f"nn.{name}" for name in modules if name not in kit]
    table("What is not there", "Why", [(name, why(name)) for name in sorted({*absent, *(n for n, found in further.items() if not found)})])


if __name__ == "__main__":
    main()
