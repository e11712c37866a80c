func myInit(_ m: Module) {
    guard let m = m as? Linear,
        let (name, parameter) = m.namedParameters().first
    else { return }
    print("Init", name, parameter.shape)
    m.weight.fill(.uniform(-10, 10))
    m.weight.data *= m.weight.data.abs() .>= 5
}
net.apply(myInit)
print(net[0].weight[..<2])

// Init weight torch.Size([8, 4])
// Init weight torch.Size([1, 8])
// tensor([[-0.0000,  0.0000,  0.0000, -9.0172],
//         [ 8.2933,  5.3844,  9.9400,  5.0521]], grad_fn=<SliceBackward0>)
