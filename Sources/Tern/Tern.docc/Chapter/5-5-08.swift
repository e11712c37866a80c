let optimizer = SGD(net.parameters(), lr: 0.1, momentum: 0.9)
func step() -> Tensor {
    let loss = net(X).square().mean()
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    return loss
}
_ = step()
let stopped = (net.stateDict(), optimizer.stateDict())
print(step(), step())
try net.loadStateDict(stopped.0)
try optimizer.loadStateDict(stopped.1)
print(step(), step())

// tensor(0.0134, grad_fn=<MeanBackward0>) tensor(0.0104, grad_fn=<MeanBackward0>)
// tensor(0.0134, grad_fn=<MeanBackward0>) tensor(0.0104, grad_fn=<MeanBackward0>)
