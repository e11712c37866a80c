let other = Sequential(LazyLinear(256), ReLU(), LazyLinear(10))
other.applyInit(X) { m in
    (m as? Linear)?.weight.fill(.constant(0.5))
}
print(other[0].weight[0, ..<3])

// tensor([0.5000, 0.5000, 0.5000], grad_fn=<SliceBackward0>)
