let shared = Linear(8, 8)
let tied = Sequential(
    Linear(4, 8), ReLU(), shared, ReLU(), shared, ReLU(), Linear(8, 1))
_ = tied(X)
print(tied[2].weight.data[0] .== tied[4].weight.data[0])
tied[2].weight.data[0, 0] = 100
print(tied[2].weight.data[0] .== tied[4].weight.data[0])
print(tied.namedParameters().map(\.name).joined(separator: " "))

// tensor([True, True, True, True, True, True, True, True])
// tensor([True, True, True, True, True, True, True, True])
// 0.weight 0.bias 2.weight 2.bias 6.weight 6.bias
