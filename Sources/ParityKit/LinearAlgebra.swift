import Tern

/// Products of matrices and vectors.
let linearAlgebra: [String: Single] = [
    "dot": { try $0.x.dot($0.tensor(1, "tensor")) }, "__rmatmul__": { try $0.other.matmul($0.x) }, "matmul": { try $0.x.matmul($0.other) },
    "mm": { try $0.x.mm($0.tensor(1, "mat2")) }, "mv": { try $0.x.mv($0.tensor(1, "vec")) },
]
