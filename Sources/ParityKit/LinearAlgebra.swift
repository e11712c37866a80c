import Tern

/// Products, decompositions, and what is computed from them.
func linearAlgebra(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    switch op {
    case "matmul": return [try a.x.matmul(a.tensor(1, "other"))]
    case "__rmatmul__": return [try a.tensor(1, "other").matmul(a.x)]
    case "mm": return [try a.x.mm(a.tensor(1, "mat2"))]
    case "dot": return [try a.x.dot(a.tensor(1, "tensor"))]
    case "mv": return [try a.x.mv(a.tensor(1, "vec"))]
    default: return nil
    }
}
