#!/usr/bin/env python3
"""Makes the files in Tests/Fixtures/gguf with the gguf package: a tensor of each type, and what its reference code makes of it.

    pip install gguf numpy
    python make_gguf.py
"""
import pathlib

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T

FOLDER = pathlib.Path(__file__).parent / "gguf"
random = np.random.default_rng(0)
writer = gguf.GGUFWriter(FOLDER / "types.gguf", "tern-test")
expected = {}

writer.add_uint8("test.u8", 200)
writer.add_int8("test.i8", -3)
writer.add_uint16("test.u16", 60_000)
writer.add_int16("test.i16", -30_000)
writer.add_uint32("test.u32", 4_000_000_000)
writer.add_int32("test.i32", -2_000_000_000)
writer.add_uint64("test.u64", 2**64 - 1)
writer.add_int64("test.i64", -(2**63))
writer.add_float32("test.f32", 0.5)
writer.add_float64("test.f64", 0.1)
writer.add_bool("test.bool", True)
writer.add_string("test.string", "Grüße")
writer.add_array("test.numbers", [1, 2, 3])
writer.add_array("test.floats", [0.5, -1.5])
writer.add_array("test.flags", [True, False])
writer.add_array("tokenizer.ggml.tokens", [f"token{i}" for i in range(1000)])


def add(name, data, qtype, shape):
    writer.add_tensor(name, data, raw_dtype=qtype)
    expected[name] = gguf.quants.dequantize(data, qtype).reshape(shape).astype(np.float32)


x = random.standard_normal((3, 64)).astype(np.float32)
for qtype in (T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0):
    add(qtype.name, gguf.quants.quantize(x, qtype), qtype, x.shape)
# The package has no code that makes these blocks: any bytes are some, if their scales are numbers.
for qtype, scales in ((T.Q2_K, (80, 82)), (T.Q4_K, (0, 2)), (T.Q5_K, (0, 2)), (T.Q6_K, (208,)), (T.Q3_K, (108,))):
    count, size = gguf.GGML_QUANT_SIZES[qtype]
    blocks = random.integers(0, 256, (2, 2, size), dtype=np.uint8)
    for at in scales:
        blocks[..., at:at + 2] = random.standard_normal((2, 2, 1)).astype(np.float16).view(np.uint8)
    add(qtype.name, blocks.reshape(2, 2 * size), qtype, (2, 2 * count))
for name, dtype in (("F32", np.float32), ("F16", np.float16), ("F64", np.float64), ("I8", np.int8), ("I16", np.int16),
                    ("I32", np.int32), ("I64", np.int64)):
    data = (x * 50).astype(dtype)
    writer.add_tensor(name, data)
    expected[name] = data
bf16 = (x.view(np.uint32) >> 16).astype(np.uint16)
writer.add_tensor("BF16", bf16.view(np.uint8).reshape(3, 128), raw_dtype=T.BF16)
expected["BF16"] = (bf16.astype(np.uint32) << 16).view(np.float32)

FOLDER.mkdir(exist_ok=True)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
np.savez(FOLDER / "expected.npz", **expected)
