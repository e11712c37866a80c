final class multilayer: Module, Layer {
    let ln: Sequential
    init(_ inputs: Int, _ outputs: Int) {
        ln = Sequential(Linear(inputs, outputs), ReLU())
    }
    func forward(_ x: Tensor) -> Tensor { ln(x) }
}
func several(_ inputs: Int, _ outputs: Int) -> [multilayer] {
    (0..<5).map { _ in multilayer(inputs, outputs) }
}
print(multilayer(20, 10))
print(ModuleList(several(20, 10)))
print(Sequential(several(20, 20))(X).shape)

// multilayer(
//   (ln): Sequential(
//     (0): Linear(in_features=20, out_features=10, bias=True)
//     (1): ReLU()
//   )
// )
// ModuleList(
//   (0-4): 5 x multilayer(
//     (ln): Sequential(
//       (0): Linear(in_features=20, out_features=10, bias=True)
//       (1): ReLU()
//     )
//   )
// )
// torch.Size([2, 20])
