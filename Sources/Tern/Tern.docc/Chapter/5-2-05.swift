func block1() -> Sequential {
    Sequential(Linear(4, 8), ReLU(), Linear(8, 4), ReLU())
}
func block2() -> Sequential {
    let net = Sequential()
    for i in 0..<4 { net.addModule("block \(i)", block1()) }
    return net
}
let rgnet = Sequential(block2(), Linear(4, 1))
print(rgnet(X))
print(rgnet)

// tensor([[0.3497],
//         [0.3497]], grad_fn=<AddmmBackward0>)
// Sequential(
//   (0): Sequential(
//     (block 0): Sequential(
//       (0): Linear(in_features=4, out_features=8, bias=True)
//       (1): ReLU()
//       (2): Linear(in_features=8, out_features=4, bias=True)
//       (3): ReLU()
//     )
//     (block 1): Sequential(
//       (0): Linear(in_features=4, out_features=8, bias=True)
//       (1): ReLU()
//       (2): Linear(in_features=8, out_features=4, bias=True)
//       (3): ReLU()
//     )
//     (block 2): Sequential(
//       (0): Linear(in_features=4, out_features=8, bias=True)
//       (1): ReLU()
//       (2): Linear(in_features=8, out_features=4, bias=True)
//       (3): ReLU()
//     )
//     (block 3): Sequential(
//       (0): Linear(in_features=4, out_features=8, bias=True)
//       (1): ReLU()
//       (2): Linear(in_features=8, out_features=4, bias=True)
//       (3): ReLU()
//     )
//   )
//   (1): Linear(in_features=4, out_features=1, bias=True)
// )
