import Tern

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

func section5_5() throws {
    cell("A tensor into a file and back")
    manualSeed(0)
    let folder = FileManager.default.temporaryDirectory.path + "/tern-book-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let x = Tensor.arange(4)
    try save(x, to: folder + "/x-file.safetensors")
    print(try loadTensor(folder + "/x-file.safetensors"))

    cell("A list of tensors")
    let y = Tensor.zeros(4)
    try save([x, y], to: folder + "/x-files.safetensors")
    print(try loadTensors(folder + "/x-files.safetensors"))

    cell("A dictionary of tensors")
    try save(["x": x, "y": y], to: folder + "/mydict.safetensors")
    print(try load(folder + "/mydict.safetensors"))

    cell("The parameters of a network")
    final class MLP: Module, Layer {
        let hidden = Linear(20, 256)
        let output = Linear(256, 10)
        func forward(_ x: Tensor) -> Tensor { output(relu(hidden(x))) }
    }
    let net = MLP()
    let X = Tensor.randn(2, 20)
    let Y = net(X)
    try save(net.stateDict(), to: folder + "/mlp.params")

    cell("A clone loads them, and answers the same")
    let clone = MLP()
    try clone.loadStateDict(load(folder + "/mlp.params"))
    print(clone.eval())
    print(clone(X) .== Y)
    try FileManager.default.removeItem(atPath: folder)
}
