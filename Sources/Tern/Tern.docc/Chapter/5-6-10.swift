let net = Sequential(Linear(3, 1))
let before = net.parameters()
try net.to(tryGPU())
print(net(X))
print(net[0].weight.device)
print(zip(before, net.parameters()).allSatisfy { $0.isSame(as: $1) })

// tensor([[0.5479],
//         [0.5479]], grad_fn=<AddmmBackward0>)
// device(type='cpu')
// true
