import Tern

func section5_1() throws {
    cell("A network of library layers")
    manualSeed(0)
    let X = Tensor.rand(2, 20)
    print(X.shape)
}
