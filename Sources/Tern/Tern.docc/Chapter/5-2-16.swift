let rules: [(String, Initializer)] = [
    ("uniform", .uniform(-1, 1)), ("normal", .normal(mean: 1, std: 2)),
    ("constant", .constant(7)), ("ones", .ones), ("zeros", .zeros),
    ("eye", .eye), ("xavier_uniform", .xavierUniform(gain: 2)),
    ("xavier_normal", .xavierNormal()),
    ("kaiming_uniform", .kaimingUniform(nonlinearity: .relu)),
    ("kaiming_normal", .kaimingNormal(mode: .fanOut)),
    ("trunc_normal", .truncNormal(std: 0.02)),
    ("orthogonal", .orthogonal()), ("sparse", .sparse(0.5)),
]
for (name, rule) in rules {
    let layer = Linear(3, 2)
    layer.weight.fill(rule)
    print(name, layer.weight)
}

// uniform Parameter containing:
// tensor([[ 0.3245, -0.3100, -0.8807],
//         [-0.3007, -0.2236,  0.5759]], requires_grad=True)
// normal Parameter containing:
// tensor([[ 4.3154, -0.5366,  0.7295],
//         [-0.7898,  1.4567,  0.9899]], requires_grad=True)
// constant Parameter containing:
// tensor([[7., 7., 7.],
//         [7., 7., 7.]], requires_grad=True)
// ones Parameter containing:
// tensor([[1., 1., 1.],
//         [1., 1., 1.]], requires_grad=True)
// zeros Parameter containing:
// tensor([[0., 0., 0.],
//         [0., 0., 0.]], requires_grad=True)
// eye Parameter containing:
// tensor([[1., 0., 0.],
//         [0., 1., 0.]], requires_grad=True)
// xavier_uniform Parameter containing:
// tensor([[ 1.3298, -0.8367, -1.9002],
//         [ 0.2883,  1.3756, -0.2241]], requires_grad=True)
// xavier_normal Parameter containing:
// tensor([[ 0.6429, -0.6499,  0.1541],
//         [ 0.1336,  0.2305,  0.3652]], requires_grad=True)
// kaiming_uniform Parameter containing:
// tensor([[-0.3727,  0.2207, -0.3348],
//         [-0.5562, -0.1978,  0.2847]], requires_grad=True)
// kaiming_normal Parameter containing:
// tensor([[-0.1066,  0.8867,  0.0086],
//         [ 0.5246, -0.4344,  0.5868]], requires_grad=True)
// trunc_normal Parameter containing:
// tensor([[-0.0094,  0.0216, -0.0108],
//         [ 0.0253,  0.0307, -0.0045]], requires_grad=True)
// orthogonal Parameter containing:
// tensor([[ 0.0900, -0.9774,  0.1912],
//         [-0.9698, -0.0423,  0.2404]], requires_grad=True)
// sparse Parameter containing:
// tensor([[ 0.0116, -0.0016,  0.0000],
//         [ 0.0000,  0.0000, -0.0133]], requires_grad=True)
